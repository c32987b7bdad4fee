/** A function with one RPC service, driven through events, whose methods a test chooses. */
import type { ServiceImpl } from '@connectrpc/connect'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { bearerChallenge } from '../../../../functions/shared/http/challenge.ts'
import { createApp } from '../../../../functions/shared/http/router.ts'
import { createLambdaHandler } from '../../../../functions/shared/lambda.ts'
import { connectErrorResponse } from '../../../../functions/shared/rpc/error-response.ts'
import { createRpcHandler, type RpcOptions } from '../../../../functions/shared/rpc/router.ts'
import type { EndedCall } from '../../../../functions/shared/telemetry.ts'
import type { EventHandler } from '../../../support/alb-event.ts'

export interface RpcFixture {
  readonly handler: EventHandler
  /** What each call left behind, oldest first. */
  readonly ended: EndedCall[]
}

/** The handler of a function that serves `RunService` with some methods and leaves the others out. */
export function runServiceFunction(
  methods: Partial<ServiceImpl<typeof RunService>>,
  gate?: RpcOptions['gate'],
): RpcFixture {
  const ended: EndedCall[] = []
  const rpc = createRpcHandler({
    services: (router) => router.service(RunService, methods),
    ...(gate ? { gate } : {}),
    errorHeaders: (error): Record<string, string> =>
      error.status === 401 ? { 'www-authenticate': bearerChallenge('https://flyte.example.com', error) } : {},
  })
  const app = createApp({ function: 'runs', paths: {}, rpc, onError: (error) => connectErrorResponse(error) })
  const handler = createLambdaHandler({
    app,
    telemetry: { callEnded: (call) => ended.push(call) },
    tracing: false,
  })
  return { handler, ended }
}

/** One of Connect's envelopes. */
export function envelope(flags: number, message: Uint8Array | string): Buffer {
  const bytes = Buffer.from(message as Uint8Array)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(flags, 0)
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}

/** The envelopes of a streamed body. */
export function envelopes(body: Buffer): { flags: number; message: Buffer }[] {
  const found: { flags: number; message: Buffer }[] = []
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1)
    found.push({ flags: body.readUInt8(at), message: body.subarray(at + 5, end) })
    at = end
  }
  return found
}
