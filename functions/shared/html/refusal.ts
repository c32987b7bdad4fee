/** A refusal, as a page for people and as a sentence for programs. */
import type { ServiceError } from '../errors.ts'
import { bearerChallenge } from '../http/challenge.ts'
import { type HttpRequest, type HttpResponse, textResponse } from '../http/message.ts'
import { securityHeaders } from './security-headers.ts'

export interface Refusal {
  readonly error: ServiceError
  readonly request: HttpRequest
  /** The deployment's public URL, without a trailing slash. */
  readonly publicUrl: string
  /** Makes the page for people, with these headers. */
  readonly page: (headers: Readonly<Record<string, string>>) => HttpResponse
}

/**
 * Answers a refusal: the page if the request accepts one, else the sentence alone. Every 401 carries the challenge
 * of RFC 9728.
 */
export function refusalResponse({ error, request, publicUrl, page }: Refusal): HttpResponse {
  const headers = {
    ...error.headers,
    ...(error.status === 401 ? { 'www-authenticate': bearerChallenge(publicUrl, error) } : {}),
    vary: 'accept',
  }
  const response = acceptsHtml(request) ? page(headers) : sentence(error, request, headers)
  return request.method === 'HEAD' ? { ...response, body: '' } : response
}

/** Whether a request accepts a page; programs are given something to read for programs. */
export function acceptsHtml({ headers }: Pick<HttpRequest, 'headers'>): boolean {
  return (headers.accept ?? []).some((line) => /\btext\/html\b/i.test(line))
}

function sentence(
  error: ServiceError,
  request: HttpRequest,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const common = { ...securityHeaders(request), 'cache-control': 'no-store', ...headers }
  return textResponse(error.status, `${error.message}\n`, common)
}
