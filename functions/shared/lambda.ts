/**
 * The handler of a function: event → request → app → response → result, wrapped by middy.
 *
 * Nothing gets past this file unanswered: an app that throws is answered as `internal_error`, and a result
 * that the load balancer would refuse is replaced by an error that says so.
 */
import middy from '@middy/core'
import type { ALBEvent, ALBResult, Context } from 'aws-lambda'
import { requestFromEvent, resultFromResponse } from './alb/event.ts'
import { type Call, newCall, noteFailure } from './call.ts'
import { asServiceError } from './errors.ts'
import type { HttpRequest, HttpResponse } from './http/message.ts'
import type { App } from './http/router.ts'
import { connectErrorResponse } from './rpc/error-response.ts'
import type { Telemetry } from './telemetry.ts'
import { tracing } from './tracing.ts'

export interface LambdaOptions {
  readonly app: App
  readonly telemetry: Telemetry
  /** Whether calls are traced (`Config.tracing`). */
  readonly tracing: boolean
  /** Where a function has other callers than the load balancer. */
  readonly otherEvents?: OtherEvents
}

/** Answers an event of another caller than the load balancer; undefined for one that is not theirs. */
export type OtherEvents = (event: object) => Promise<unknown> | undefined

export type AlbHandler = (event: ALBEvent, context: Context) => Promise<ALBResult>

/** Makes the handler that Lambda calls. */
export function createLambdaHandler(options: LambdaOptions): AlbHandler {
  const handler = middy<ALBEvent, ALBResult>()
  if (options.tracing) handler.use(tracing())
  const { otherEvents } = options
  return handler.handler(
    (event: ALBEvent) => (otherEvents?.(event) as Promise<never>) ?? answerEvent(options, event),
  ) as AlbHandler
}

/** Answers one event; never rejects for anything a client can send. */
export async function answerEvent(
  { app, telemetry }: Pick<LambdaOptions, 'app' | 'telemetry'>,
  event: ALBEvent,
): Promise<ALBResult> {
  const startedMs = performance.now()
  const call = newCall()
  let request: HttpRequest | undefined
  let response: HttpResponse
  let result: ALBResult
  try {
    request = requestFromEvent(event)
    response = completed(await app(request, call), request, call)
    result = resultFromResponse(response, event)
  } catch (thrown) {
    const error = asServiceError(thrown)
    noteFailure(call, error)
    response = completed(connectErrorResponse(error), request, call)
    result = resultFromResponse(response, event)
  }
  telemetry.callEnded({ request, response, call, durationMs: performance.now() - startedMs })
  return result
}

/** Adds what goes with every answer: the request's id, and the cookies of a session that was refreshed meanwhile. */
function completed(response: HttpResponse, request: HttpRequest | undefined, call: Call): HttpResponse {
  if (request === undefined) return response
  const headers = { 'x-request-id': request.requestId, ...response.headers }
  if (call.responseCookies.length === 0) return { ...response, headers }
  // Where an answer sets cookies itself, its own come later and win.
  const cookies = [...call.responseCookies, ...[response.headers['set-cookie'] ?? []].flat()]
  return { ...response, headers: { 'cache-control': 'no-store', ...headers, 'set-cookie': cookies } }
}
