/**
 * X-Ray tracing, for deployments that ask for it (`functions.tracing`).
 *
 * The tracer is the largest library of all and most deployments do without, so it is loaded at the first call
 * that is traced and is a file of its own in the bundle.
 */
import type { MiddlewareObj } from '@middy/core'
import type { ALBEvent, ALBResult } from 'aws-lambda'

type Middleware = MiddlewareObj<ALBEvent, ALBResult>

/** A middy middleware that records each call as a segment; neither events nor answers are recorded. */
export function tracing(): Middleware {
  let loaded: Promise<Middleware> | undefined
  const load = () => {
    loaded ??= import('./tracer.ts').then((module) => module.tracerMiddleware())
    return loaded
  }
  return {
    before: async (request) => (await load()).before?.(request),
    after: async (request) => (await load()).after?.(request),
    onError: async (request) => (await load()).onError?.(request),
  }
}
