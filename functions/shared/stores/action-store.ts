/**
 * Actions inside a run, as what executes them sees them.
 *
 * An action is a run's item of another name: what both have is kept alike, so that a run store reads actions too.
 * Everything written here is one conditional write on one item, and the same report written again changes nothing.
 */
import type { EpochMs } from '../clock.ts'
import type { AbortOutcome, RunAbort, RunKey, StoredRun } from './run-store.ts'

/** What names an action. */
export interface ActionKey {
  readonly run: RunKey
  readonly action: string
}

/** The numbers of the `ActionType` enum. */
export const KIND_TASK = 1
export const KIND_TRACE = 2
export const KIND_CONDITION = 3
export type ActionKind = typeof KIND_TASK | typeof KIND_TRACE | typeof KIND_CONDITION

/** Phases that rules here are about, by their numbers in the `ActionPhase` enum. */
export const PHASE_QUEUED = 1
export const PHASE_SUCCEEDED = 5
export const PHASE_FAILED = 6
export const PHASE_TIMED_OUT = 8
export const PHASE_PAUSED = 9

/** One attempt at an action, as it was last reported. */
export interface AttemptRecord {
  /** Starts at 1. */
  readonly attempt: number
  /** Grows with every report about the attempt that says something newer. */
  readonly version: number
  /** A `flyteidl2.workflow.ActionAttempt`. */
  readonly record: Uint8Array
}

/** What an action has that a run has not. */
export interface ActionFacts {
  readonly kind: ActionKind
  /** The name of the action that asked for this one; empty for the root. */
  readonly parent: string
  /** Actions of a group are shown together; empty for none. */
  readonly group: string
  /** Below this URI each attempt of each action has a directory: `{base}/{action}/{attempt}`. */
  readonly outputBase: string
  /** Empty if its result may not be taken from a cache. */
  readonly cacheKey: string
  /** Empty if the run decides. */
  readonly cluster: string
  /** A `TraceAction` or a `ConditionAction`; undefined for tasks, whose spec is in the task store. */
  readonly detail: Uint8Array | undefined
  /** When a condition stops waiting; undefined for never. */
  readonly timesOutAtMs: EpochMs | undefined
}

/** Everything that is kept of an action. */
export interface StoredAction extends StoredRun, ActionFacts {
  /** A `flyteidl2.core.Literal`: what a condition was signalled. */
  readonly value: Uint8Array | undefined
  /** What the executor keeps for itself between two looks at an action. */
  readonly state: ActionState | undefined
  /** In order of their numbers. */
  readonly attemptRecords: readonly AttemptRecord[]
}

/** An action that is about to be made. */
export type NewAction = StoredRun & ActionFacts

/** The executor's own note about one attempt. */
export interface ActionState {
  readonly attempt: number
  readonly text: string
}

/** How an attempt to make an action ended. */
export type CreateActionOutcome =
  | { readonly created: true }
  | { readonly created: false; readonly existing: StoredAction }

/** A newer status of an action. */
export interface StatusChange {
  /** 0 leaves the phase as it is. */
  readonly phase: number
  /** The attempt it is about; 0 if the report does not say. */
  readonly attempt: number
  readonly atMs: EpochMs
  /** When the action ended, if it has; {@link atMs} if the report does not say. */
  readonly endedAtMs: EpochMs | undefined
  readonly state: ActionState | undefined
  /** A `flyteidl2.workflow.ErrorInfo`. */
  readonly errorInfo: Uint8Array | undefined
}

/** `outdated`: what is stored is newer, and stays. */
export type ChangeOutcome = 'changed' | 'outdated' | 'not-found'

/** What was reported about one attempt. */
export interface AttemptReport {
  readonly record: AttemptRecord
  /** The version that {@link record} was made from; undefined if it is the first. */
  readonly replaces: number | undefined
  readonly atMs: EpochMs
  /** Set on the action itself, unless it has gone on to a later attempt. */
  readonly outputsUri: string | undefined
  /** As {@link outputsUri}: a `flyteidl2.workflow.ErrorInfo`. */
  readonly errorInfo: Uint8Array | undefined
}

/** An action as its parent watches it. */
export interface ChildSummary {
  readonly name: string
  readonly kind: ActionKind
  readonly phase: number
  readonly attempts: number
  readonly outputsUri: string
  readonly outputBase: string
  readonly errorInfo: Uint8Array | undefined
  readonly value: Uint8Array | undefined
  readonly timesOutAtMs: EpochMs | undefined
  /** Where a page that comes after this child starts. Compares as text: what changed later is greater. */
  readonly position: string
}

export interface ChildPage {
  /** The child that changed last comes first. */
  readonly children: readonly ChildSummary[]
  /** Where the next page starts; undefined at the end. */
  readonly next: string | undefined
}

/**
 * The actions of a deployment. Failures of the database are `ServiceError`s: `store_throttled`,
 * `store_unavailable`.
 */
export interface ActionStore {
  /** Makes an action: of two under one name, one is made and the other sees it. */
  readonly create: (action: NewAction) => Promise<CreateActionOutcome>
  /** Reads an action as it is now (strongly consistent); undefined if there is none. */
  readonly find: (key: ActionKey) => Promise<StoredAction | undefined>
  /**
   * Takes over a newer status. Phases only go forward: to an equal or greater number, from failed or timed out to
   * anything (another attempt), and from paused to an end. A report about an earlier attempt is outdated.
   */
  readonly changeStatus: (key: ActionKey, change: StatusChange) => Promise<ChangeOutcome>
  /** Takes over a report; `outdated` if the record it replaces is not the stored one any more. */
  readonly recordAttempt: (key: ActionKey, report: AttemptReport) => Promise<ChangeOutcome>
  /** Ends an action with the phase `ABORTED`, unless it has ended. */
  readonly abort: (key: ActionKey, abort: RunAbort & { readonly atMs: EpochMs }) => Promise<AbortOutcome>
  /** Ends a condition that waits, with its value; `outdated` for anything else. */
  readonly signal: (
    key: ActionKey,
    signal: { readonly value: Uint8Array; readonly atMs: EpochMs },
  ) => Promise<ChangeOutcome>
  /** Reads the children of an action. One that was made or changed moments ago may be missing or as it was. */
  readonly children: (
    parent: ActionKey,
    page: { readonly limit: number; readonly after: string | undefined },
  ) => Promise<ChildPage>
  /**
   * The runs of a project that have an action which is paused and has not waited too long, each once; of more than
   * `limit` actions, those of the actions that were made last. One that paused moments ago may be missing.
   */
  readonly pausedRuns: (
    project: { readonly project: string; readonly domain: string },
    page: { readonly limit: number; readonly nowMs: EpochMs },
  ) => Promise<readonly RunKey[]>
  /** How far the children of an action have been shown in turn; undefined before the first time. */
  readonly findTurn: (parent: ActionKey) => Promise<string | undefined>
  readonly keepTurn: (parent: ActionKey, position: string) => Promise<void>
}
