/** How a newer page of runs goes into an older list, and what that changed. No DOM in here. */
import type { RunView } from './run-view.ts'

export interface RunsPage {
  readonly runs: readonly RunView[]
  /** Where older runs go on; empty at the end. */
  readonly token: string
}

/**
 * Puts the newest page in front of a list that may go further back: what the page covers is as the page says, and
 * what is older stays. A list that shares no run with the page is replaced by it.
 */
export function withNewest(list: RunsPage, newest: RunsPage): RunsPage {
  const oldest = newest.runs.at(-1)
  if (newest.token === '' || oldest === undefined) return newest
  const covered = list.runs.findIndex(({ name }) => name === oldest.name)
  const older = list.runs.slice(covered + 1)
  if (covered < 0 || older.length === 0) return newest
  return { runs: [...newest.runs, ...older], token: list.token }
}

/** What changed between two lists, in a sentence for people who cannot see it; empty if nothing did. */
export function changesBetween(before: readonly RunView[], after: readonly RunView[]): string {
  const known = new Map(before.map((run) => [run.name, run]))
  const added = after.slice(
    0,
    Math.max(
      0,
      after.findIndex(({ name }) => known.has(name)),
    ),
  )
  const sentences = [
    ...(added.length > 1
      ? [`${added.length} new runs`]
      : added.map(({ task, who }) => `New run of ${task} by ${who.name}`)),
    ...after.flatMap((run) => {
      const old = known.get(run.name)
      if (old === undefined || old.phase.label === run.phase.label) return []
      return [`${run.task}: ${run.phase.label.toLowerCase()}`]
    }),
  ]
  const told = sentences.slice(0, 3)
  const rest = sentences.length - told.length
  return [...told, ...(rest > 0 ? [`${rest} more changes`] : [])].map((sentence) => `${sentence}.`).join(' ')
}
