import { randomInt } from 'node:crypto'
import type { Answer } from '../answer.ts'
import { AlbError, type ErrorReason } from '../errors.ts'
import { buildEvent } from '../event.ts'
import type { Exchange } from '../exchange.ts'
import { type ForwardedMode, forwardedHeaders } from '../forwarded-headers.ts'
import { readFunctionAnswer } from '../function-answer.ts'
import type { TargetGroup } from '../target-group.ts'
import type { Invoke, InvokeFailure } from '../types.ts'
import type { ForwardAction } from './parse.ts'

const MAX_BODY_BYTES = 1024 * 1024

const FAILURES: Readonly<Record<InvokeFailure, { status: number; reason: ErrorReason }>> = {
  timeout: { status: 502, reason: 'LambdaUnhandled' },
  error: { status: 502, reason: 'LambdaUnhandled' },
  throttled: { status: 502, reason: 'LambdaThrottling' },
  'access-denied': { status: 502, reason: 'LambdaAccessDenied' },
  'not-found': { status: 502, reason: 'LambdaResourceNotFound' },
  'connection-timeout': { status: 504, reason: 'LambdaConnectionTimeout' },
}

/**
 * Sends a request to the function of a target group and returns the function's answer.
 *
 * @throws {AlbError} 400 for a WebSocket upgrade, 413 for a body over 1 MB, 503 without a target, and 502 or
 *   504 for everything that goes wrong in the function or with its answer
 */
export async function forward(
  action: ForwardAction,
  exchange: Exchange,
  deps: { readonly invoke: Invoke; readonly forwardedMode: ForwardedMode },
): Promise<Answer> {
  const { request } = exchange
  const group = chooseTarget(action)
  exchange.targetGroup = group.logicalId
  if (group.functionRef === undefined) throw new AlbError(503)
  if (isWebSocketUpgrade(exchange)) throw new AlbError(400)
  const body = await request.readBody(MAX_BODY_BYTES)
  const headers = forwardedHeaders(exchange.headers, request, deps.forwardedMode)
  const event = buildEvent({ request, headers, body, targetGroup: group })
  const target = { targetGroup: group.logicalId, functionRef: group.functionRef }
  const result = await deps.invoke(target, event).catch((cause: unknown) => {
    throw new AlbError(502, 'LambdaUnhandled', { cause })
  })
  if ('error' in result) {
    const failure = FAILURES[result.error]
    throw new AlbError(failure.status, failure.reason)
  }
  const answer = readFunctionAnswer(result.payload, group)
  exchange.targetStatus = answer.status
  return answer
}

function chooseTarget(action: ForwardAction): TargetGroup {
  const total = action.targets.reduce((sum, { weight }) => sum + weight, 0)
  let point = total > 1 && action.targets.length > 1 ? randomInt(total) : 0
  for (const { group, weight } of action.targets) {
    if (weight > point) return group
    point -= weight
  }
  throw new AlbError(503)
}

function isWebSocketUpgrade({ headers }: Exchange): boolean {
  return headers.some(([name, value]) => name === 'upgrade' && value.toLowerCase().includes('websocket'))
}
