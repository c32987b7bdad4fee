/** `InternalRunService.UpdateActionStatus`: how an action is, as its executor sees it. */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type UpdateActionStatusRequest,
  type UpdateActionStatusResponse,
  UpdateActionStatusResponseSchema,
  type UpdateActionStatusStreamRequest,
  UpdateActionStatusStreamResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import { required } from '../shared/rpc/required.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'
import { answerEach, okStatus } from './results.ts'
import { takeStatus } from './status.ts'

/** Makes the method. An outdated status is answered like any other, and not stored. It throws `action_not_found`. */
export function updateActionStatusMethod(deps: ActionsDeps) {
  return async (
    request: UpdateActionStatusRequest,
    context: HandlerContext,
  ): Promise<UpdateActionStatusResponse> => {
    await update(deps, request, context)
    return create(UpdateActionStatusResponseSchema, { actionId: request.actionId, status: okStatus() })
  }
}

/** The same for many, each with an answer of its own that carries the request's nonce. */
export function updateActionStatusStreamMethod(deps: ActionsDeps) {
  return (requests: AsyncIterable<UpdateActionStatusStreamRequest>, context: HandlerContext) =>
    answerEach(
      requests,
      context,
      ({ request }) => update(deps, required(request, 'request'), context),
      ({ request, nonce }, status) =>
        create(UpdateActionStatusStreamResponseSchema, {
          response: { actionId: request?.actionId, status },
          nonce,
        }),
    )
}

function update(
  deps: ActionsDeps,
  request: UpdateActionStatusRequest,
  context: HandlerContext,
): Promise<void> {
  const key = actionKeyOf(request.actionId, 'action_id')
  const status = required(request.status, 'status')
  return takeStatus(deps, { key, status, attempt: status.attempts, state: undefined }, context)
}
