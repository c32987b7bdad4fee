/**
 * The credential that a client shows to an identity-aware proxy in front of this deployment, or that such a proxy
 * vouches for it with (`auth.proxyAuth`).
 */
import type { ProxyAuthSettings } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { type HeaderLines, singleCredentialHeader } from '../http/message.ts'
import {
  type AccessTokenDeps,
  type AccessTokenVerifier,
  createAccessTokenVerifier,
} from '../tokens/access-token.ts'
import { assertProxyTokenKind } from '../tokens/token-kind.ts'
import { bearerToken, isOtherScheme } from './bearer-credentials.ts'

/** RFC 9110 section 11.7.2: where a client that calls through a proxy authenticates itself to the proxy. */
export const PROXY_AUTHORIZATION = 'proxy-authorization'

export interface ProxyCredentials {
  /**
   * The token of a request, or undefined without one.
   *
   * In `proxy-authorization` it is a bearer token, and any other scheme is left to the proxy it is meant for. In a
   * header of another name it may also stand by itself, which is how proxies write an assertion of their own.
   *
   * @throws {ServiceError} `credentials_duplicated`, `credentials_malformed`
   */
  readonly tokenOf: (headers: HeaderLines) => string | undefined
  /** Whether the token is the client's own; in a header of another name it is what the proxy says of the client. */
  readonly isClients: boolean
  /** As {@link AccessTokenVerifier}, and accepts ID tokens as well. */
  readonly verify: AccessTokenVerifier
}

/** Makes the reader of such credentials. */
export function createProxyCredentials(
  settings: ProxyAuthSettings,
  deps: Omit<AccessTokenDeps, 'trustedIssuers' | 'assertKind'>,
): ProxyCredentials {
  const { header, issuers } = settings
  const read = header === PROXY_AUTHORIZATION ? ofProxyAuthorization : ofOwnHeader
  return {
    tokenOf(headers) {
      const value = singleCredentialHeader(headers, header)
      return value === undefined ? undefined : read(value)
    },
    isClients: header === PROXY_AUTHORIZATION,
    verify: createAccessTokenVerifier({
      ...deps,
      trustedIssuers: issuers,
      assertKind: assertProxyTokenKind,
    }),
  }
}

function ofProxyAuthorization(value: string): string | undefined {
  return isOtherScheme(value) ? undefined : bearerToken(value)
}

const BARE_JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

function ofOwnHeader(value: string): string {
  if (BARE_JWT.test(value)) return value
  const token = bearerToken(value)
  if (token === undefined) throw new ServiceError('credentials_malformed')
  return token
}
