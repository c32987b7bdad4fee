/** Deployed tasks as lists show them: who deployed which version, and when. */
import type { EpochMs } from '../clock.ts'
import type { ProjectPlace } from './run-store.ts'
import type { StoredTask, TaskVersion } from './task-store.ts'

/** One version of a task. */
export interface DeployedTask extends StoredTask {
  /** When this version was deployed first. */
  readonly deployedAtMs: EpochMs
  /** A `flyteidl2.common.EnrichedIdentity`: who deployed it last. */
  readonly deployedBy: Uint8Array | undefined
  /** Whether it starts other actions as it runs. */
  readonly isEntrypoint: boolean
}

/** What lists show: everything but the spec. */
export type TaskSummary = Omit<DeployedTask, 'specDigest'>

/** Which tasks a list is about: the newest version of every name, or every version of one. */
export interface TaskQuery {
  readonly project: string
  readonly domain: string
  readonly name: string | undefined
  /** What else has to hold; looked at for each task that is read. */
  readonly matches: (task: TaskSummary) => boolean
  readonly newestFirst: boolean
}

/** The newest versions of the tasks of some projects. */
export interface TasksQuery extends Pick<TaskQuery, 'name' | 'matches' | 'newestFirst'> {
  readonly projects: readonly ProjectPlace[]
}

export interface TaskPage {
  readonly tasks: readonly TaskSummary[]
  /** Where the next page starts. A page can be short, even empty, and still have a next one. */
  readonly next: string | undefined
}

/** The deployed tasks of a deployment. Failures are `ServiceError`s `store_throttled`, `store_unavailable`. */
export interface DeployedTaskStore {
  /**
   * Deploys a version, replacing the one of the same identity but for the time that it was deployed first. Done
   * again after a failure halfway, it completes what the first try began.
   */
  readonly deploy: (task: DeployedTask) => Promise<void>
  /** Reads a version as it is now; undefined if there is none. */
  readonly find: (id: TaskVersion) => Promise<DeployedTask | undefined>
  /** Reads a page of a list, ordered by time. A task deployed moments ago may be missing. */
  readonly list: (
    query: TaskQuery | TasksQuery,
    page: { readonly limit: number; readonly after: string | undefined },
  ) => Promise<TaskPage>
}
