/** The conditions of a list, looked at in memory: for what is shown beside the list that the database filters. */
import type { RunSummary, TimeSpan } from '../shared/stores/run-store.ts'
import type { Conditions } from './filters.ts'

/** Whether a run or an action meets every condition. Does not look at labels, which summaries have none of. */
export function matches(one: RunSummary, conditions: Omit<Conditions, 'labels'>): boolean {
  const { phases, ownerSubject, created, updated, task, parent } = conditions
  return (
    (phases === undefined || phases.includes(one.phase)) &&
    (ownerSubject === undefined || one.owner?.subject === ownerSubject) &&
    (task?.name === undefined || one.task.name === task.name) &&
    (task?.version === undefined || one.task.version === task.version) &&
    (parent === undefined || (one.inside?.parent ?? '') === parent) &&
    isWithin(one.createdAtMs, created) &&
    isWithin(one.updatedAtMs, updated)
  )
}

function isWithin(ms: number, span: TimeSpan | undefined): boolean {
  return span === undefined || (ms >= span.fromMs && ms < span.untilMs)
}
