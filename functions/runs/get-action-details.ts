/** `RunService.GetActionDetails`. */
import { create } from '@bufbuild/protobuf'
import type { ActionIdentifier } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import type { ActionDetails } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type GetActionDetailsRequest,
  type GetActionDetailsResponse,
  GetActionDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { findAction } from './actions.ts'
import type { RunsDeps } from './deps.ts'
import { actionDetailsOf } from './messages.ts'

/** Makes the method. It throws `action_not_found`. */
export function getActionDetailsMethod(deps: Pick<RunsDeps, 'actions' | 'tasks'>) {
  return async ({ actionId }: GetActionDetailsRequest): Promise<GetActionDetailsResponse> =>
    create(GetActionDetailsResponseSchema, { details: await readActionDetails(deps, actionId) })
}

/** Everything about an action as it is now. Throws `action_not_found`. */
export async function readActionDetails(
  { actions, tasks }: Pick<RunsDeps, 'actions' | 'tasks'>,
  actionId: ActionIdentifier | undefined,
): Promise<ActionDetails> {
  const { action, org } = await findAction({ actions }, actionId)
  // Traces and conditions have no task.
  const spec = action.taskSpecDigest === '' ? undefined : await tasks.findSpec(action.taskSpecDigest)
  return actionDetailsOf(action, org, spec)
}
