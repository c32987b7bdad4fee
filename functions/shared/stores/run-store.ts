/**
 * Runs, as the functions see them: what is kept of one, and the four things done with it.
 *
 * A run is its root action, `a0`. Received protobuf is kept as bytes, so that fields newer than our generated
 * code survive. Any caller of a deployment may read every run of it: Flyte 2 has no permissions of its own,
 * so this store has none to check.
 */
import type { EpochMs } from '../clock.ts'

/** The action that a run starts with, and the one that carries the run's own facts. */
export const ROOT_ACTION = 'a0'

/** What names a run. The organization is no part of it: clients send one, an empty one, or none. */
export interface RunKey {
  readonly project: string
  readonly domain: string
  readonly name: string
}

/** The task a run executes. */
export interface RunTask {
  readonly project: string
  readonly domain: string
  readonly name: string
  readonly version: string
  /** The kind of task, for example `python`. */
  readonly type: string
  readonly shortName: string
  readonly environmentName: string
}

/** Who owns a run: the issuer and subject that its creator was recorded under. */
export interface RunOwner {
  readonly issuer: string
  readonly subject: string
}

/** Where an action is among the other actions of its run. */
export interface ActionPlace {
  /** The number of the `ActionType` enum. */
  readonly type: number
  /** The name of the action that asked for this one. */
  readonly parent: string
  /** Actions of a group are shown together; empty for none. */
  readonly group: string
}

/** The trigger that a run was made by: one of its task, in its project and domain. */
export interface RunTrigger {
  readonly name: string
  readonly revision: number
  /** A `flyteidl2.task.TriggerAutomationSpec`; undefined for one that has none. */
  readonly automation: Uint8Array | undefined
}

/** What lists show of a run. Phases and sources are the numbers of the `ActionPhase` and `RunSource` enums. */
export interface RunSummary {
  readonly key: RunKey
  /** `a0` for the run itself; anything else is an action inside it. */
  readonly action: string
  readonly phase: number
  readonly attempts: number
  readonly createdAtMs: EpochMs
  readonly updatedAtMs: EpochMs
  readonly startedAtMs: EpochMs
  readonly endedAtMs: EpochMs | undefined
  readonly source: number
  readonly task: RunTask
  readonly owner: RunOwner | undefined
  /** A `flyteidl2.common.EnrichedIdentity`, or undefined if nobody was recorded. */
  readonly executedBy: Uint8Array | undefined
  /** Undefined for a run that no trigger made. */
  readonly trigger?: RunTrigger | undefined
  /** Read only: whoever makes an action writes it. Undefined for the root action. */
  readonly inside?: ActionPlace | undefined
}

/** Everything that is kept of a run. */
export interface StoredRun extends RunSummary {
  /** A `flyteidl2.task.RunSpec`. */
  readonly runSpec: Uint8Array
  /** Finds the task spec in the task store. */
  readonly taskSpecDigest: string
  /** The URI of the file of inputs; empty if the run has none. */
  readonly inputsUri: string
  readonly inputsHash: string
  /** The URI of the file of outputs; empty until there is one. */
  readonly outputsUri: string
  /** Tells a repeated request from another one under the same name; empty if it cannot be repeated. */
  readonly requestDigest: string
  readonly abort: RunAbort | undefined
  /** A `flyteidl2.workflow.ErrorInfo`, once the run has failed. */
  readonly errorInfo: Uint8Array | undefined
  /** What runs are found by beside their own facts; undefined for none. */
  readonly labels?: Labels | undefined
}

export type Labels = Readonly<Record<string, string>>

/** Why and by whom a run was aborted. */
export interface RunAbort {
  readonly reason: string
  /** A `flyteidl2.common.EnrichedIdentity`. */
  readonly abortedBy: Uint8Array | undefined
}

/** Where the runs of a project in a domain are. */
export interface ProjectPlace {
  readonly project: string
  readonly domain: string
}

/** Which runs a list is about; or, in the scope of a run, which actions: all of its own but the root. */
export type RunScope =
  | { readonly kind: 'run'; readonly run: RunKey }
  | { readonly kind: 'project'; readonly project: string; readonly domain: string }
  /** Every run of some projects; read from each of them. */
  | { readonly kind: 'projects'; readonly projects: readonly ProjectPlace[] }
  | {
      readonly kind: 'task'
      readonly project: string
      readonly domain: string
      readonly name: string
      /** Undefined for every version. */
      readonly version: string | undefined
    }
  | {
      readonly kind: 'trigger'
      readonly project: string
      readonly domain: string
      readonly taskName: string
      readonly name: string
    }

/** A span of time: from the first millisecond, up to and without the second. */
export interface TimeSpan {
  readonly fromMs: EpochMs
  readonly untilMs: EpochMs
}

/** A label that a run has to carry, with one value or with any. */
export interface LabelCondition {
  readonly name: string
  readonly value: string | undefined
}

/** The task that a run has to execute, by what is given of it, whichever project the task is from. */
export interface TaskCondition {
  readonly name?: string
  readonly version?: string
}

/** A list of runs. Every condition has to hold. */
export interface RunQuery {
  readonly scope: RunScope
  /** Only runs of one of these phases. */
  readonly phases: readonly number[] | undefined
  /** Only runs whose owner has this subject, under whatever issuer. */
  readonly ownerSubject: string | undefined
  readonly created: TimeSpan | undefined
  readonly updated: TimeSpan | undefined
  /** Only runs that carry each of these labels. */
  readonly labels?: readonly LabelCondition[]
  readonly task?: TaskCondition
  /** Only actions that this one asked for. */
  readonly parent?: string | undefined
  readonly newestFirst: boolean
}

/** How much of a list to read. */
export interface RunPageRequest {
  /** At least 1. */
  readonly limit: number
  /** Where the page before ended: {@link RunPage.next}. */
  readonly after: string | undefined
}

export interface RunPage {
  readonly runs: readonly RunSummary[]
  /**
   * Where the next page starts, if there may be one. A page of a list with conditions can be short, even
   * empty, and still have a next one: a call reads only so many runs to find the ones that match.
   */
  readonly next: string | undefined
}

/** How an attempt to make a run ended. */
export type CreateOutcome =
  | { readonly created: true }
  | { readonly created: false; readonly existing: StoredRun }

/** How an attempt to abort a run ended; a run that had already ended is left as it was. */
export type AbortOutcome = 'aborted' | 'already-ended' | 'not-found'

/**
 * The runs of a deployment. Failures of the database are `ServiceError`s: `store_throttled`,
 * `store_unavailable`.
 */
export interface RunStore {
  /** Makes a run with one conditional write: of two under one name, one is made and the other sees it. */
  readonly create: (run: StoredRun) => Promise<CreateOutcome>
  /** Reads an action of a run as it is now (strongly consistent); undefined if there is none. */
  readonly find: (key: RunKey, action?: string) => Promise<StoredRun | undefined>
  /** Reads a page of a list, ordered by time of creation. A run made moments ago may be missing. */
  readonly list: (query: RunQuery, page: RunPageRequest) => Promise<RunPage>
  /** Ends an action with the phase `ABORTED`, unless it has ended. */
  readonly abort: (
    key: RunKey,
    abort: RunAbort & { readonly atMs: EpochMs; readonly action?: string },
  ) => Promise<AbortOutcome>
}

/** The phases that an action does not leave: succeeded, failed, aborted, timed out, recovered. */
export const TERMINAL_PHASES: readonly number[] = [5, 6, 7, 8, 10]

/** The phase of an aborted action. */
export const PHASE_ABORTED = 7
