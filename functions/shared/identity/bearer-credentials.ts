/** Bearer tokens in request headers (RFC 6750 section 2.1); never in a query or a body. */
import { ServiceError } from '../errors.ts'
import { type HeaderLines, singleCredentialHeader } from '../http/message.ts'

export interface BearerHeader {
  readonly token: string
  readonly source: 'bearer'
}

/** A scheme that is compared without case (RFC 9110 section 11.1) and one token68. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i
const OTHER_SCHEME = /^(?!bearer(?: |$))[a-z0-9!#$%&'*+.^_`|~-]+(?: |$)/i

/**
 * The bearer token of a request, from `authorization` or `flyte-authorization`. Undefined if neither was sent.
 *
 * Whatever is sent has to be right. `proxy-authorization` is not looked at: it is meant for somebody else, see
 * `proxy-credentials.ts`.
 *
 * @throws {ServiceError} `credentials_duplicated` if one of them was sent twice, or if they name two different
 *   tokens, because then somebody in between may have believed the other one; `credentials_malformed` for
 *   anything that is not a bearer token.
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
  return token === undefined ? undefined : { token, source: 'bearer' }
}

/** Whether credentials name a scheme, and not this one. */
export function isOtherScheme(value: string): boolean {
  return OTHER_SCHEME.test(value)
}

/** The token of bearer credentials; undefined without any. @throws {ServiceError} `credentials_malformed` */
export function bearerToken(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const token = BEARER.exec(value)?.[1]
  if (token === undefined) throw new ServiceError('credentials_malformed')
  return token
}
