/** Taking over the status of an action: what `Update` and `UpdateActionStatus` have in common. */
import type { HandlerContext } from '@connectrpc/connect'
import type { ActionStatus } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { callKey } from '../shared/rpc/router.ts'
import type { ActionKey, ActionState } from '../shared/stores/action-store.ts'
import type { ActionsDeps } from './deps.ts'
import { assertPhase } from './phase.ts'
import { epochMsOf } from './time.ts'

/** More attempts than this are nobody's retries. */
export const MAX_ATTEMPT = 100_000

export interface StatusReport {
  readonly key: ActionKey
  readonly status: ActionStatus
  /** The attempt it is about; 0 if that is not said. */
  readonly attempt: number
  readonly state: ActionState | undefined
}

/**
 * Stores a status if it is newer than what is stored, and otherwise leaves that as it is without an error: reports
 * arrive more than once and out of order.
 *
 * @throws {ServiceError} `action_not_found`, `request_invalid`.
 */
export async function takeStatus(
  { actions, now }: Pick<ActionsDeps, 'actions' | 'now'>,
  { key, status, attempt, state }: StatusReport,
  context: HandlerContext,
): Promise<void> {
  assertPhase(status.phase, 'status.phase')
  assertAttempt(attempt)
  const endedAtMs = epochMsOf(status.endTime, 'status.end_time')
  const change = { phase: status.phase, attempt, atMs: now(), endedAtMs, state, errorInfo: undefined }
  const outcome = await actions.changeStatus(key, change)
  if (outcome === 'not-found') throw new ServiceError('action_not_found')
  if (outcome === 'outdated') context.values.get(callKey).notes.outdated = true
}

/** @throws {ServiceError} `request_invalid`. */
export function assertAttempt(attempt: number): void {
  if (attempt > MAX_ATTEMPT) {
    throw new ServiceError('request_invalid', { message: `attempt is greater than ${MAX_ATTEMPT}.` })
  }
}
