/**
 * `RunService.CreateRun`: a run that knows who started it.
 *
 * Order matters. Everything that can be refused is refused before anything is written; inputs and the task spec,
 * which are stored under their digests and harm nobody if no run follows, are written before the run; and the
 * run itself is one conditional write. A call that fails halfway leaves nothing that a retry would trip over.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type EnrichedIdentity,
  EnrichedIdentitySchema,
} from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import { type RunSpec, RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import { type Action, RunSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type CreateRunRequest,
  type CreateRunResponse,
  CreateRunResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { Caller } from '../../shared/identity/caller.ts'
import { callerKey } from '../../shared/identity/caller-gate.ts'
import { enrichedIdentityOf } from '../../shared/identity/enriched-identity.ts'
import { callKey, requestKey } from '../../shared/rpc/router.ts'
import { type Labels, ROOT_ACTION, type StoredRun } from '../../shared/stores/run-store.ts'
import type { TaskToRun } from '../../shared/tasks/task-to-run.ts'
import { type RunsDeps, recordedCallerOf } from '../deps.ts'
import { actionOf } from '../messages.ts'
import { inputsOfRequest, type RunInputs } from './inputs.ts'
import { generatedRunName, type RequestIdentity, requestDigest } from './request-identity.ts'
import { placeOfRequest, type RunPlace } from './run-place.ts'
import { taskOfRequest } from './task-of-request.ts'

/** An item holds 400 KB; what else is in it is small. */
export const MAX_RUN_SPEC_BYTES = 300 * 1024

/** Labels are copied into every index. */
export const MAX_LABELS_BYTES = 8 * 1024

/** What a request comes to once it has been checked. */
interface PlannedRun {
  readonly place: RunPlace
  readonly task: TaskToRun
  readonly inputs: RunInputs
  readonly runSpec: Uint8Array
  readonly labels: Labels | undefined
  readonly source: number
}

/**
 * Makes the method.
 *
 * It throws `request_invalid`, `request_too_large`, `project_not_found`, `task_not_found`, `run_exists` for a name
 * that is taken, `rpc_unimplemented` for a run by trigger, and what the stores throw.
 */
export function createRunMethod(deps: RunsDeps) {
  return async (request: CreateRunRequest, context: HandlerContext): Promise<CreateRunResponse> => {
    const plan = await planRun(deps, request)
    const identity = requestIdentityOf(context, plan)
    const digest = requestDigest(identity)
    const key = {
      project: plan.place.project,
      domain: plan.place.domain,
      name: plan.place.name ?? generatedRunName(digest),
    }
    const [recorded] = await Promise.all([recordedCallerOf(deps, context), storeParts(deps, plan)])
    const executedBy = enrichedIdentityOf(recorded)
    const run = newRun({ plan, recorded, executedBy, key, digest, nowMs: deps.now() })
    const outcome = await deps.runs.create(run)
    if (!outcome.created && outcome.existing.requestDigest !== digest) throw new ServiceError('run_exists')
    const { org } = plan.place
    if (outcome.created) return responseOf(actionOf(run, org, executedBy))
    context.values.get(callKey).notes.repeated = true
    return responseOf(actionOf(outcome.existing, org))
  }
}

async function planRun(deps: RunsDeps, request: CreateRunRequest): Promise<PlannedRun> {
  const place = placeOfRequest(request, deps.domains)
  const runSpec = runSpecBytes(request.runSpec)
  const [task] = await Promise.all([
    taskOfRequest(request, deps.tasks),
    deps.projects.assertExists(place.project),
  ])
  const inputs = await inputsOfRequest({ request, place, task, deps })
  return { place, task, inputs, runSpec, labels: labelsOf(request.runSpec), source: request.source }
}

/** The labels that runs are found by; every index has a copy of them. */
function labelsOf(runSpec: RunSpec | undefined): Labels | undefined {
  const labels = runSpec?.labels?.values ?? {}
  const entries = Object.entries(labels)
  if (Buffer.byteLength(JSON.stringify(entries)) > MAX_LABELS_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `run_spec.labels is larger than ${MAX_LABELS_BYTES} bytes.`,
    })
  }
  return entries.length === 0 ? undefined : labels
}

function runSpecBytes(runSpec: RunSpec | undefined): Uint8Array {
  if (runSpec === undefined) return new Uint8Array()
  const bytes = toBinary(RunSpecSchema, runSpec)
  if (bytes.length > MAX_RUN_SPEC_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `run_spec is larger than ${MAX_RUN_SPEC_BYTES} bytes.`,
    })
  }
  return bytes
}

/**
 * What makes a request the same as another one: its caller, its id, and all that it asks for. A request without an
 * id of its own got a random one, so that it only equals itself when the database client repeats the write.
 */
function requestIdentityOf(context: HandlerContext, plan: PlannedRun): RequestIdentity {
  const { issuer, subject } = context.values.get(callerKey).caller
  const { place, task, inputs, runSpec, source } = plan
  return {
    issuer,
    subject,
    requestId: context.values.get(requestKey).requestId,
    place: [place.project, place.domain, place.name ?? ''],
    contents: [task.specDigest, task.task.name, task.task.version, inputs.uri, inputs.hash, String(source)],
    runSpec,
  }
}

async function storeParts(deps: RunsDeps, { task, inputs }: PlannedRun): Promise<void> {
  await Promise.all([
    task.specToStore && deps.tasks.putSpec(task.specDigest, task.specToStore),
    inputs.toStore && deps.objects.put(inputs.uri, inputs.toStore),
  ])
}

interface NewRun {
  readonly plan: PlannedRun
  readonly recorded: Caller
  readonly executedBy: EnrichedIdentity
  readonly key: StoredRun['key']
  readonly digest: string
  readonly nowMs: number
}

function newRun({ plan, recorded, executedBy, key, digest, nowMs }: NewRun): StoredRun {
  const { issuer, subject } = recorded
  return {
    key,
    action: ROOT_ACTION,
    phase: ActionPhase.QUEUED,
    attempts: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    startedAtMs: nowMs,
    endedAtMs: undefined,
    source: plan.source,
    task: plan.task.task,
    owner: { issuer, subject },
    executedBy: toBinary(EnrichedIdentitySchema, executedBy),
    runSpec: plan.runSpec,
    taskSpecDigest: plan.task.specDigest,
    inputsUri: plan.inputs.uri,
    inputsHash: plan.inputs.hash,
    outputsUri: '',
    requestDigest: digest,
    abort: undefined,
    errorInfo: undefined,
    labels: plan.labels,
  }
}

function responseOf(action: Action): CreateRunResponse {
  return create(CreateRunResponseSchema, { run: create(RunSchema, { action }) })
}
