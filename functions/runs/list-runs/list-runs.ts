/** `RunService.ListRuns`: by project or by task, newest first unless asked otherwise. */
import { create } from '@bufbuild/protobuf'
import { RunSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type ListRunsRequest,
  type ListRunsResponse,
  ListRunsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RunQuery, RunScope } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import { conditionsOfFilters, RUN_FIELDS } from '../filters.ts'
import { actionOf } from '../messages.ts'
import { isNewestFirst } from '../order.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'

/** `paused_actions_only`, which is newer than our generated code; clients send its number. */
const PAUSED_ACTIONS_ONLY = 9

/**
 * Makes the method. A page can be shorter than its limit and still have a next one; an empty token ends the list.
 *
 * It throws `request_invalid` for a filter or an order that it does not know, `page_token_invalid`, and
 * `rpc_unimplemented` for the scopes that no index answers, and for runs with a paused action.
 */
export function listRunsMethod({ runs }: Pick<RunsDeps, 'runs'>) {
  return async (request: ListRunsRequest): Promise<ListRunsResponse> => {
    const { scope, org } = scopeOf(request.scopeBy)
    if (request.$unknown?.some(({ no, data }) => no === PAUSED_ACTIONS_ONLY && data[0] !== 0)) {
      throw new ServiceError('rpc_unimplemented', {
        message: 'This deployment does not find runs by their paused actions.',
      })
    }
    const query: RunQuery = {
      scope,
      ...conditionsOfFilters(request.request, RUN_FIELDS),
      newestFirst: isNewestFirst(request.request),
    }
    const page = await runs.list(query, {
      limit: pageLimit(request.request?.limit ?? 0),
      after: readPageToken(query, request.request?.token ?? ''),
    })
    return create(ListRunsResponseSchema, {
      runs: page.runs.map((run) => create(RunSchema, { action: actionOf(run, org) })),
      token: makePageToken(query, page.next),
    })
  }
}

/** Which runs a request is about, and the organization to answer with. */
export function scopeOf(scopeBy: ListRunsRequest['scopeBy']): { scope: RunScope; org: string } {
  switch (scopeBy.case) {
    case 'projectId': {
      const { organization, name, domain } = scopeBy.value
      return { scope: { kind: 'project', project: name, domain }, org: organization }
    }
    case 'taskName': {
      const { org, project, domain, name } = scopeBy.value
      return { scope: { kind: 'task', project, domain, name, version: undefined }, org }
    }
    case 'taskId': {
      const { org, project, domain, name, version } = scopeBy.value
      return { scope: { kind: 'task', project, domain, name, version }, org }
    }
    case undefined:
      throw new ServiceError('request_invalid', { message: 'project_id, task_name or task_id is required.' })
    default:
      throw new ServiceError('rpc_unimplemented', {
        message: 'This deployment lists runs by project_id, task_name or task_id only.',
      })
  }
}
