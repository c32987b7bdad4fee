/** `RunService.GetActionDataURIs`. */
import { create } from '@bufbuild/protobuf'
import {
  type GetActionDataURIsRequest,
  type GetActionDataURIsResponse,
  GetActionDataURIsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { findAction } from './actions.ts'
import type { RunsDeps } from './deps.ts'

/** Makes the method. A URI that there is none of is empty. It throws `action_not_found`. */
export function getActionDataUrisMethod(deps: Pick<RunsDeps, 'actions'>) {
  return async ({ actionId }: GetActionDataURIsRequest): Promise<GetActionDataURIsResponse> => {
    const { action } = await findAction(deps, actionId)
    const { inputsUri, outputsUri } = action
    return create(GetActionDataURIsResponseSchema, { inputsUri, outputsUri })
  }
}
