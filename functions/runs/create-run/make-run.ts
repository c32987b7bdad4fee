/**
 * Making a planned run.
 *
 * Inputs and the task spec, which are stored under their digests and harm nobody if no run follows, are written
 * first; the run itself is one conditional write. What fails halfway leaves nothing that a retry would trip over.
 */
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import type { EpochMs } from '../../shared/clock.ts'
import {
  type CreateOutcome,
  ROOT_ACTION,
  type RunKey,
  type RunOwner,
  type StoredRun,
} from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import type { PlannedRun } from './plan-run.ts'
import { generatedRunName } from './request-identity.ts'

/** Whoever a run is made for. */
export interface RunCreator {
  readonly owner: RunOwner | undefined
  /** A `flyteidl2.common.EnrichedIdentity`; undefined if nobody is known. */
  readonly executedBy: Uint8Array | undefined
}

/** The name of a planned run: its own, or one that its request always makes. */
export function keyOfPlan({ place }: PlannedRun, digest: string): RunKey {
  return { project: place.project, domain: place.domain, name: place.name ?? generatedRunName(digest) }
}

/** Writes what a run refers to. */
export async function storeParts(
  { tasks, objects }: Pick<RunsDeps, 'tasks' | 'objects'>,
  { task, inputs }: PlannedRun,
): Promise<void> {
  await Promise.all([
    task.specToStore && tasks.putSpec(task.specDigest, task.specToStore),
    inputs.toStore && objects.put(inputs.uri, inputs.toStore),
  ])
}

/** Writes the run, unless there is one of its name. @param digest Tells a repeated request from another one. */
export async function makeRun(
  { runs, now }: Pick<RunsDeps, 'runs' | 'now'>,
  { plan, creator, digest }: { plan: PlannedRun; creator: RunCreator; digest: string },
): Promise<{ run: StoredRun; outcome: CreateOutcome }> {
  const run = newRun({ plan, creator, digest, nowMs: now() })
  return { run, outcome: await runs.create(run) }
}

function newRun(of: { plan: PlannedRun; creator: RunCreator; digest: string; nowMs: EpochMs }): StoredRun {
  const { plan, creator, digest, nowMs } = of
  return {
    key: keyOfPlan(plan, digest),
    action: ROOT_ACTION,
    phase: ActionPhase.QUEUED,
    attempts: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    startedAtMs: nowMs,
    endedAtMs: undefined,
    source: plan.source,
    task: plan.task.task,
    owner: creator.owner,
    executedBy: creator.executedBy,
    runSpec: plan.runSpec,
    taskSpecDigest: plan.task.specDigest,
    inputsUri: plan.inputs.uri,
    inputsHash: plan.inputs.hash,
    outputsUri: '',
    requestDigest: digest,
    abort: undefined,
    errorInfo: undefined,
    labels: plan.labels,
    trigger: plan.trigger,
  }
}
