/** Phases as executors report them. */
import { ServiceError } from '../shared/errors.ts'
import { TERMINAL_PHASES } from '../shared/stores/run-store.ts'

/** From queued to paused, and recovered, which is newer than our generated code. */
const FIRST = 1
const LAST = 10

/**
 * Refuses a number that is no phase; 0, which says nothing, passes.
 *
 * @throws {ServiceError} `request_invalid`, naming the field.
 */
export function assertPhase(phase: number, field: string): void {
  if (phase !== 0 && (phase < FIRST || phase > LAST)) {
    throw new ServiceError('request_invalid', { message: `${field} is not a phase of an action.` })
  }
}

/** Whether an action leaves this phase only for another attempt, if at all. */
export function isEnd(phase: number): boolean {
  return TERMINAL_PHASES.includes(phase)
}
