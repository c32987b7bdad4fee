/**
 * `TaskService.ListTasks`: the newest version of each task of a project, or of all, or every version of the task that
 * a filter names; newest first unless asked otherwise.
 */
import { create } from '@bufbuild/protobuf'
import {
  type ListTasksRequest,
  type ListTasksResponse,
  ListTasksResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { ProjectPlace } from '../../shared/stores/run-store.ts'
import { isNewestFirst } from '../order.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import { everyPlace } from '../projects/places.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { taskConditions } from './filters.ts'
import { taskOf } from './messages.ts'

/**
 * Makes the method. A limit that is too large is clamped. A page can be shorter than its limit and still have a
 * next one; an empty token ends the list.
 *
 * It throws `request_invalid` for a filter or an order that it does not know, and `page_token_invalid`.
 */
export function listTasksMethod(deps: Pick<ServiceDeps, 'deployedTasks' | 'projects' | 'domains'>) {
  return async ({ request, scopeBy, knownFilters }: ListTasksRequest): Promise<ListTasksResponse> => {
    const { organization, ...place } = await placeOf(scopeBy, deps)
    const known = knownFilters.map(({ filterBy }) => filterBy)
    const newestFirst = isNewestFirst(request)
    // Which projects there are may change from page to page.
    const from = 'projects' in place ? 'projects' : place
    const list = [from, newestFirst, request?.filters ?? [], known]
    const query = { ...place, ...taskConditions(request, known), newestFirst }
    const page = await deps.deployedTasks.list(query, {
      limit: pageLimit(request?.limit ?? 0),
      after: readPageToken(list, request?.token ?? ''),
    })
    return create(ListTasksResponseSchema, {
      tasks: page.tasks.map((task) => taskOf(task, organization)),
      token: makePageToken(list, page.next),
    })
  }
}

async function placeOf(
  scopeBy: ListTasksRequest['scopeBy'],
  deps: Pick<ServiceDeps, 'projects' | 'domains'>,
): Promise<{ organization: string } & (ProjectPlace | { projects: readonly ProjectPlace[] })> {
  if (scopeBy.case === 'projectId') {
    const { organization, name: project, domain } = scopeBy.value
    return { organization, project, domain }
  }
  if (scopeBy.case === 'org') {
    return { organization: scopeBy.value, projects: await everyPlace(deps) }
  }
  throw new ServiceError('request_invalid', { message: 'project_id or org is required.' })
}
