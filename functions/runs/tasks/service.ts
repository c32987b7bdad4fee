/** `TaskService`: tasks that are deployed to be run by name. */
import { TaskService } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import type { RpcOptions } from '../../shared/rpc/router.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { deployTaskMethod } from './deploy-task.ts'
import { getTaskDetailsMethod } from './get-task-details.ts'
import { listTasksMethod } from './list-tasks.ts'
import { listVersionsMethod } from './list-versions.ts'

/** Registers the service. */
export function taskService(deps: ServiceDeps): RpcOptions['services'] {
  return (router) =>
    router.service(TaskService, {
      deployTask: deployTaskMethod(deps),
      getTaskDetails: getTaskDetailsMethod(deps),
      listTasks: listTasksMethod(deps),
      listVersions: listVersionsMethod(deps),
    })
}
