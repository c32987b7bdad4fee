/**
 * `RunService.CreateRun`: a run that knows who started it.
 *
 * Order matters. Everything that can be refused is refused before anything is written; inputs and the task spec,
 * which are stored under their digests and harm nobody if no run follows, are written before the run; and the
 * run itself is one conditional write. A call that fails halfway leaves nothing that a retry would trip over.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { EnrichedIdentitySchema } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
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
import type { RunOwner } from '../../shared/stores/run-store.ts'
import { type RunsDeps, recordedCallerOf } from '../deps.ts'
import { actionOf } from '../messages.ts'
import { makeRun, storeParts } from './make-run.ts'
import { type PlannedRun, planRun } from './plan-run.ts'
import { type RequestIdentity, requestDigest } from './request-identity.ts'
import { resolveTrigger } from './trigger-of-request.ts'

/**
 * Makes the method.
 *
 * It throws `request_invalid`, `request_too_large`, `project_not_found`, `task_not_found`, `run_exists` for a name
 * that is taken, `trigger_not_found`, and what the stores throw.
 */
export function createRunMethod(deps: RunsDeps) {
  return async (request: CreateRunRequest, context: HandlerContext): Promise<CreateRunResponse> => {
    const plan = await planRun(deps, await resolveTrigger(request, deps))
    const digest = requestDigest(requestIdentityOf(context, plan))
    const [recorded] = await Promise.all([recordedCallerOf(deps, context), storeParts(deps, plan)])
    const executedBy = enrichedIdentityOf(recorded)
    const creator = { owner: ownerOf(recorded), executedBy: toBinary(EnrichedIdentitySchema, executedBy) }
    const { run, outcome } = await makeRun(deps, { plan, creator, digest })
    if (!outcome.created && outcome.existing.requestDigest !== digest) throw new ServiceError('run_exists')
    const { org } = plan.place
    if (outcome.created) return responseOf(actionOf(run, org, executedBy))
    context.values.get(callKey).notes.repeated = true
    return responseOf(actionOf(outcome.existing, org))
  }
}

/**
 * What makes a request the same as another one: its caller, its id, and all that it asks for. A request without an
 * id of its own got a random one, so that it only equals itself when the database client repeats the write.
 */
function requestIdentityOf(context: HandlerContext, plan: PlannedRun): RequestIdentity {
  const { issuer, subject } = context.values.get(callerKey).caller
  const { place, task, inputs, runSpec, source, trigger } = plan
  const byTrigger = trigger === undefined ? [] : [trigger.name]
  return {
    issuer,
    subject,
    requestId: context.values.get(requestKey).requestId,
    place: [place.project, place.domain, place.name ?? ''],
    contents: [
      ...[task.specDigest, task.task.name, task.task.version, inputs.uri, inputs.hash, String(source)],
      ...byTrigger,
    ],
    runSpec,
  }
}

function ownerOf({ issuer, subject }: Caller): RunOwner {
  return { issuer, subject }
}

function responseOf(action: Action): CreateRunResponse {
  return create(CreateRunResponseSchema, { run: create(RunSchema, { action }) })
}
