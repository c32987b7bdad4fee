/** `RunService.GetActionLogContext`: where the logs of an attempt are, as its executor reported it. */
import { create } from '@bufbuild/protobuf'
import {
  type GetActionLogContextRequest,
  type GetActionLogContextResponse,
  GetActionLogContextResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { findAction } from './actions.ts'
import { reportedAttempt } from './attempts.ts'
import type { RunsDeps } from './deps.ts'

/** Makes the method. It throws `action_not_found`, `logs_not_found`. */
export function getActionLogContextMethod(deps: Pick<RunsDeps, 'actions'>) {
  return async (request: GetActionLogContextRequest): Promise<GetActionLogContextResponse> => {
    const { action } = await findAction(deps, request.actionId)
    const { logContext, cluster } = reportedAttempt(action, request.attempt) ?? {}
    if (logContext === undefined) throw new ServiceError('logs_not_found')
    return create(GetActionLogContextResponseSchema, { logContext, cluster })
  }
}
