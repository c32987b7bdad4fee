/** The task that a run executes: sent along, or deployed before. */
import { hash } from 'node:crypto'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { NamedParameter } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import {
  type TaskIdentifier,
  type TaskSpec,
  TaskSpecSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import type { CreateRunRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RunTask } from '../../shared/stores/run-store.ts'
import type { TaskStore } from '../../shared/stores/task-store.ts'

export interface TaskToRun {
  readonly task: RunTask
  readonly specDigest: string
  /** The bytes to store under the digest, unless they are there already. */
  readonly specToStore: Uint8Array | undefined
  /** The inputs that the task has values for; read from the store only when asked. */
  readonly defaultInputs: () => Promise<readonly NamedParameter[]>
}

/**
 * Finds the task of a request.
 *
 * @throws {ServiceError} `task_not_found`; `rpc_unimplemented` for a run by trigger; `request_invalid` if no task
 *   is named.
 */
export function taskOfRequest({ task }: CreateRunRequest, tasks: TaskStore): Promise<TaskToRun> | TaskToRun {
  switch (task.case) {
    case 'taskSpec':
      return taskOfSpec(task.value)
    case 'taskId':
      return deployedTask(task.value, tasks)
    case 'triggerName':
      throw new ServiceError('rpc_unimplemented', {
        message: 'This deployment does not implement runs by trigger_name. Send task_id or task_spec.',
      })
    default:
      throw new ServiceError('request_invalid', { message: 'task_id or task_spec is required.' })
  }
}

function taskOfSpec(spec: TaskSpec): TaskToRun {
  const bytes = toBinary(TaskSpecSchema, spec)
  const id = spec.taskTemplate?.id
  return {
    task: {
      project: id?.project ?? '',
      domain: id?.domain ?? '',
      name: id?.name ?? '',
      version: id?.version ?? '',
      type: spec.taskTemplate?.type ?? '',
      shortName: spec.shortName,
      environmentName: spec.environment?.name ?? '',
    },
    specDigest: hash('sha256', bytes, 'base64url'),
    specToStore: bytes,
    defaultInputs: async () => spec.defaultInputs,
  }
}

async function deployedTask(id: TaskIdentifier, tasks: TaskStore): Promise<TaskToRun> {
  const stored = await tasks.findTask(id)
  if (stored === undefined) throw new ServiceError('task_not_found')
  return {
    task: stored.task,
    specDigest: stored.specDigest,
    specToStore: undefined,
    defaultInputs: async () => {
      const bytes = await tasks.findSpec(stored.specDigest)
      return bytes === undefined ? [] : fromBinary(TaskSpecSchema, bytes).defaultInputs
    },
  }
}
