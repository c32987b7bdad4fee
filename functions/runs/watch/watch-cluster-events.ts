/** `RunService.WatchClusterEvents`: what happened around an attempt so far, as its executor reported it. */
import { create } from '@bufbuild/protobuf'
import {
  type WatchClusterEventsRequest,
  type WatchClusterEventsResponse,
  WatchClusterEventsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { findAction } from '../actions.ts'
import { reportedAttempt } from '../attempts.ts'
import type { RunsDeps } from '../deps.ts'

/** Makes the method, a stream of one message. It throws `action_not_found`. */
export function watchClusterEventsMethod(deps: Pick<RunsDeps, 'actions'>) {
  return async function* ({
    id,
    attempt,
  }: WatchClusterEventsRequest): AsyncGenerator<WatchClusterEventsResponse> {
    const { action } = await findAction(deps, id)
    const clusterEvents = reportedAttempt(action, attempt)?.clusterEvents ?? []
    yield create(WatchClusterEventsResponseSchema, { clusterEvents })
  }
}
