/**
 * `RunService.AbortRun` and `RunService.AbortAction`.
 *
 * Any caller of a deployment may abort any run of it, as Flyte 2 itself has it; who did is recorded. What has
 * ended stays as it ended, and the answer is the same: the caller wanted it to be over, and it is.
 */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import type { RunIdentifier } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import {
  type AbortActionRequest,
  type AbortActionResponse,
  AbortActionResponseSchema,
  type AbortRunRequest,
  type AbortRunResponse,
  AbortRunResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { enrichedIdentityBytes } from '../shared/identity/enriched-identity.ts'
import { required } from '../shared/rpc/required.ts'
import { type AbortOutcome, ROOT_ACTION } from '../shared/stores/run-store.ts'
import { type RunsDeps, recordedCallerOf } from './deps.ts'

const DEFAULT_REASON = 'Aborted without a reason given.'

/** A reason is read by people; what is longer than this is cut. */
const MAX_REASON_LENGTH = 4_000

/** Makes AbortRun. It throws `run_not_found`. */
export function abortRunMethod(deps: RunsDeps) {
  return async (request: AbortRunRequest, context: HandlerContext): Promise<AbortRunResponse> => {
    const run = required(request.runId, 'run_id')
    const outcome = await abort(deps, context, { run, action: ROOT_ACTION, reason: request.reason })
    if (outcome === 'not-found') throw new ServiceError('run_not_found')
    return create(AbortRunResponseSchema)
  }
}

/** Makes AbortAction. It throws `action_not_found`. */
export function abortActionMethod(deps: RunsDeps) {
  return async (request: AbortActionRequest, context: HandlerContext): Promise<AbortActionResponse> => {
    const id = required(request.actionId, 'action_id')
    const run = required(id.run, 'action_id.run')
    const outcome = await abort(deps, context, { run, action: id.name, reason: request.reason })
    if (outcome === 'not-found') throw new ServiceError('action_not_found')
    return create(AbortActionResponseSchema)
  }
}

async function abort(
  deps: RunsDeps,
  context: HandlerContext,
  { run, action, reason }: { run: RunIdentifier; action: string; reason: string | undefined },
): Promise<AbortOutcome> {
  const caller = await recordedCallerOf(deps, context)
  return deps.actions.abort(
    { run, action },
    {
      reason: reason?.slice(0, MAX_REASON_LENGTH) || DEFAULT_REASON,
      abortedBy: enrichedIdentityBytes(caller),
      atMs: deps.now(),
    },
  )
}
