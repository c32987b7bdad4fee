/** `ActionsService.Enqueue`: an action that a running task asks for. */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type EnqueueRequest,
  type EnqueueResponse,
  EnqueueResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { required } from '../shared/rpc/required.ts'
import { callKey } from '../shared/rpc/router.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'
import { makeAction } from './new-action.ts'

/**
 * Makes the method. Sent again, it changes nothing and says so to nobody: a task repeats it until it has an answer.
 * It throws what {@link makeAction} throws.
 */
export function enqueueMethod(deps: ActionsDeps) {
  return async (request: EnqueueRequest, context: HandlerContext): Promise<EnqueueResponse> => {
    const action = required(request.action, 'action')
    const created = await makeAction(deps, {
      key: actionKeyOf(action.actionId, 'action.action_id'),
      parent: action.parentActionName ?? '',
      group: action.group,
      inputsUri: action.inputUri,
      outputBase: action.runOutputBase.replace(/\/+$/, ''),
      spec: action.spec,
      runSpec: request.runSpec,
    })
    if (!created) context.values.get(callKey).notes.repeated = true
    return create(EnqueueResponseSchema)
  }
}
