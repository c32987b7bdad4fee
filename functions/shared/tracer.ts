/** The Powertools tracer; see `tracing.ts` for when it is loaded. */
import { Tracer } from '@aws-lambda-powertools/tracer'
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware'
import type { MiddlewareObj } from '@middy/core'
import type { ALBEvent, ALBResult } from 'aws-lambda'

/** Records calls without their answers: an answer may hold what is nobody else's business. */
export function tracerMiddleware(): MiddlewareObj<ALBEvent, ALBResult> {
  return captureLambdaHandler(new Tracer(), { captureResponse: false }) as MiddlewareObj<ALBEvent, ALBResult>
}
