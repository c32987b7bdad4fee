/**
 * Signing in and out, for browsers that the load balancer does not sign in:
 *
 *   GET  /login               ─► provider ─► GET /callback ─► where the person was going
 *   GET, POST /logout         ─► provider ─► GET /logout: the signed-out page
 *   GET  /me                  who is signed in
 *   POST /backchannel-logout  the provider ends sessions
 */
import type { ServiceError } from '../shared/errors.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { backchannelError, createBackchannelLogout } from './backchannel-logout.ts'
import { createCallback } from './callback.ts'
import type { LoginDeps } from './deps.ts'
import { createLogin } from './login.ts'
import { createLogout } from './logout.ts'
import { createMe } from './me.ts'
import { errorPage } from './pages.ts'

export type LoginPath = '/login' | '/callback' | '/logout' | '/me' | '/backchannel-logout'

/** What answers each path. */
export function loginPaths(deps: LoginDeps): Readonly<Record<LoginPath, PathHandler>> {
  return {
    '/login': createLogin(deps),
    '/callback': createCallback(deps),
    '/logout': createLogout(deps),
    '/me': createMe(deps),
    '/backchannel-logout': createBackchannelLogout(deps),
  }
}

/** How a refusal is answered: a page for people, and what the provider reads for the provider. */
export function loginError(deps: LoginDeps): (error: ServiceError, request: HttpRequest) => HttpResponse {
  return (error, request) =>
    request.path === '/backchannel-logout'
      ? backchannelError(error)
      : errorPage(error, request, deps.publicUrlOf(request))
}
