/**
 * The token endpoint proxy: clients that cannot reach the provider's token endpoint are sent to ours, which
 * passes the request on.
 *
 * client ─ POST {pathPrefix}{provider's token path} ─► here ─ POST token_endpoint ─► provider
 *
 * Nothing of it is stored and nothing of it is logged. Only the token endpoint of the provider's current
 * metadata is ever asked, whatever a client sends.
 */
import type { Call } from '../shared/call.ts'
import type { FunctionSettings } from '../shared/config.ts'
import { ServiceError } from '../shared/errors.ts'
import type { FetchedDocument } from '../shared/http/fetch-document.ts'
import {
  type HttpRequest,
  type HttpResponse,
  headerValue,
  singleCredentialHeader,
} from '../shared/http/message.ts'
import type { ExtraRoute } from '../shared/http/router.ts'
import { NEVER_STORED } from './caching.ts'
import type { ExternalMetadata, Fetch } from './external-metadata.ts'
import type { ServerMetadata } from './server-metadata.ts'

export type TokenProxySettings = FunctionSettings['auth']['tokenEndpointProxyConfig']

export interface TokenProxyOptions {
  readonly settings: TokenProxySettings
  readonly metadata: ExternalMetadata
  readonly fetch: Fetch
  /** The way out to the provider, or null. */
  readonly proxyUrl: string | null
}

const MAX_FORM_BYTES = 64 * 1024
const MAX_ANSWER_BYTES = 256 * 1024
const TIMEOUT_MS = 8_000
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i
const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i
const ANSWER_HEADERS = [
  'content-type',
  'cache-control',
  'pragma',
  'expires',
  'www-authenticate',
  'retry-after',
]

/** Whether a path is one that the load balancer may send here; see `tokenProxyPathPatterns`. */
export function isTokenProxyPath({ enabled, pathPrefix }: TokenProxySettings, path: string): boolean {
  return enabled && path.startsWith(`${pathPrefix}/`) && path.endsWith('/token')
}

/**
 * The provider's metadata as clients are to read it: with our token endpoint if the proxy is on.
 *
 * @throws {ServiceError} `feature_unconfigured` if the provider's token path is one that the load balancer
 *   does not send here: better no answer than an endpoint that nobody serves.
 */
export function withProxiedTokenEndpoint(
  metadata: ServerMetadata,
  settings: TokenProxySettings,
): ServerMetadata {
  if (!settings.enabled) return metadata
  const path = proxiedPath(metadata, settings)
  if (!isTokenProxyPath(settings, path)) throw new ServiceError('feature_unconfigured')
  return { ...metadata, token_endpoint: `${settings.publicUrl.replace(/\/+$/, '')}${path}` }
}

function proxiedPath(metadata: ServerMetadata, { pathPrefix }: TokenProxySettings): string {
  return `${pathPrefix}${new URL(metadata.token_endpoint).pathname}`
}

/** Makes the route of the proxy: POST of a form to the exact path that the metadata advertises. */
export function createTokenProxyRoute(options: TokenProxyOptions): ExtraRoute {
  return {
    operation: 'token-proxy',
    methods: ['POST'],
    matches: (path) => isTokenProxyPath(options.settings, path),
    handle: (request, call) => passOn(options, request, call),
  }
}

async function passOn(
  { settings, metadata, fetch, proxyUrl }: TokenProxyOptions,
  request: HttpRequest,
  call: Call,
): Promise<HttpResponse> {
  if (request.access !== 'open') throw new ServiceError('service_refused')
  const headers = forwardedHeaders(request)
  if (request.body.length > MAX_FORM_BYTES) throw new ServiceError('request_too_large')
  const provider = await metadata.get(call)
  if (request.path !== proxiedPath(provider, settings)) throw new ServiceError('path_unknown')
  const answer = await fetch(provider.token_endpoint, {
    method: 'POST',
    headers,
    body: request.body,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
    proxyUrl,
  })
  call.notes.providerStatus = answer.status
  return responseOf(answer)
}

/** The two headers that a token request has of its own; a cookie or a forwarding header is none of theirs. */
function forwardedHeaders({ headers }: HttpRequest): Record<string, string> {
  const contentType = headerValue(headers, 'content-type') ?? ''
  const isEncoded = (headerValue(headers, 'content-encoding') ?? 'identity') !== 'identity'
  if (!FORM.test(contentType) || isEncoded) throw new ServiceError('content_type_unsupported')
  const authorization = singleCredentialHeader(headers, 'authorization')
  return {
    'content-type': contentType,
    accept: 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
  }
}

/**
 * What the provider answered, if it is a token endpoint's answer: JSON, whether it grants or refuses
 * (RFC 6749 sections 5.1 and 5.2). A page or a redirect is for the provider's own origin, not for ours.
 */
function responseOf({ status, headers, body }: FetchedDocument): HttpResponse {
  if (status >= 500 || status === 408) throw new ServiceError('provider_unavailable')
  const isAnswer = status === 200 || (status >= 400 && status < 500)
  if (!isAnswer || !JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new ServiceError('provider_answer_invalid')
  }
  const passed = ANSWER_HEADERS.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name]]],
  )
  return { status, headers: { ...NEVER_STORED, ...Object.fromEntries(passed) }, body: Buffer.from(body) }
}
