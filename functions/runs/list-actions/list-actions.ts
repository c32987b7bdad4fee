/** `RunService.ListActions`: a run's actions by the time they were asked for, newest first unless asked otherwise. */
import { create } from '@bufbuild/protobuf'
import {
  type ListActionsRequest,
  type ListActionsResponse,
  ListActionsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { RunsDeps } from '../deps.ts'
import { ACTION_FIELDS, conditionsOfFilters } from '../filters.ts'
import { actionOf } from '../messages.ts'
import { isNewestFirst } from '../order.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import { actionsPage } from './actions-page.ts'

/**
 * Makes the method. A page can be shorter than its limit and still have a next one; an empty token ends the list.
 *
 * It throws `run_not_found`, `request_invalid` for a filter or an order that it does not know, and
 * `page_token_invalid`.
 */
export function listActionsMethod({ runs }: Pick<RunsDeps, 'runs'>) {
  return async (request: ListActionsRequest): Promise<ListActionsResponse> => {
    const { org, project, domain, name } = required(request.runId, 'run_id')
    const run = { project, domain, name }
    const query = {
      scope: { kind: 'run', run } as const,
      ...conditionsOfFilters(request.request, ACTION_FIELDS),
      newestFirst: isNewestFirst(request.request),
    }
    const after = readPageToken(query, request.request?.token ?? '')
    const limit = pageLimit(request.request?.limit ?? 0)
    const root = await runs.find(run)
    if (root === undefined) throw new ServiceError('run_not_found')
    const page = await actionsPage(runs, { query, root, limit, after })
    return create(ListActionsResponseSchema, {
      actions: page.actions.map((action) => actionOf(action, org)),
      token: makePageToken(query, page.next),
    })
  }
}
