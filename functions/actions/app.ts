/**
 * The function `actions`: what running tasks and executors report and ask, over the internal load balancer.
 *
 * The public listener refuses both services, and so does the router here for any other way in. What a call may do is
 * a matter of the network it comes from: Flyte's tasks carry no credential. Methods that are not in the table answer
 * `unimplemented`.
 */
import { ActionsService } from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { InternalRunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import { bearerChallenge } from '../shared/http/challenge.ts'
import { createPublicUrlResolver } from '../shared/http/public-url.ts'
import { type App, createApp } from '../shared/http/router.ts'
import type { CallerResolver } from '../shared/identity/resolve-caller.ts'
import { connectErrorResponse } from '../shared/rpc/error-response.ts'
import { createRpcHandler, type RpcOptions } from '../shared/rpc/router.ts'
import { abortMethod } from './abort.ts'
import type { ActionsDeps } from './deps.ts'
import { enqueueMethod } from './enqueue.ts'
import { createNetworkGate } from './gate.ts'
import { getLatestStateMethod } from './get-latest-state.ts'
import { recordActionMethod, recordActionStreamMethod } from './record-action.ts'
import { recordActionEventStreamMethod, recordActionEventsMethod } from './record-action-events.ts'
import { signalMethod } from './signal.ts'
import { updateMethod } from './update.ts'
import { updateActionStatusMethod, updateActionStatusStreamMethod } from './update-action-status.ts'
import { watchForUpdatesMethod } from './watch-for-updates.ts'

export interface ActionsAppOptions extends ActionsDeps {
  readonly resolveCaller: CallerResolver
  readonly authorizedUris: readonly string[]
}

/** Makes the app. */
export function createActionsApp(options: ActionsAppOptions): App {
  const publicUrlOf = createPublicUrlResolver(options.authorizedUris)
  const errorHeaders: RpcOptions['errorHeaders'] = (error, request) =>
    error.status === 401
      ? { 'www-authenticate': bearerChallenge(publicUrlOf(request), error) }
      : ({} as Record<string, string>)
  const gate = createNetworkGate(options.resolveCaller)
  return createApp({
    function: 'actions',
    paths: {},
    rpc: createRpcHandler({ services: servicesOf(options), gate, errorHeaders }),
    onError: (error, request) => connectErrorResponse(error, errorHeaders(error, request)),
  })
}

function servicesOf(deps: ActionsDeps): RpcOptions['services'] {
  return (router) => {
    router.service(ActionsService, {
      enqueue: enqueueMethod(deps),
      getLatestState: getLatestStateMethod(deps),
      watchForUpdates: watchForUpdatesMethod(deps),
      update: updateMethod(deps),
      abort: abortMethod(deps),
      signal: signalMethod(deps),
    })
    router.service(InternalRunService, {
      recordAction: recordActionMethod(deps),
      recordActionStream: recordActionStreamMethod(deps),
      updateActionStatus: updateActionStatusMethod(deps),
      updateActionStatusStream: updateActionStatusStreamMethod(deps),
      recordActionEvents: recordActionEventsMethod(deps),
      recordActionEventStream: recordActionEventStreamMethod(deps),
    })
  }
}
