/** Task specs, which are stored once under their digest, and the deployed tasks that name them. */
import type { RunTask } from './run-store.ts'

/** The identity of one version of a deployed task. */
export type TaskVersion = Pick<RunTask, 'project' | 'domain' | 'name' | 'version'>

/** One version of a deployed task. */
export interface StoredTask {
  readonly task: RunTask
  /** Finds the task spec with {@link TaskStore.findSpec}. */
  readonly specDigest: string
}

/** The tasks of a deployment. */
export interface TaskStore {
  /** Stores the bytes of a task spec under their digest; storing the same ones again changes nothing. */
  readonly putSpec: (digest: string, spec: Uint8Array) => Promise<void>
  /** The bytes of a task spec, a `flyteidl2.task.TaskSpec`; undefined if there are none under this digest. */
  readonly findSpec: (digest: string) => Promise<Uint8Array | undefined>
  /** Deploys a version of a task, replacing one of the same identity. */
  readonly putTask: (task: StoredTask) => Promise<void>
  readonly findTask: (id: TaskVersion) => Promise<StoredTask | undefined>
}
