/**
 * The console: pages for people who are signed in, by the load balancer or by this deployment itself, and the one
 * for those who signed out.
 *
 * | path | what | who |
 * |---|---|---|
 * | `/v2`, `/v2/run` | runs and one run; their scripts call the API with the same session | signed in |
 * | `/v2/domain/…` | the links that the SDK prints, led to those two | signed in |
 * | `/v2/whoami`, `/v2/connect` | identity and sign-out; how to connect SDK and command line | signed in |
 * | `/v2/sign-out`, `/signed-out` | ends the load balancer's session, and says so | anybody |
 *
 * Where this deployment signs people in itself, whoever has no session is sent to `/login` and comes back, and signs
 * out at `/logout`.
 */
import type { Call } from '../shared/call.ts'
import type { FunctionSettings } from '../shared/config.ts'
import { deployedRoutes } from '../shared/deployed-routes.ts'
import { ServiceError } from '../shared/errors.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import { createOriginMatcher } from '../shared/http/authorized-origins.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { createPublicUrlResolver } from '../shared/http/public-url.ts'
import { type App, createApp, type PathHandler } from '../shared/http/router.ts'
import type { Caller } from '../shared/identity/caller.ts'
import type { CallerResolver } from '../shared/identity/resolve-caller.ts'
import { SCRIPT, STYLE, serveAsset } from './assets.ts'
import { connectPage } from './connect-page.ts'
import { errorPage } from './error-page.ts'
import { runPage } from './run-page.ts'
import { runsPage } from './runs-page.ts'
import { followSdkLink, RUN_LINK, TASK_LINK, TRIGGER_LINK } from './sdk-links.ts'
import { isSentToSignIn, LOGIN_PATH, toSignIn } from './sign-in.ts'
import { signedOutPage, signOut, toSignOut } from './sign-out.ts'
import { whoAmIPage } from './who-am-i-page.ts'

export interface ConsoleDeps {
  readonly settings: Pick<FunctionSettings, 'authorizedUris' | 'auth' | 'runs' | 'loadBalancer' | 'session'>
  readonly resolveCaller: CallerResolver
}

interface Visit {
  readonly request: HttpRequest
  readonly caller: Caller
  /** Where the page's script sends somebody whose session has ended; undefined where the load balancer does that. */
  readonly signInPath: string | undefined
}

/** Makes the console. The files are the same for everybody and say nothing of anybody, so they need no caller. */
export function createConsoleApp({ settings, resolveCaller }: ConsoleDeps): App {
  const publicUrl = createPublicUrlResolver(settings.authorizedUris)
  const isOwnOrigin = createOriginMatcher(settings.authorizedUris)
  const { sessionCookieName } = settings.loadBalancer
  const signIn = settings.session === undefined ? 'alb' : 'service'
  const isService = signIn === 'service'

  const forCaller =
    (page: (visit: Visit) => HttpResponse): PathHandler =>
    async (request: HttpRequest, call: Call) => {
      const resolved = await resolveCaller(request, call)
      if (resolved === undefined && isService && isSentToSignIn(request)) {
        call.notes.signIn = 'needed'
        return toSignIn(request)
      }
      if (resolved === undefined) throw new ServiceError('credentials_missing')
      return page({ request, caller: resolved.caller, signInPath: isService ? LOGIN_PATH : undefined })
    }

  return createApp({
    function: 'console',
    routes: deployedRoutes(settings),
    paths: {
      '/v2': forCaller((visit) => runsPage({ ...visit, settings })),
      '/v2/run': forCaller(runPage),
      '/v2/whoami': forCaller((visit) => whoAmIPage({ ...visit, settings })),
      '/v2/connect': forCaller((visit) =>
        connectPage({ ...visit, settings, publicUrl: publicUrl(visit.request) }),
      ),
      '/v2/console.css': (request) => serveAsset(STYLE, request),
      '/v2/console.js': (request) => serveAsset(SCRIPT, request),
      [RUN_LINK]: (request) => followSdkLink(RUN_LINK, request),
      [TASK_LINK]: (request) => followSdkLink(TASK_LINK, request),
      [TRIGGER_LINK]: (request) => followSdkLink(TRIGGER_LINK, request),
      '/v2/sign-out': (request) =>
        isService ? toSignOut(request, 307) : signOut(request, { sessionCookieName, isOwnOrigin }),
      '/signed-out': (request) => (isService ? toSignOut(request, 303) : signedOutPage(request, settings)),
      '/console': redirectToFirstPage,
    },
    onError: (error, request) => errorPage({ error, request, publicUrl: publicUrl(request), signIn }),
  })
}

function redirectToFirstPage(request: HttpRequest): HttpResponse {
  const headers = { ...securityHeaders(request), location: '/v2', 'cache-control': 'no-store' }
  return { status: 303, headers, body: '' }
}
