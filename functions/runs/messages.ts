/** Stored runs as the messages that clients read. */
import { create, fromBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { EnrichedIdentity } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import { TriggerAutomationSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import {
  type Action,
  type ActionAttempt,
  ActionAttemptSchema,
  type ActionDetails,
  ActionDetailsSchema,
  type ActionMetadata,
  ActionMetadataSchema,
  ActionSchema,
  type ActionStatus,
  ActionStatusSchema,
  ActionType,
  type ErrorInfo,
  ErrorInfoSchema,
  TraceActionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { readEnrichedIdentity } from '../shared/identity/enriched-identity.ts'
import { KIND_TRACE, type StoredAction } from '../shared/stores/action-store.ts'
import type { RunSummary, RunTask, RunTrigger, StoredRun } from '../shared/stores/run-store.ts'
import { attemptsOf } from './attempts.ts'
import { withCondition } from './condition-details.ts'

/**
 * The lightweight form, as lists and CreateRun show it.
 *
 * @param executedBy The run's identity, where it is at hand; else it is read from the stored bytes.
 */
export function actionOf(
  run: RunSummary,
  org: string,
  executedBy: EnrichedIdentity | undefined = readEnrichedIdentity(run.executedBy),
): Action {
  const metadata = metadataOf(run, executedBy)
  return create(ActionSchema, { id: actionIdOf(run, org), metadata, status: statusOf(run) })
}

/** Everything about an action. */
export function actionDetailsOf(
  run: StoredAction,
  org: string,
  taskSpec: Uint8Array | undefined,
): ActionDetails {
  const details = create(ActionDetailsSchema, {
    id: actionIdOf(run, org),
    metadata: metadataOf(run, readEnrichedIdentity(run.executedBy)),
    status: statusOf(run),
    result: resultOf(run),
    spec: specOf(run, taskSpec),
    attempts: attemptsOf(run, lastAttemptOf(run)),
  })
  return withCondition(details, run)
}

function specOf(run: StoredAction, taskSpec: Uint8Array | undefined): ActionDetails['spec'] {
  if (taskSpec) return { case: 'task', value: fromBinary(TaskSpecSchema, taskSpec) }
  if (run.kind !== KIND_TRACE || run.detail === undefined) return { case: undefined }
  const { spec } = fromBinary(TraceActionSchema, run.detail)
  return spec ? { case: 'trace', value: spec } : { case: undefined }
}

function actionIdOf({ key, action }: RunSummary, org: string) {
  return { run: { org, project: key.project, domain: key.domain, name: key.name }, name: action }
}

function metadataOf(
  { key, task, source, inside, trigger }: RunSummary,
  executedBy: EnrichedIdentity | undefined,
): ActionMetadata {
  return create(ActionMetadataSchema, {
    executedBy,
    spec: specOfMetadata(task, inside?.type),
    actionType: inside?.type ?? ActionType.TASK,
    environmentName: task.environmentName,
    funtionName: task.name,
    source,
    parent: inside?.parent ?? '',
    group: inside?.group ?? '',
    ...(trigger === undefined ? {} : triggerOfMetadata(trigger, { ...key, taskName: task.name })),
  })
}

function triggerOfMetadata(
  { name, revision, automation }: RunTrigger,
  { project, domain, taskName }: { project: string; domain: string; taskName: string },
) {
  return {
    triggerId: { name: { project, domain, taskName, name }, revision: BigInt(revision) },
    triggerName: name,
    ...(automation && { triggerType: fromBinary(TriggerAutomationSpecSchema, automation) }),
  }
}

/** Traces and conditions have a name of their own and no task. */
function specOfMetadata({ type, shortName, environmentName: _, ...id }: RunTask, actionType?: number) {
  if (actionType === ActionType.TRACE) return { case: 'trace', value: { name: shortName } } as const
  if (actionType === ActionType.CONDITION) return { case: 'condition', value: { name: shortName } } as const
  return { case: 'task', value: { id, taskType: type, shortName } } as const
}

function statusOf(run: RunSummary): ActionStatus {
  const { phase, attempts, startedAtMs, endedAtMs } = run
  return create(ActionStatusSchema, {
    phase,
    attempts,
    startTime: timestampFromMs(startedAtMs),
    ...(endedAtMs === undefined
      ? {}
      : { endTime: timestampFromMs(endedAtMs), durationMs: BigInt(Math.max(0, endedAtMs - startedAtMs)) }),
  })
}

function resultOf(run: StoredRun): ActionDetails['result'] | { case: 'abortInfo'; value: object } {
  if (run.phase === ActionPhase.ABORTED && run.abort) {
    const { reason, abortedBy } = run.abort
    return { case: 'abortInfo', value: { reason, abortedBy: readEnrichedIdentity(abortedBy) } }
  }
  const errorInfo = errorInfoOf(run)
  return errorInfo ? { case: 'errorInfo', value: errorInfo } : { case: undefined }
}

function errorInfoOf({ phase, errorInfo }: StoredRun): ErrorInfo | undefined {
  const isFailure = phase === ActionPhase.FAILED || phase === ActionPhase.TIMED_OUT
  return isFailure && errorInfo ? fromBinary(ErrorInfoSchema, errorInfo) : undefined
}

/** The attempt that the status is about; clients look for its number among the attempts. */
function lastAttemptOf(run: StoredRun): ActionAttempt {
  const { startTime, endTime, phase, attempts } = statusOf(run)
  return create(ActionAttemptSchema, {
    phase,
    startTime,
    endTime,
    attempt: attempts,
    errorInfo: errorInfoOf(run),
    outputs: run.outputsUri === '' ? undefined : { outputUri: run.outputsUri },
  })
}
