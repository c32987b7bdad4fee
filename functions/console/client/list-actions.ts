/** The actions of a run, as the service lists them. */
import { callRpc } from './rpc.ts'
import type { Action, ListActionsResponse, RunId } from './wire.ts'

/** The most that the service answers with at once. */
const MAX_PAGE = 200
/** So many are shown: more would be nothing that anybody reads from top to bottom. */
export const MAX_ACTIONS = 1_000

export interface ActionsOfRun {
  /** Oldest first. */
  readonly actions: readonly Action[]
  /** Whether there are more than {@link MAX_ACTIONS}. */
  readonly isCut: boolean
}

/** Fetches them, page by page. @throws {RpcError} */
export async function fetchActions(runId: RunId): Promise<ActionsOfRun> {
  const actions: Action[] = []
  let token = ''
  do {
    const sortByFields = [{ key: 'created_at', direction: 'ASCENDING' }]
    const response = await callRpc<ListActionsResponse>('flyteidl2.workflow.RunService/ListActions', {
      runId,
      request: { limit: MAX_PAGE, token, sortByFields },
    })
    actions.push(...(response.actions ?? []))
    token = response.token ?? ''
  } while (token !== '' && actions.length < MAX_ACTIONS)
  return { actions: actions.slice(0, MAX_ACTIONS), isCut: token !== '' || actions.length > MAX_ACTIONS }
}
