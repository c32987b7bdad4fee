/** `RunService.ListRuns`: by project, task or trigger, or all, newest first unless asked otherwise. */
import { create } from '@bufbuild/protobuf'
import { RunSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type ListRunsRequest,
  type ListRunsResponse,
  ListRunsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { RunQuery } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import { conditionsOfFilters, RUN_FIELDS } from '../filters.ts'
import { actionOf } from '../messages.ts'
import { isNewestFirst } from '../order.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import { listPausedRuns } from './paused-runs.ts'
import { scopeOf } from './scope.ts'

/** `paused_actions_only`, which is newer than our generated code; clients send its number. */
const PAUSED_ACTIONS_ONLY = 9

/**
 * Makes the method. A page can be shorter than its limit and still have a next one; an empty token ends the list.
 *
 * It throws `request_invalid` for a filter or an order that it does not know, and `page_token_invalid`.
 */
export function listRunsMethod(deps: Pick<RunsDeps, 'runs' | 'actions' | 'projects' | 'domains' | 'now'>) {
  return async (request: ListRunsRequest): Promise<ListRunsResponse> => {
    const { scope, org } = await scopeOf(request.scopeBy, deps)
    const query: RunQuery = {
      scope,
      ...conditionsOfFilters(request.request, RUN_FIELDS),
      newestFirst: isNewestFirst(request.request),
    }
    const pausedOnly = isPausedOnly(request)
    // Which projects there are may change from page to page.
    const list = { ...query, scope: scope.kind === 'projects' ? scope.kind : scope, pausedOnly }
    const page = {
      limit: pageLimit(request.request?.limit ?? 0),
      after: readPageToken(list, request.request?.token ?? ''),
    }
    const found = pausedOnly ? await listPausedRuns(deps, query, page) : await deps.runs.list(query, page)
    return create(ListRunsResponseSchema, {
      runs: found.runs.map((run) => create(RunSchema, { action: actionOf(run, org) })),
      token: makePageToken(list, found.next),
    })
  }
}

function isPausedOnly({ $unknown: unknown }: ListRunsRequest): boolean {
  return unknown?.some(({ no, data }) => no === PAUSED_ACTIONS_ONLY && data[0] !== 0) ?? false
}
