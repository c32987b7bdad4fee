/**
 * `RunService.WatchActionDetails` and `WatchRunDetails`: how it is now, and the end. The load balancer passes a
 * stream on only once it is complete, and clients ask again until they have seen the end of what they watch.
 */
import { create } from '@bufbuild/protobuf'
import {
  type WatchActionDetailsRequest,
  type WatchActionDetailsResponse,
  WatchActionDetailsResponseSchema,
  type WatchRunDetailsRequest,
  type WatchRunDetailsResponse,
  WatchRunDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { RunsDeps } from '../deps.ts'
import { readActionDetails } from '../get-action-details.ts'
import { readRunDetails } from '../get-run-details.ts'

/** Makes WatchActionDetails, a stream of one message. It throws `action_not_found`. */
export function watchActionDetailsMethod(deps: Pick<RunsDeps, 'actions' | 'tasks'>) {
  return async function* ({
    actionId,
  }: WatchActionDetailsRequest): AsyncGenerator<WatchActionDetailsResponse> {
    yield create(WatchActionDetailsResponseSchema, { details: await readActionDetails(deps, actionId) })
  }
}

/** Makes WatchRunDetails, a stream of one message. It throws `run_not_found`. */
export function watchRunDetailsMethod(deps: Pick<RunsDeps, 'actions' | 'tasks'>) {
  return async function* ({ runId }: WatchRunDetailsRequest): AsyncGenerator<WatchRunDetailsResponse> {
    yield create(WatchRunDetailsResponseSchema, { details: await readRunDetails(deps, runId) })
  }
}
