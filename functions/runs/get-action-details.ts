/** `RunService.GetActionDetails`. */
import { create } from '@bufbuild/protobuf'
import {
  type GetActionDetailsRequest,
  type GetActionDetailsResponse,
  GetActionDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { findAction } from './actions.ts'
import type { RunsDeps } from './deps.ts'
import { actionDetailsOf } from './messages.ts'

/** Makes the method. It throws `action_not_found`. */
export function getActionDetailsMethod({ runs, tasks }: Pick<RunsDeps, 'runs' | 'tasks'>) {
  return async ({ actionId }: GetActionDetailsRequest): Promise<GetActionDetailsResponse> => {
    const { action, org } = await findAction(runs, actionId)
    const spec = await tasks.findSpec(action.taskSpecDigest)
    return create(GetActionDetailsResponseSchema, { details: actionDetailsOf(action, org, spec) })
  }
}
