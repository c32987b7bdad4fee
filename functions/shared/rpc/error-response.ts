/** A failure as Connect's JSON, for refusals outside a running RPC method. Imports no RPC library. */
import type { ServiceError } from '../errors.ts'
import { type HttpResponse, jsonResponse } from '../http/message.ts'

/** The failure as a unary Connect response: the lower-case code and our own sentence, nothing received. */
export function connectErrorResponse(
  error: ServiceError,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return jsonResponse(
    error.status,
    { code: error.code, message: error.message },
    { ...error.headers, ...headers },
  )
}
