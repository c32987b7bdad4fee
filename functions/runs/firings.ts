/** Calls of the scheduler, among the events of this function. The code for them is loaded at the first one. */
import type { OtherEvents } from '../shared/lambda.ts'
import type { Telemetry } from '../shared/telemetry.ts'
import type { ServiceDeps } from './service-deps.ts'

/**
 * Answers the events that fire triggers. A client cannot send one: whatever comes through the load balancer has a
 * `requestContext`.
 */
export function answerFirings(deps: ServiceDeps, telemetry: Telemetry): OtherEvents {
  return (event) => {
    if ('requestContext' in event || !('trigger' in event)) return undefined
    return import('./triggers/entry.ts').then(({ answerFiring }) => answerFiring({ deps, telemetry }, event))
  }
}
