/** `DataProxyService.GetActionData`. */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type GetActionDataRequest,
  type GetActionDataResponse,
  GetActionDataResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { type ActionDataDeps, readActionData } from './read-action-data.ts'

/** Makes the method. It throws what {@link readActionData} throws. */
export function dataProxyActionDataMethod(deps: ActionDataDeps) {
  return async (request: GetActionDataRequest, context: HandlerContext): Promise<GetActionDataResponse> =>
    create(GetActionDataResponseSchema, await readActionData(deps, request.actionId, context))
}
