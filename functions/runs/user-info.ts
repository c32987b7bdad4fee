/** `IdentityService.UserInfo`: the caller just as a run would record it. */
import type { HandlerContext } from '@connectrpc/connect'
import type { UserInfoRequest, UserInfoResponse } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { userInfoOf } from '../shared/identity/enriched-identity.ts'
import { type RunsDeps, recordedCallerOf } from './deps.ts'

/** Makes the method. It answers nobody that the gate lets through with an error. */
export function userInfoMethod(deps: Pick<RunsDeps, 'enrich'>) {
  return async (_request: UserInfoRequest, context: HandlerContext): Promise<UserInfoResponse> =>
    userInfoOf(await recordedCallerOf(deps, context))
}
