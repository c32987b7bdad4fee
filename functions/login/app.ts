/**
 * Signing in and out, for browsers that the load balancer does not sign in:
 *
 *   GET  /login               ─► provider ─► GET /callback ─► where the person was going
 *   GET, POST /logout         ─► provider ─► GET /logout: the signed-out page
 *   GET  /me                  who is signed in
 *   POST /backchannel-logout  the provider ends sessions
 */
import type { ServiceError } from '../shared/errors.ts'
import { withCors } from '../shared/http/cors.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { type App, createApp } from '../shared/http/router.ts'
import { backchannelError, createBackchannelLogout } from './backchannel-logout.ts'
import { createCallback } from './callback.ts'
import type { LoginDeps } from './deps.ts'
import { createLogin } from './login.ts'
import { createLogout } from './logout.ts'
import { createMe } from './me.ts'
import { errorPage } from './pages.ts'

/** Makes the app. A refusal is a page where a person may look, and what the provider reads for the provider. */
export function createLoginApp(deps: LoginDeps): App {
  const app = createApp({
    function: 'login',
    paths: {
      '/login': createLogin(deps),
      '/callback': createCallback(deps),
      '/logout': createLogout(deps),
      '/me': createMe(deps),
      '/backchannel-logout': createBackchannelLogout(deps),
    },
    onError: (error, request) => refusal(deps, error, request),
  })
  const forPages = withCors(app, {
    isOwnOrigin: deps.isOwnOrigin,
    onRefusal: (error, request) => refusal(deps, error, request),
  })
  // The one path of this function that a script of a page has any business with.
  return (request, call) => (request.path === '/me' ? forPages : app)(request, call)
}

function refusal(deps: LoginDeps, error: ServiceError, request: HttpRequest): HttpResponse {
  if (request.path === '/backchannel-logout') return backchannelError(error)
  return errorPage(error, request, deps.publicUrlOf(request))
}
