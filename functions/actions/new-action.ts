/**
 * Making an action inside a run.
 *
 * Its name comes from the caller, who makes the same name from the same work, so that asking again finds what the
 * first call made. Who it belongs to comes from its parent and so, step by step, from the run: never from the
 * request.
 */
import { toBinary } from '@bufbuild/protobuf'
import { durationMs } from '@bufbuild/protobuf/wkt'
import { type RunSpec, RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import {
  type ConditionAction,
  ConditionActionSchema,
  type TaskAction,
  type TraceAction,
  TraceActionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import type { EpochMs } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import {
  type ActionKey,
  type ActionKind,
  KIND_CONDITION,
  KIND_TASK,
  KIND_TRACE,
  type NewAction,
  PHASE_FAILED,
  PHASE_PAUSED,
  PHASE_QUEUED,
  PHASE_SUCCEEDED,
  type StoredAction,
} from '../shared/stores/action-store.ts'
import { ROOT_ACTION, type RunTask } from '../shared/stores/run-store.ts'
import { taskOfSpec } from '../shared/tasks/task-to-run.ts'
import type { ActionsDeps } from './deps.ts'
import { isEnd } from './phase.ts'
import { assertShort, MAX_URI_LENGTH } from './text.ts'
import { epochMsOf } from './time.ts'

/** What is to be made, as both requests that ask for it say it. */
export interface ActionRequest {
  readonly key: ActionKey
  /** Empty for the root action, which only CreateRun makes. */
  readonly parent: string
  readonly group: string
  readonly inputsUri: string
  readonly outputBase: string
  readonly spec:
    | { readonly case: 'task'; readonly value: TaskAction }
    | { readonly case: 'trace'; readonly value: TraceAction }
    | { readonly case: 'condition'; readonly value: ConditionAction }
    | { readonly case: undefined; readonly value?: undefined }
  readonly runSpec: RunSpec | undefined
}

/** What is kept of a spec in the item; DynamoDB's limit is 400 KB for the whole of it. */
const MAX_PART_BYTES = 128 * 1024

/**
 * Makes an action, once: `false` if it had been made before.
 *
 * @throws {ServiceError} `parent_not_found`; `parent_ended`, because nobody would wait for the result;
 *   `action_exists` if the name belongs to something else; `request_invalid`, also for what is too large, and what the
 *   stores throw.
 */
export async function makeAction(deps: ActionsDeps, request: ActionRequest): Promise<boolean> {
  assertTextsShort(request)
  if (request.parent === '') return findRoot(deps, request)
  const plan = planOf(request, deps.now())
  const runSpec = limited(request.runSpec && toBinary(RunSpecSchema, request.runSpec), 'run_spec')
  const parent = await deps.actions.find({ run: request.key.run, action: request.parent })
  if (parent === undefined) throw new ServiceError('parent_not_found')
  if (isEnd(parent.phase) && !isRepeated(await deps.actions.find(request.key), request, plan)) {
    throw new ServiceError('parent_ended')
  }
  if (plan.toStore) await deps.tasks.putSpec(plan.toStore.specDigest, plan.toStore.specToStore)
  const outcome = await deps.actions.create(newAction({ request, plan, parent, runSpec }))
  if (!outcome.created && !isRepeated(outcome.existing, request, plan))
    throw new ServiceError('action_exists')
  return outcome.created
}

function assertTextsShort({ parent, group, inputsUri, outputBase, spec }: ActionRequest): void {
  assertShort(parent, 'parent')
  assertShort(group, 'group')
  assertShort(inputsUri, 'input_uri', MAX_URI_LENGTH)
  assertShort(outputBase, 'run_output_base', MAX_URI_LENGTH)
  if (spec.case === 'task') {
    assertShort(spec.value.cacheKey, 'task.cache_key')
    assertShort(spec.value.cluster, 'task.cluster')
  }
}

/** Whether an action is the one that a request asks for. */
function isRepeated(existing: StoredAction | undefined, { parent }: ActionRequest, { kind }: Plan): boolean {
  return existing?.parent === parent && existing.kind === kind
}

async function findRoot({ actions }: ActionsDeps, { key }: ActionRequest): Promise<boolean> {
  if (key.action !== ROOT_ACTION) {
    throw invalid(`parent is required for every action but ${ROOT_ACTION}.`)
  }
  if ((await actions.find(key)) === undefined) throw new ServiceError('run_not_found')
  return false
}

/** What an action will be, by the kind of its spec. */
interface Plan {
  readonly kind: ActionKind
  readonly task: RunTask
  readonly specDigest: string
  readonly toStore: { readonly specDigest: string; readonly specToStore: Uint8Array } | undefined
  readonly detail: Uint8Array | undefined
  readonly cacheKey: string
  readonly cluster: string
  readonly phase: number
  readonly createdAtMs: EpochMs
  readonly startedAtMs: EpochMs
  readonly endedAtMs: EpochMs | undefined
  readonly outputsUri: string
  readonly timesOutAtMs: EpochMs | undefined
}

function planOf({ spec }: ActionRequest, nowMs: EpochMs): Plan {
  if (spec.case === 'task') return taskPlan(spec.value, nowMs)
  if (spec.case === 'trace') return tracePlan(spec.value, nowMs)
  if (spec.case === 'condition') return conditionPlan(spec.value, nowMs)
  throw invalid('One of task, trace and condition is required.')
}

const NO_TASK: RunTask = {
  project: '',
  domain: '',
  name: '',
  version: '',
  type: '',
  shortName: '',
  environmentName: '',
}

/** An action that has just been asked for. */
function emptyPlan(kind: ActionKind, nowMs: EpochMs): Plan {
  return {
    kind,
    task: NO_TASK,
    specDigest: '',
    toStore: undefined,
    detail: undefined,
    cacheKey: '',
    cluster: '',
    phase: PHASE_QUEUED,
    createdAtMs: nowMs,
    startedAtMs: nowMs,
    endedAtMs: undefined,
    outputsUri: '',
    timesOutAtMs: undefined,
  }
}

function taskPlan(action: TaskAction, nowMs: EpochMs): Plan {
  const { task, specDigest, specToStore } = taskOfSpec(required(action.spec, 'task.spec'))
  return {
    ...emptyPlan(KIND_TASK, nowMs),
    task,
    specDigest,
    toStore: specToStore && { specDigest, specToStore },
    cacheKey: action.cacheKey ?? '',
    cluster: action.cluster,
  }
}

/** A trace is over before anybody hears of it: what ran inside its parent is only written down. */
function tracePlan(trace: TraceAction, nowMs: EpochMs): Plan {
  const endedAtMs = epochMsOf(trace.endTime, 'trace.end_time') ?? nowMs
  return {
    ...emptyPlan(KIND_TRACE, nowMs),
    task: { ...NO_TASK, shortName: trace.name },
    detail: limited(toBinary(TraceActionSchema, trace), 'trace'),
    phase: trace.phase === PHASE_FAILED ? PHASE_FAILED : PHASE_SUCCEEDED,
    startedAtMs: epochMsOf(trace.startTime, 'trace.start_time') ?? endedAtMs,
    endedAtMs,
    outputsUri: trace.outputs?.outputUri ?? '',
  }
}

/**
 * A condition waits for its signal from the start. Its web hook is refused and not left out: whoever waits for the
 * signal would wait for ever.
 */
function conditionPlan(condition: ConditionAction, nowMs: EpochMs): Plan {
  if (condition.webhook !== undefined) {
    throw invalid('condition.webhook is not something that this deployment calls. Leave it out.')
  }
  const timeoutMs = condition.timeout === undefined ? 0 : durationMs(condition.timeout)
  return {
    ...emptyPlan(KIND_CONDITION, nowMs),
    task: { ...NO_TASK, shortName: condition.name },
    detail: limited(toBinary(ConditionActionSchema, condition), 'condition'),
    phase: PHASE_PAUSED,
    timesOutAtMs: timeoutMs > 0 ? Math.ceil(nowMs + timeoutMs) : undefined,
  }
}

interface NewActionParts {
  readonly request: ActionRequest
  readonly plan: Plan
  readonly parent: StoredAction
  readonly runSpec: Uint8Array | undefined
}

function newAction({ request, plan, parent, runSpec }: NewActionParts): NewAction {
  const { kind, task, specDigest, detail, cacheKey, cluster, outputsUri, timesOutAtMs } = plan
  const { phase, createdAtMs, startedAtMs, endedAtMs } = plan
  return {
    key: parent.key,
    action: request.key.action,
    parent: request.parent,
    group: request.group,
    kind,
    ...{ phase, attempts: 1, createdAtMs, updatedAtMs: createdAtMs, startedAtMs, endedAtMs },
    ...{ task, taskSpecDigest: specDigest, detail, cacheKey, cluster, timesOutAtMs },
    ...{ source: parent.source, owner: parent.owner, executedBy: parent.executedBy },
    runSpec: runSpec ?? new Uint8Array(),
    inputsUri: request.inputsUri,
    inputsHash: '',
    outputsUri,
    outputBase: request.outputBase,
    requestDigest: '',
    abort: undefined,
    errorInfo: undefined,
  }
}

function limited(bytes: Uint8Array, field: string): Uint8Array
function limited(bytes: Uint8Array | undefined, field: string): Uint8Array | undefined
function limited(bytes: Uint8Array | undefined, field: string): Uint8Array | undefined {
  if (bytes !== undefined && bytes.length > MAX_PART_BYTES) {
    // The runtime repeats an Enqueue a hundred times unless its argument is to blame.
    throw invalid(`${field} is larger than ${MAX_PART_BYTES} bytes.`)
  }
  return bytes
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
