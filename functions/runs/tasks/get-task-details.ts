/** `TaskService.GetTaskDetails`. */
import { create, fromBinary } from '@bufbuild/protobuf'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import {
  type GetTaskDetailsRequest,
  type GetTaskDetailsResponse,
  GetTaskDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { taskMetadataOf } from './messages.ts'

/** Makes the method. It throws `task_not_found`. */
export function getTaskDetailsMethod({ deployedTasks, tasks }: Pick<ServiceDeps, 'deployedTasks' | 'tasks'>) {
  return async ({ taskId }: GetTaskDetailsRequest): Promise<GetTaskDetailsResponse> => {
    const id = required(taskId, 'task_id')
    const task = await deployedTasks.find(id)
    if (task === undefined) throw new ServiceError('task_not_found')
    const bytes = await tasks.findSpec(task.specDigest)
    const spec = bytes && fromBinary(TaskSpecSchema, bytes)
    const shortDescription = spec?.documentation?.shortDescription ?? ''
    const metadata = { ...taskMetadataOf(task), shortDescription }
    return create(GetTaskDetailsResponseSchema, { details: { taskId: id, metadata, spec } })
  }
}
