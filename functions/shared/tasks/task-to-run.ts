/** Tasks as they are about to be run: sent along with a request, or deployed before. */
import { hash } from 'node:crypto'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { NamedParameter } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import {
  type TaskIdentifier,
  type TaskSpec,
  TaskSpecSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { ServiceError } from '../errors.ts'
import type { RunTask } from '../stores/run-store.ts'
import type { TaskStore } from '../stores/task-store.ts'

export interface TaskToRun {
  readonly task: RunTask
  readonly specDigest: string
  /** The bytes to store under the digest, unless they are there already. */
  readonly specToStore: Uint8Array | undefined
  /** The inputs that the task has values for; read from the store only when asked. */
  readonly defaultInputs: () => Promise<readonly NamedParameter[]>
}

/** A task that was sent along. Stores nothing: that is the caller's part, once all else has been checked. */
export function taskOfSpec(spec: TaskSpec): TaskToRun {
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

/**
 * A task that was deployed before.
 *
 * @throws {ServiceError} `task_not_found`, and what the store throws.
 */
export async function deployedTask(id: TaskIdentifier, tasks: TaskStore): Promise<TaskToRun> {
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
