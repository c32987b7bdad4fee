/**
 * Conditions that nobody signalled in time.
 *
 * Nothing runs between calls that could end them, so they are ended when their parent looks, which it does every
 * second; and a signal that comes too late is refused in any case.
 */
import type { EpochMs } from '../shared/clock.ts'
import {
  type ActionKey,
  type ActionStore,
  type ChildSummary,
  PHASE_PAUSED,
  PHASE_TIMED_OUT,
} from '../shared/stores/action-store.ts'
import { timeoutError } from './error-info.ts'

/** How many are ended in one call; the next one ends more. */
const MAX_AT_ONCE = 25

const OVERDUE = timeoutError('The condition was not signalled in time.')

export interface OverdueOptions {
  readonly actions: ActionStore
  readonly parent: ActionKey
  readonly nowMs: EpochMs
}

/** Ends the conditions among these children whose time is over, and gives back all children as they are then. */
export async function endOverdue(
  options: OverdueOptions,
  children: readonly ChildSummary[],
): Promise<readonly ChildSummary[]> {
  const { nowMs } = options
  const overdue = children.filter(
    ({ phase, timesOutAtMs = Number.POSITIVE_INFINITY }) => phase === PHASE_PAUSED && timesOutAtMs <= nowMs,
  )
  if (overdue.length === 0) return children
  const ended = await Promise.all(
    overdue.slice(0, MAX_AT_ONCE).map(async (child) => [child.name, await end(options, child)] as const),
  )
  const byName = new Map(ended)
  return children.map((child) => byName.get(child.name) ?? child)
}

async function end({ actions, parent, nowMs }: OverdueOptions, child: ChildSummary): Promise<ChildSummary> {
  const outcome = await actions.changeStatus(
    { run: parent.run, action: child.name },
    {
      phase: PHASE_TIMED_OUT,
      attempt: 0,
      atMs: nowMs,
      endedAtMs: child.timesOutAtMs,
      state: undefined,
      errorInfo: OVERDUE,
    },
  )
  // Otherwise somebody was faster, and the next look will show how.
  return outcome === 'changed' ? { ...child, phase: PHASE_TIMED_OUT, errorInfo: OVERDUE } : child
}
