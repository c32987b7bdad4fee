/**
 * `TaskService.ListTasks`: the newest version of each task of a project, or every version of the task that a filter
 * names; newest first unless asked otherwise.
 */
import { create } from '@bufbuild/protobuf'
import {
  type ListTasksRequest,
  type ListTasksResponse,
  ListTasksResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { isNewestFirst } from '../order.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { taskConditions } from './filters.ts'
import { taskOf } from './messages.ts'

/**
 * Makes the method. A limit that is too large is clamped. A page can be shorter than its limit and still have a
 * next one; an empty token ends the list.
 *
 * It throws `request_invalid` for a filter or an order that it does not know, and `page_token_invalid`.
 */
export function listTasksMethod({ deployedTasks }: Pick<ServiceDeps, 'deployedTasks'>) {
  return async ({ request, scopeBy, knownFilters }: ListTasksRequest): Promise<ListTasksResponse> => {
    const { organization, ...place } = placeOf(scopeBy)
    const known = knownFilters.map(({ filterBy }) => filterBy)
    const newestFirst = isNewestFirst(request)
    const list = [place, newestFirst, request?.filters ?? [], known]
    const query = { ...place, ...taskConditions(request, known), newestFirst }
    const page = await deployedTasks.list(query, {
      limit: pageLimit(request?.limit ?? 0),
      after: readPageToken(list, request?.token ?? ''),
    })
    return create(ListTasksResponseSchema, {
      tasks: page.tasks.map((task) => taskOf(task, organization)),
      token: makePageToken(list, page.next),
    })
  }
}

function placeOf(scopeBy: ListTasksRequest['scopeBy']) {
  if (scopeBy.case === 'projectId') {
    const { organization, name: project, domain } = scopeBy.value
    return { organization, project, domain }
  }
  if (scopeBy.case === 'org') {
    throw new ServiceError('rpc_unimplemented', {
      message: 'This deployment lists tasks by project_id only.',
    })
  }
  throw new ServiceError('request_invalid', { message: 'project_id is required.' })
}
