/** What the methods of this function are given. */
import type { HandlerContext } from '@connectrpc/connect'
import type { Clock } from '../shared/clock.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { callerKey } from '../shared/identity/caller-gate.ts'
import type { Enricher } from '../shared/identity/enrich.ts'
import { callKey } from '../shared/rpc/router.ts'
import type { ActionStore } from '../shared/stores/action-store.ts'
import type { ObjectStore } from '../shared/stores/object-store.ts'
import type { RunStore } from '../shared/stores/run-store.ts'
import type { TaskStore } from '../shared/stores/task-store.ts'
import type { FindTrigger } from './create-run/trigger-of-request.ts'
import type { ProjectCatalog } from './projects/catalog.ts'

export interface RunsDeps {
  readonly runs: RunStore
  /** Actions inside runs, which the function `actions` writes. */
  readonly actions: Pick<ActionStore, 'find' | 'abort' | 'pausedRuns' | 'signal'>
  readonly tasks: TaskStore
  readonly objects: ObjectStore
  readonly projects: ProjectCatalog
  readonly findTrigger: FindTrigger
  readonly enrich: Enricher
  readonly now: Clock
  /** For example `s3://bucket/prefix`, without a trailing slash. */
  readonly storagePrefix: string
  /** The domains that every project has. */
  readonly domains: readonly string[]
}

/** The caller of a method as a run would record it: the same for CreateRun, AbortRun and UserInfo. */
export function recordedCallerOf(
  { enrich }: Pick<RunsDeps, 'enrich'>,
  context: HandlerContext,
): Promise<Caller> {
  return enrich(context.values.get(callerKey), context.values.get(callKey))
}
