/** `ActionsService.GetLatestState`: what the executor noted about an attempt. */
import { create } from '@bufbuild/protobuf'
import {
  type GetLatestStateRequest,
  type GetLatestStateResponse,
  GetLatestStateResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'

/** Makes the method. It throws `action_not_found`, and `state_not_found` for an attempt that left none. */
export function getLatestStateMethod({ actions }: Pick<ActionsDeps, 'actions'>) {
  return async ({ actionId, attempt }: GetLatestStateRequest): Promise<GetLatestStateResponse> => {
    const action = await actions.find(actionKeyOf(actionId, 'action_id'))
    if (action === undefined) throw new ServiceError('action_not_found')
    const { state } = action
    if (state === undefined || state.attempt !== attempt || state.text === '') {
      throw new ServiceError('state_not_found')
    }
    return create(GetLatestStateResponseSchema, { state: state.text })
  }
}
