import { gzipSync } from 'node:zlib'
import type { DescMethod } from '@bufbuild/protobuf'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  AbortRequestSchema,
  ActionsService,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import {
  InternalRunService,
  RecordActionStreamRequestSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Access } from '../../../functions/shared/routes.ts'
import { type AlbRequest, callThrough } from '../../support/alb-event.ts'
import { NOW_SECONDS, PUBLIC_URL } from '../../support/identity-fixture.ts'
import { runIdOf } from '../runs/runs-function.ts'
import { type ActionsFunction, actionId, child, startActionsFunction } from './actions-function.ts'

let service: ActionsFunction
beforeAll(async () => {
  service = await startActionsFunction()
  await service.makeRun('main')
})
afterAll(() => service.close())

const methods: DescMethod[] = [ActionsService, InternalRunService].flatMap((one) => one.methods)
const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`
const isUnary = (method: DescMethod) => method.methodKind === 'unary'
const typeOf = (method: DescMethod) => (isUnary(method) ? 'application/proto' : 'application/connect+proto')

/** A call with an empty message. */
function call(method: DescMethod, request: Partial<AlbRequest> = {}) {
  return callThrough(service.handler, {
    method: 'POST',
    path: pathOf(method),
    body: isUnary(method) ? new Uint8Array() : new Uint8Array(5),
    access: 'internal',
    ...request,
    headers: { 'content-type': typeOf(method), ...request.headers },
  })
}

describe('the services of running tasks', () => {
  for (const access of ['open', 'oidc'] as const satisfies Access[]) {
    for (const method of methods) {
      it(`are refused to whoever comes in by ${access}, signed in or not: ${method.name}`, async () => {
        const data = service.runs.region.data({ sub: 'ada' })
        for (const headers of [{}, await service.runs.bearer('ada'), { 'x-amzn-oidc-data': data }]) {
          const answer = await call(method, { access, headers })
          expect(answer.status).toBe(403)
          expect(answer.json()).toMatchObject({ code: 'permission_denied' })
          expect(service.lastCall()?.outcome).toBe('service_refused')
        }
      })
    }
  }

  for (const method of methods) {
    it(`are all there, and refuse nothing at all with a message: ${method.name}`, async () => {
      const answer = await call(method)
      expect(answer.text).not.toMatch(/unimplemented|internal/)
      expect(['ok', 'request_invalid']).toContain(service.lastCall()?.outcome)
    })
  }

  it('are refused through a target group that this deployment did not make', async () => {
    const path = pathOf(ActionsService.method.enqueue)
    const event = { httpMethod: 'POST', path, body: '', isBase64Encoded: false, multiValueHeaders: {} }
    const requestContext = { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:x:1:targetgroup/other/0' } }
    const result = await service.handler({ ...event, requestContext } as never, {} as never)
    expect(result.statusCode).toBe(500)
  })

  it('do not have the methods of the public services', async () => {
    for (const path of [
      '/flyteidl2.workflow.RunService/CreateRun',
      '/flyteidl2.workflow.StateService/Watch',
      '/',
    ]) {
      const answer = await callThrough(service.handler, { method: 'POST', path, access: 'internal' })
      expect(answer.status).toBe(404)
    }
  })
})

describe('a credential that comes along', () => {
  const abort = (headers: Readonly<Record<string, string | string[]>>) => {
    const message = create(AbortRequestSchema, { actionId: actionId('main', 'kept') })
    const body = toBinary(AbortRequestSchema, message)
    return call(ActionsService.method.abort, { headers, body })
  }
  const claims = (issuer: string) => ({ iss: issuer, aud: PUBLIC_URL, sub: 'ada', client_id: 'x' })

  beforeAll(() => service.actions.enqueue(child('main', 'kept')).then(() => undefined))

  const refusals: [string, () => Promise<Record<string, string | string[]>>, string][] = [
    ['is no token', async () => ({ authorization: 'Bearer nonsense' }), 'token_malformed'],
    ['is of another scheme', async () => ({ authorization: 'Basic YTpi' }), 'credentials_malformed'],
    [
      'has expired',
      async () => (await service.runs.bearer('ada', { exp: NOW_SECONDS - 3_600 })) as Record<string, string>,
      'token_expired',
    ],
    [
      'is for another service',
      async () =>
        (await service.runs.bearer('ada', { aud: 'https://other.example.com' })) as Record<string, string>,
      'audience_mismatch',
    ],
    [
      'is from another issuer',
      async () =>
        (await service.runs.bearer('ada', { iss: 'https://evil.example.com' })) as Record<string, string>,
      'issuer_untrusted',
    ],
    [
      'is signed by nobody',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const token = `${part({ alg: 'none' })}.${part(claims(service.runs.issuer.issuer))}.`
        return { authorization: `Bearer ${token}` }
      },
      'token_algorithm_refused',
    ],
    [
      'was sent twice',
      async () => ({ authorization: ['Bearer a.b.c', 'Bearer d.e.f'] }),
      'credentials_duplicated',
    ],
  ]
  for (const [name, headers, reason] of refusals) {
    it(`refuses the call if it ${name}, and nothing is done`, async () => {
      const answer = await abort(await headers())
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
      expect(service.lastCall()?.outcome).toBe(reason)
      expect((await service.store.find({ run: runIdOf('main'), action: 'kept' }))?.phase).toBe(1)
    })
  }

  it('is not looked for in headers that any task could send', async () => {
    const data = service.runs.region.data({ sub: 'ada' })
    await abort({ 'x-amzn-oidc-data': data, 'x-amzn-oidc-identity': 'ada' })
    expect(service.lastCall()?.notes.caller).toBe('nobody')
    const details = await service.details('main', 'kept')
    expect(details?.status?.phase).toBe(7)
    expect(details?.result.value).not.toHaveProperty('abortedBy')
  })
})

describe('a message that is none', () => {
  const unreadable: [string, Uint8Array, Record<string, string>][] = [
    ['is cut short', new Uint8Array([0x0a, 0x50, 0x01]), {}],
    ['has fields of other types', new Uint8Array([0x0d, 1, 2, 3, 4]), {}],
    ['is text', Buffer.from('hello, hello'), {}],
    ['is not the gzip that it says', Buffer.from('hello'), { 'content-encoding': 'gzip' }],
    ['is JSON in another shape', Buffer.from('{"action": 3}'), { 'content-type': 'application/json' }],
    ['is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), { 'content-type': 'application/json' }],
  ]
  for (const [name, body, headers] of unreadable) {
    it(`is invalid_argument if it ${name}`, async () => {
      const answer = await call(ActionsService.method.enqueue, { body, headers })
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ code: 'invalid_argument' })
    })
  }

  it('is refused if it grows too large', async () => {
    const body = gzipSync(new Uint8Array(20 * 1024 * 1024))
    const answer = await call(ActionsService.method.enqueue, {
      body,
      headers: { 'content-encoding': 'gzip' },
    })
    expect(answer.json()).toMatchObject({ code: 'out_of_range' })
  })

  it('is told inside a stream, with status 200', async () => {
    const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 3]), Buffer.from([0x0a, 0x50, 0x01])])
    const answer = await call(ActionsService.method.watchForUpdates, { body })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('"code":"invalid_argument"')
  })
})

describe('a stream of messages', () => {
  const recordStream = InternalRunService.method.recordActionStream
  const headers = { 'connect-content-encoding': 'gzip' }
  const envelope = (flags: number, message: Uint8Array) => {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt8(flags)
    prefix.writeUInt32BE(message.length, 1)
    return Buffer.concat([prefix, message])
  }
  const large = (megabytes: number) => {
    const request = { inputUri: 'x'.repeat(megabytes * 1024 * 1024) }
    const message = create(RecordActionStreamRequestSchema, { request })
    return envelope(1, gzipSync(toBinary(RecordActionStreamRequestSchema, message)))
  }

  it('is refused when all of it is more than one message may be, however small it was sent', async () => {
    const writes = service.database.operations.length
    const answer = await call(recordStream, { headers, body: Buffer.concat([large(9), large(9), large(9)]) })
    expect(answer.text).toContain('"code":"out_of_range"')
    expect(service.lastCall()?.outcome).toBe('request_too_large')
    expect(service.database.operations).toHaveLength(writes)
  })

  it('is refused when it has more messages than anybody sends', async () => {
    const body = Buffer.alloc(5 * 10_001)
    const answer = await call(recordStream, { headers, body })
    expect(answer.text).toContain('"code":"out_of_range"')
    expect(service.lastCall()?.outcome).toBe('request_too_large')
  })
})
