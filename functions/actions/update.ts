/** `ActionsService.Update`: the status of an attempt, and what its executor wants to find again. */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type UpdateRequest,
  type UpdateResponse,
  UpdateResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'
import { takeStatus } from './status.ts'

/** It shares an item of 400 KB with everything else about the action. */
export const MAX_STATE_BYTES = 32 * 1024

/**
 * Makes the method. Status and state are one write: of a report that is outdated neither is taken over. It throws
 * `action_not_found`, `request_invalid`, `request_too_large`.
 */
export function updateMethod(deps: ActionsDeps) {
  return async (request: UpdateRequest, context: HandlerContext): Promise<UpdateResponse> => {
    const { attempt, state } = request
    if (Buffer.byteLength(state) > MAX_STATE_BYTES) {
      throw new ServiceError('request_too_large', {
        message: `state is larger than ${MAX_STATE_BYTES} bytes.`,
      })
    }
    const key = actionKeyOf(request.actionId, 'action_id')
    const status = required(request.status, 'status')
    await takeStatus(deps, { key, status, attempt, state: { attempt, text: state } }, context)
    return create(UpdateResponseSchema)
  }
}
