/** Pages of runs, as the service lists them. */
import type { ApiFilter } from './filters.ts'
import type { RunsPage } from './merge-runs.ts'
import type { Place } from './place.ts'
import { callRpc } from './rpc.ts'
import { viewRun } from './run-view.ts'
import type { ListRunsResponse } from './wire.ts'

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
