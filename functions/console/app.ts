/** The console: a first page for people who are signed in by the load balancer, with its own files. */
import type { Call } from '../shared/call.ts'
import type { FunctionSettings } from '../shared/config.ts'
import { ServiceError } from '../shared/errors.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { createPublicUrlResolver } from '../shared/http/public-url.ts'
import { type App, createApp } from '../shared/http/router.ts'
import type { CallerResolver } from '../shared/identity/resolve-caller.ts'
import { SCRIPT, STYLE, serveAsset } from './assets.ts'
import { consolePage } from './console-page.ts'
import { errorPage } from './error-page.ts'

export interface ConsoleDeps {
  readonly settings: Pick<FunctionSettings, 'authorizedUris' | 'runs'>
  readonly resolveCaller: CallerResolver
}

/** Makes the console. The files are the same for everybody and say nothing of anybody, so they need no caller. */
export function createConsoleApp({ settings, resolveCaller }: ConsoleDeps): App {
  const publicUrl = createPublicUrlResolver(settings.authorizedUris)

  async function firstPage(request: HttpRequest, call: Call): Promise<HttpResponse> {
    const resolved = await resolveCaller(request, call)
    if (resolved === undefined) throw new ServiceError('credentials_missing')
    return consolePage({ request, caller: resolved.caller, settings })
  }

  return createApp({
    function: 'console',
    paths: {
      '/v2': firstPage,
      '/v2/console.css': (request) => serveAsset(STYLE, request),
      '/v2/console.js': (request) => serveAsset(SCRIPT, request),
      '/console': redirectToFirstPage,
    },
    onError: (error, request) => errorPage(error, request, publicUrl(request)),
  })
}

function redirectToFirstPage(request: HttpRequest): HttpResponse {
  const headers = { ...securityHeaders(request), location: '/v2', 'cache-control': 'no-store' }
  return { status: 303, headers, body: '' }
}
