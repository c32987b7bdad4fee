/** One call of the scheduler: the trigger is fired, and the call leaves its log line and its metric. */
import { newCall, noteFailure } from '../../shared/call.ts'
import { asServiceError } from '../../shared/errors.ts'
import type { Telemetry } from '../../shared/telemetry.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { fireTrigger } from './fire.ts'
import { firingOfEvent } from './firing-event.ts'

/**
 * Answers an event. What may go better the next time is thrown, so that Lambda calls again; a trigger whose task is
 * gone, or whose inputs are refused, is logged and not called again for this time.
 */
export async function answerFiring(
  { deps, telemetry }: { deps: ServiceDeps; telemetry: Telemetry },
  event: object,
): Promise<void> {
  const startedMs = performance.now()
  const call = newCall()
  call.operation = 'trigger'
  let status = 200
  try {
    const { outcome, run } = await fireTrigger(deps, firingOfEvent(event))
    call.notes.trigger = outcome
    if (run !== undefined) call.notes.run = run
  } catch (thrown) {
    const error = asServiceError(thrown)
    noteFailure(call, error)
    status = error.status
    if (status >= 500) throw error
  } finally {
    const response = { status, headers: {}, body: '' }
    telemetry.callEnded({ request: undefined, response, call, durationMs: performance.now() - startedMs })
  }
}
