/** `TaskService.ListVersions`: the versions of a task, newest first unless asked otherwise. */
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type ListVersionsRequest,
  type ListVersionsResponse,
  ListVersionsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { required } from '../../shared/rpc/required.ts'
import { isNewestFirst } from '../order.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { taskConditions } from './filters.ts'

/** Makes the method. A task that there is none of has no versions. It throws what ListTasks throws. */
export function listVersionsMethod({ deployedTasks }: Pick<ServiceDeps, 'deployedTasks'>) {
  return async ({ request, taskName }: ListVersionsRequest): Promise<ListVersionsResponse> => {
    const { project, domain, name } = required(taskName, 'task_name')
    const newestFirst = isNewestFirst(request)
    const list = ['versions', project, domain, name, newestFirst, request?.filters ?? []]
    const query = { project, domain, name, newestFirst, matches: taskConditions(request).matches }
    const page = await deployedTasks.list(query, {
      limit: pageLimit(request?.limit ?? 0),
      after: readPageToken(list, request?.token ?? ''),
    })
    const versions = page.tasks.map(({ task, deployedAtMs }) => ({
      version: task.version,
      deployedAt: timestampFromMs(deployedAtMs),
    }))
    return create(ListVersionsResponseSchema, { versions, token: makePageToken(list, page.next) })
  }
}
