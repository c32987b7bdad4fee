/**
 * Calls that pages of other origins make (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol): answered to the
 * authorizedUris, by name, and to nobody else.
 */
import { noteFailure } from '../call.ts'
import { ServiceError } from '../errors.ts'
import type { OriginMatcher } from './authorized-origins.ts'
import type { HttpRequest, HttpResponse } from './message.ts'
import type { App } from './router.ts'

export interface CorsOptions {
  readonly isOwnOrigin: OriginMatcher
  /** What a page reads whose origin is none of ours. */
  readonly onRefusal: (error: ServiceError, request: HttpRequest) => HttpResponse
}

/** What clients of the API send: the Connect protocol's own headers, credentials, and the request's id. */
const REQUEST_HEADERS = [
  'authorization',
  'connect-protocol-version',
  'connect-timeout-ms',
  'content-encoding',
  'content-type',
  'flyte-authorization',
  'x-request-id',
  'x-user-agent',
].join(', ')
const RESPONSE_HEADERS = 'www-authenticate, x-request-id'
/** As long as browsers keep it at most. */
const PREFLIGHT_SECONDS = 7_200

/**
 * Puts CORS around an app.
 *
 * Only an origin of ours is told that it may read, with credentials; any other one is told nothing, and its browser
 * keeps the answer from it. A preflight of another origin is refused with `cross_site_request`. Whether a request may
 * change something is not decided here: see `assertOwnPage`.
 *
 * In class `oidc` nothing is added: there the load balancer's session is for pages of this very origin.
 */
export function withCors(app: App, { isOwnOrigin, onRefusal }: CorsOptions): App {
  return async (request, call) => {
    if (request.access !== 'open') return app(request, call)
    const origin = allowedOrigin(request, isOwnOrigin)
    if (!isPreflight(request)) return withHeaders(await app(request, call), readableBy(origin))
    call.operation = 'preflight'
    if (origin !== undefined) return preflightAnswer(origin)
    const error = new ServiceError('cross_site_request')
    noteFailure(call, error)
    return withHeaders(onRefusal(error, request), {})
  }
}

function isPreflight({ method, headers }: HttpRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

function allowedOrigin({ headers }: HttpRequest, isOwnOrigin: OriginMatcher): string | undefined {
  const [origin, ...more] = headers.origin ?? []
  if (origin === undefined || more.length > 0 || !URL.canParse(origin)) return undefined
  const url = new URL(origin)
  // Browsers write an origin in one way; whatever is more than that is no origin.
  return url.origin === origin && isOwnOrigin(url) ? origin : undefined
}

function readableBy(origin: string | undefined): Readonly<Record<string, string>> {
  if (origin === undefined) return {}
  return { ...allowing(origin), 'access-control-expose-headers': RESPONSE_HEADERS }
}

function allowing(origin: string) {
  return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
}

function preflightAnswer(origin: string): HttpResponse {
  const headers = {
    ...allowing(origin),
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  }
  return withHeaders({ status: 204, headers, body: '' }, {})
}

/** Every answer depends on the origin, the ones without a word about it as well. */
function withHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): HttpResponse {
  const vary = [response.headers.vary ?? []].flat()
  return {
    ...response,
    headers: { ...response.headers, ...headers, vary: [...vary, 'Origin'].join(', ') },
  }
}
