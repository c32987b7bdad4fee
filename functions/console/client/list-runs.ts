/** Pages of runs, and how a newer page goes into an older list. */
import type { ApiFilter } from './filters.ts'
import type { Place } from './place.ts'
import { callRpc } from './rpc.ts'
import { type RunView, viewRun } from './run-view.ts'
import type { ListRunsResponse } from './wire.ts'

export interface RunsPage {
  readonly runs: readonly RunView[]
  /** Where older runs go on; empty at the end. */
  readonly token: string
}

/** The most that the service answers with at once. */
export const MAX_PAGE = 200

/** A page of a filtered list may be empty and still not be the last: so many more are asked for at once. */
const MAX_EMPTY_PAGES = 5

/**
 * Fetches one page, newest first.
 *
 * @throws {RpcError}
 */
export async function fetchRuns(
  { project, domain }: Place,
  ask: { readonly filters: readonly ApiFilter[]; readonly limit: number; readonly token: string },
): Promise<RunsPage> {
  let { token } = ask
  for (let i = 0; ; i++) {
    const request = { ...ask, token, sortByFields: [{ key: 'created_at', direction: 'DESCENDING' }] }
    const response = await callRpc<ListRunsResponse>('flyteidl2.workflow.RunService/ListRuns', {
      projectId: { name: project, domain },
      request,
    })
    const runs = (response.runs ?? []).flatMap(({ action }) => (action ? [viewRun(action)] : []))
    token = response.token ?? ''
    if (runs.length > 0 || token === '' || i >= MAX_EMPTY_PAGES) return { runs, token }
  }
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
