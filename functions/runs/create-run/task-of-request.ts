/** The task that a run executes: sent along, or deployed before. */
import type { CreateRunRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { TaskStore } from '../../shared/stores/task-store.ts'
import { deployedTask, type TaskToRun, taskOfSpec } from '../../shared/tasks/task-to-run.ts'

/**
 * Finds the task of a request that names no trigger, or not any more.
 *
 * @throws {ServiceError} `task_not_found`; `request_invalid` if no task is named.
 */
export function taskOfRequest({ task }: CreateRunRequest, tasks: TaskStore): Promise<TaskToRun> | TaskToRun {
  switch (task.case) {
    case 'taskSpec':
      return taskOfSpec(task.value)
    case 'taskId':
      return deployedTask(task.value, tasks)
    default:
      throw new ServiceError('request_invalid', {
        message: 'task_id, task_spec or trigger_name is required.',
      })
  }
}
