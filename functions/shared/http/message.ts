/**
 * A request and a response as this service passes them around.
 *
 * Plain values instead of the web's `Request` and `Response`: the load balancer hands over a complete body,
 * so there is nothing to stream, and Node loads its fetch implementation at the first `Headers` or `Request`,
 * which would cost every cold start some 30 ms.
 */
import { ServiceError } from '../errors.ts'
import type { Access } from '../routes.ts'

/** Header names in lower case; one entry a received line, in order. */
export type HeaderLines = Readonly<Record<string, readonly string[]>>

export interface HttpRequest {
  /** Upper case, as received. */
  readonly method: string
  /** As received: still percent-encoded, without the query. */
  readonly path: string
  /** As received: still percent-encoded, without the `?`. */
  readonly query: string
  readonly headers: HeaderLines
  readonly body: Uint8Array
  /** Decided by the target group; a client cannot set it. */
  readonly access: Access
  /** The caller's `x-request-id` if it is a plain one, else one of our own. */
  readonly requestId: string
  /** Whether the caller sent {@link requestId}: only then may it serve as an idempotency key. */
  readonly requestIdIsCallers: boolean
  /** The load balancer's `x-amzn-trace-id`. */
  readonly traceId: string | undefined
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. More than one value only where a header may be repeated, such as `set-cookie`. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string | Uint8Array
}

/** All values of a header joined as RFC 9110 section 5.3 allows, or undefined. */
export function headerValue(headers: HeaderLines, name: string): string | undefined {
  return headers[name]?.join(', ')
}

/**
 * The value of a header that may appear only once.
 *
 * @throws {ServiceError} `credentials_duplicated` if it was sent more than once: which of two credentials
 *   another party looked at cannot be known.
 */
export function singleCredentialHeader(headers: HeaderLines, name: string): string | undefined {
  const lines = headers[name]
  if (lines === undefined || lines.length === 0) return undefined
  if (lines.length > 1) throw new ServiceError('credentials_duplicated')
  return lines[0]
}

/** The host that the client asked for, in lower case, with its port if one was sent. Not to be trusted. */
export function requestHost(headers: HeaderLines): string | undefined {
  const lines = headers.host
  return lines?.length === 1 ? lines[0]?.toLowerCase() : undefined
}

/** A JSON answer. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A short plain-text answer. */
export function textResponse(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: text }
}
