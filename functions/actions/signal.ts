/** `ActionsService.Signal`: the value that a condition has been waiting for. */
import { create } from '@bufbuild/protobuf'
import {
  type SignalRequest,
  type SignalResponse,
  SignalResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { required } from '../shared/rpc/required.ts'
import { signalCondition } from '../shared/signal-condition.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'

/** Makes the method. It throws what {@link signalCondition} throws. */
export function signalMethod(deps: Pick<ActionsDeps, 'actions' | 'now'>) {
  return async (request: SignalRequest): Promise<SignalResponse> => {
    const key = actionKeyOf(request.actionId, 'action_id')
    const literal = required(request.value, 'value')
    await signalCondition(deps, { key, parent: request.parentActionName, literal })
    return create(SignalResponseSchema)
  }
}
