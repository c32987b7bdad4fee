/** Bearer tokens in request headers (RFC 6750 section 2.1); never in a query or a body. */
import { ServiceError } from '../errors.ts'
import { type HeaderLines, singleCredentialHeader } from '../http/message.ts'
import type { CallerSource } from './caller.ts'

export interface BearerHeader {
  readonly token: string
  readonly source: Extract<CallerSource, 'bearer' | 'proxy-bearer'>
}

/** A scheme that is compared without case (RFC 9110 section 11.1) and one token68. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i
const OTHER_SCHEME = /^(?!bearer(?: |$))[a-z0-9!#$%&'*+.^_`|~-]+(?: |$)/i

/**
 * The bearer token of a request: from `authorization` or `flyte-authorization`, else from
 * `proxy-authorization`. Undefined if none of them was sent.
 *
 * Whatever is sent has to be right. A `proxy-authorization` of another scheme than Bearer is left to the proxy
 * it is meant for.
 *
 * @throws {ServiceError} `credentials_duplicated` if one of them was sent twice, or if `authorization` and
 *   `flyte-authorization` name two different tokens, because then somebody in between may have believed the
 *   other one; `credentials_malformed` for anything that is not a bearer token.
 */
export function bearerOf(headers: HeaderLines): BearerHeader | undefined {
  const authorization = bearerToken(singleCredentialHeader(headers, 'authorization'))
  const flyteAuthorization = bearerToken(singleCredentialHeader(headers, 'flyte-authorization'))
  if (
    authorization !== undefined &&
    flyteAuthorization !== undefined &&
    authorization !== flyteAuthorization
  ) {
    throw new ServiceError('credentials_duplicated')
  }
  const token = authorization ?? flyteAuthorization
  if (token !== undefined) return { token, source: 'bearer' }
  const proxy = singleCredentialHeader(headers, 'proxy-authorization')
  if (proxy === undefined || OTHER_SCHEME.test(proxy)) return undefined
  return { token: bearerToken(proxy) as string, source: 'proxy-bearer' }
}

function bearerToken(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const token = BEARER.exec(value)?.[1]
  if (token === undefined) throw new ServiceError('credentials_malformed')
  return token
}
