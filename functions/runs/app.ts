/**
 * The function `runs`: runs, who starts them, and the projects they are in.
 *
 * Behind every way in that the route table gives it, and behind one gate: every method needs a caller. Flyte 2 has no permissions of its
 * own, so every caller may read and abort every run of the deployment; who did what is recorded. Methods that are
 * not in the table answer `unimplemented`.
 */
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { ProjectService } from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { createOriginMatcher } from '../shared/http/authorized-origins.ts'
import { bearerChallenge } from '../shared/http/challenge.ts'
import { withCors } from '../shared/http/cors.ts'
import { createPublicUrlResolver } from '../shared/http/public-url.ts'
import { type App, createApp } from '../shared/http/router.ts'
import type { CallerGate } from '../shared/identity/caller-gate.ts'
import type { Route } from '../shared/routes.ts'
import { connectErrorResponse } from '../shared/rpc/error-response.ts'
import { createRpcHandler, type RpcOptions } from '../shared/rpc/router.ts'
import { abortActionMethod, abortRunMethod } from './abort.ts'
import { createRunMethod } from './create-run/create-run.ts'
import type { RunsDeps } from './deps.ts'
import { getActionDataMethod } from './get-action-data.ts'
import { getActionDataUrisMethod } from './get-action-data-uris.ts'
import { getActionDetailsMethod } from './get-action-details.ts'
import { getActionLogContextMethod } from './get-action-log-context.ts'
import { getRunDetailsMethod } from './get-run-details.ts'
import { type LazyServices, withLazyServices } from './lazy-services.ts'
import { listActionsMethod } from './list-actions/list-actions.ts'
import { listRunsMethod } from './list-runs/list-runs.ts'
import { createProjectMethod, updateProjectMethod } from './projects/change-project.ts'
import { getProjectMethod } from './projects/get-project.ts'
import { listProjectsMethod } from './projects/list-projects.ts'
import { SIGNAL_EVENT, signalEventMethod } from './signal-event.ts'
import { userInfoMethod } from './user-info.ts'
import { watchActionsMethod } from './watch/watch-actions.ts'
import { watchClusterEventsMethod } from './watch/watch-cluster-events.ts'
import { watchActionDetailsMethod, watchRunDetailsMethod } from './watch/watch-details.ts'
import { watchGroupsMethod } from './watch/watch-groups.ts'
import { watchRunsMethod } from './watch/watch-runs.ts'

export interface RunsAppOptions extends RunsDeps {
  readonly gate: CallerGate
  readonly authorizedUris: readonly string[]
  /** The routes of this deployment; without it, those of the load balancer's sign-in. */
  readonly routes?: readonly Route[]
  /** Services whose code is loaded at their first call, by name. */
  readonly lazyServices: LazyServices
}

/** Makes the app. */
export function createRunsApp(options: RunsAppOptions): App {
  const publicUrlOf = createPublicUrlResolver(options.authorizedUris)
  const errorHeaders: RpcOptions['errorHeaders'] = (error, request) =>
    error.status === 401
      ? { 'www-authenticate': bearerChallenge(publicUrlOf(request), error) }
      : ({} as Record<string, string>)
  const rpcHandlerOf = (services: RpcOptions['services']) =>
    createRpcHandler({ services, gate: options.gate, errorHeaders })
  const app = createApp({
    function: 'runs',
    ...(options.routes === undefined ? {} : { routes: options.routes }),
    paths: {},
    rpc: withLazyServices(options.lazyServices, rpcHandlerOf)(servicesOf(options)),
    onError: (error, request) => connectErrorResponse(error, errorHeaders(error, request)),
  })
  return withCors(app, {
    isOwnOrigin: createOriginMatcher(options.authorizedUris),
    onRefusal: (error) => connectErrorResponse(error),
  })
}

function servicesOf(deps: RunsDeps): RpcOptions['services'] {
  return (router) => {
    router.service(RunService, {
      createRun: createRunMethod(deps),
      getRunDetails: getRunDetailsMethod(deps),
      getActionDetails: getActionDetailsMethod(deps),
      getActionData: getActionDataMethod(deps),
      getActionDataURIs: getActionDataUrisMethod(deps),
      listRuns: listRunsMethod(deps),
      listActions: listActionsMethod(deps),
      watchRunDetails: watchRunDetailsMethod(deps),
      watchActionDetails: watchActionDetailsMethod(deps),
      watchRuns: watchRunsMethod(deps),
      watchActions: watchActionsMethod(deps),
      watchGroups: watchGroupsMethod(deps),
      getActionLogContext: getActionLogContextMethod(deps),
      watchClusterEvents: watchClusterEventsMethod(deps),
      abortRun: abortRunMethod(deps),
      abortAction: abortActionMethod(deps),
    })
    router.rpc(SIGNAL_EVENT, signalEventMethod(deps))
    router.service(IdentityService, { userInfo: userInfoMethod(deps) })
    router.service(ProjectService, {
      getProject: getProjectMethod(deps),
      listProjects: listProjectsMethod(deps),
      createProject: createProjectMethod(deps),
      updateProject: updateProjectMethod(deps),
    })
  }
}
