/** Runs summed up by their task. */
import { create } from '@bufbuild/protobuf'
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import { type TaskGroup, TaskGroupSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { readEnrichedIdentity } from '../../shared/identity/enriched-identity.ts'
import { type RunSummary, TERMINAL_PHASES } from '../../shared/stores/run-store.ts'

/** How many runs of a group are shown one by one. */
const RECENT_RUNS = 10
const FAILURES: readonly number[] = [ActionPhase.FAILED, ActionPhase.TIMED_OUT]

/** Sums up runs, which come newest first; the groups do so as well. */
export function taskGroupsOf(runs: readonly RunSummary[]): TaskGroup[] {
  const byTask = Map.groupBy(runs, ({ task }) => JSON.stringify([task.environmentName, task.name]))
  return [...byTask.values()].map(taskGroupOf)
}

function taskGroupOf(runs: RunSummary[]): TaskGroup {
  const [newest] = runs as [RunSummary]
  const finished = runs.filter(({ phase }) => TERMINAL_PHASES.includes(phase))
  const failed = finished.filter(({ phase }) => FAILURES.includes(phase))
  const durations = finished.flatMap(({ startedAtMs, endedAtMs }) =>
    endedAtMs === undefined ? [] : [Math.max(0, endedAtMs - startedAtMs)],
  )
  const lastEndMs = finished.reduce((last, { endedAtMs = 0 }) => Math.max(last, endedAtMs), 0)
  return create(TaskGroupSchema, {
    taskName: newest.task.name,
    shortName: newest.task.shortName,
    environmentName: newest.task.environmentName,
    totalRuns: BigInt(runs.length),
    latestRunTime: timestampFromMs(newest.createdAtMs),
    recentStatuses: runs.slice(0, RECENT_RUNS).map(({ key, phase }) => ({ runName: key.name, phase })),
    averageFailureRate: finished.length === 0 ? 0 : failed.length / finished.length,
    averageDuration: durations.length === 0 ? undefined : durationFromMs(average(durations)),
    latestFinishedTime: lastEndMs === 0 ? undefined : timestampFromMs(lastEndMs),
    createdBy: creatorsOf(runs),
    phaseCounts: phaseCountsOf(runs),
  })
}

function average(values: readonly number[]): number {
  return Math.round(values.reduce((sum, one) => sum + one, 0) / values.length)
}

/** Each person or application once. */
function creatorsOf(runs: readonly RunSummary[]): TaskGroup['createdBy'] {
  const bySubject = new Map(
    runs.map(({ owner, executedBy }) => [JSON.stringify([owner?.issuer, owner?.subject]), executedBy]),
  )
  return [...bySubject.values()].flatMap((bytes) => readEnrichedIdentity(bytes) ?? [])
}

function phaseCountsOf(runs: readonly RunSummary[]) {
  const byPhase = Map.groupBy(runs, ({ phase }) => phase)
  return [...byPhase].map(([phase, { length }]) => ({ phase, count: BigInt(length) }))
}
