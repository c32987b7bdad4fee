/** The routes of the deployment that a function is part of. */
import type { FunctionSettings } from './config.ts'
import { type Route, routesFor } from './routes.ts'

/** Reads from the settings which routes there are: they say who signs browsers in by having a session or none. */
export function deployedRoutes({
  auth,
  session,
}: Pick<FunctionSettings, 'auth' | 'session'>): readonly Route[] {
  return routesFor({
    authServerType: auth.appAuth.authServerType,
    browserAuth: session === undefined ? 'alb' : 'service',
  })
}
