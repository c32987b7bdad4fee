/** A failure as an OAuth client reads it (RFC 6749 section 5.2). */
import type { ServiceError } from '../shared/errors.ts'
import { type HttpResponse, jsonResponse } from '../shared/http/message.ts'
import { NEVER_STORED } from './caching.ts'

/** The failure of a token request that never got an answer of the provider's own. */
export function oauthErrorResponse(error: ServiceError): HttpResponse {
  // A duplicated credential is the client's mistake in writing the request, not a refused secret.
  const status = error.status === 401 ? 400 : error.status
  return jsonResponse(
    status,
    { error: oauthCode(status), error_description: error.message },
    { ...error.headers, ...NEVER_STORED },
  )
}

function oauthCode(status: number): string {
  if (status === 503) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}
