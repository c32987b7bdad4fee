/** `InternalRunService.RecordAction`: an action that somebody else already runs. */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type RecordActionRequest,
  type RecordActionResponse,
  RecordActionResponseSchema,
  type RecordActionStreamRequest,
  RecordActionStreamResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import { required } from '../shared/rpc/required.ts'
import { callKey } from '../shared/rpc/router.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'
import { makeAction } from './new-action.ts'
import { answerEach, okStatus } from './results.ts'

/** Makes the method. It throws what {@link makeAction} throws. `subject` is not believed: the run says whose it is. */
export function recordActionMethod(deps: ActionsDeps) {
  return async (request: RecordActionRequest, context: HandlerContext): Promise<RecordActionResponse> => {
    await record(deps, request, context)
    return create(RecordActionResponseSchema, { actionId: request.actionId, status: okStatus() })
  }
}

/** The same for many actions, each with an answer of its own. */
export function recordActionStreamMethod(deps: ActionsDeps) {
  return (requests: AsyncIterable<RecordActionStreamRequest>, context: HandlerContext) =>
    answerEach(
      requests,
      context,
      ({ request }) => record(deps, required(request, 'request'), context),
      ({ request }, status) =>
        create(RecordActionStreamResponseSchema, { response: { actionId: request?.actionId, status } }),
    )
}

async function record(
  deps: ActionsDeps,
  request: RecordActionRequest,
  context: HandlerContext,
): Promise<void> {
  const { parent, group, inputUri, spec } = request
  const created = await makeAction(deps, {
    key: actionKeyOf(request.actionId, 'action_id'),
    parent,
    group,
    inputsUri: inputUri,
    outputBase: '',
    spec,
    runSpec: undefined,
  })
  if (!created) context.values.get(callKey).notes.repeated = true
}
