/** Failures as OAuth clients read them (RFC 6749 section 5.2). */
import { type Call, noteFailure } from '../shared/call.ts'
import { type Reason, ServiceError } from '../shared/errors.ts'
import { type HttpResponse, jsonResponse } from '../shared/http/message.ts'
import type { JwtObject } from '../shared/tokens/jwt.ts'

export const NEVER_STORED = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** The codes that are logged by name; any other text of an answer stays out of the log. */
const CODES: Readonly<Record<string, Reason>> = {
  invalid_request: 'oauth_request_refused',
  invalid_scope: 'oauth_request_refused',
  invalid_target: 'oauth_request_refused',
  invalid_redirect_uri: 'oauth_request_refused',
  unsupported_grant_type: 'oauth_request_refused',
  unsupported_response_type: 'oauth_request_refused',
  unsupported_response_mode: 'oauth_request_refused',
  request_not_supported: 'oauth_request_refused',
  request_uri_not_supported: 'oauth_request_refused',
  registration_not_supported: 'oauth_request_refused',
  unauthorized_client: 'oauth_client_refused',
  invalid_client: 'oauth_client_refused',
  invalid_grant: 'oauth_grant_refused',
  expired_token: 'oauth_grant_refused',
  access_denied: 'oauth_grant_refused',
  login_required: 'oauth_grant_refused',
}

/** What a device hears while its person has not decided: an answer like any other. */
const WAITING: ReadonlySet<string> = new Set(['authorization_pending', 'slow_down'])

/** The error of an answer of the engine, or undefined. */
export function oauthErrorOf(response: HttpResponse): { error: string; description: string } | undefined {
  if (response.status < 400) return undefined
  try {
    const { error, error_description: description } = JSON.parse(String(response.body)) as JwtObject
    if (typeof error !== 'string') return undefined
    return { error, description: typeof description === 'string' ? description : '' }
  } catch {
    return undefined
  }
}

/** Notes how a request of the protocol ended. */
export function noteOauthError(call: Call, error: string): void {
  if (WAITING.has(error)) {
    call.notes.oauthError = error
    return
  }
  const reason = Object.hasOwn(CODES, error) ? CODES[error] : undefined
  if (reason !== undefined) call.notes.oauthError = error
  noteFailure(call, new ServiceError(reason ?? 'oauth_request_refused'))
}

/** The answer to a request that the engine never saw. */
export function oauthErrorResponse(error: ServiceError): HttpResponse {
  // A credential that was sent twice is a mistake in writing the request, not a refused secret.
  const status = error.status === 401 ? 400 : error.status
  return jsonResponse(
    status,
    { error: oauthCode(status), error_description: error.message },
    { ...error.headers, ...NEVER_STORED },
  )
}

function oauthCode(status: number): string {
  if (status === 503 || status === 429) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}
