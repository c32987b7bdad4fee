import type { AuthenticateOidcAction } from '../actions/parse.ts'
import { AlbError, type ErrorReason } from '../errors.ts'
import { callText, type HttpCall, ResponseTooLarge } from '../http-call.ts'

/** What the token endpoint gave. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly expiresInSeconds: number | undefined
}

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string }

const MAX_TOKEN_RESPONSE_BYTES = 256 * 1024
const MAX_CLAIMS_BYTES = 11 * 1024

/**
 * Asks the token endpoint, with the client's id and secret in the form.
 *
 * @throws {AlbError} 500 `AuthTokenEpRequestTimeout` if it cannot be reached in time; 561
 *   `AuthInvalidGrantError`, `AuthTokenEpRequestFailed` for an error it answers; 561
 *   `AuthInvalidTokenResponse` for anything else than a bearer token
 */
export async function requestTokens(
  action: AuthenticateOidcAction,
  grant: Readonly<Record<string, string>>,
  http: HttpCall,
): Promise<Tokens> {
  const form = new URLSearchParams({
    ...grant,
    client_id: action.clientId,
    client_secret: action.clientSecret,
  })
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
  const { ok, text } = await callText(http, action.tokenEndpoint, {
    request: { method: 'POST', headers, body: form.toString() },
    maxBytes: MAX_TOKEN_RESPONSE_BYTES,
  }).catch((cause: unknown) => {
    throw unreachable(cause, 'AuthTokenEpRequestTimeout', 'AuthInvalidTokenResponse')
  })
  const answer = parseObject(text)
  if (!ok) {
    const refusedGrant = answer?.error === 'invalid_grant'
    throw new AlbError(561, refusedGrant ? 'AuthInvalidGrantError' : 'AuthTokenEpRequestFailed')
  }
  return readTokens(answer)
}

/**
 * Asks the userinfo endpoint with the access token in the Authorization header.
 *
 * @throws {AlbError} 500 `AuthUserinfoEpRequestTimeout`; 561 `AuthUserinfoEpRequestFailed` for an error it
 *   answers, `AuthInvalidUserinfoResponse` if the answer is no JSON object with `sub`; 500
 *   `AuthUserinfoResponseSizeExceeded` if claims and access token exceed 11 K
 */
export async function requestUserinfo(
  action: AuthenticateOidcAction,
  accessToken: string,
  http: HttpCall,
): Promise<Claims> {
  const headers = { accept: 'application/json', authorization: `Bearer ${accessToken}` }
  const { ok, text } = await callText(http, action.userInfoEndpoint, {
    request: { headers },
    maxBytes: MAX_CLAIMS_BYTES,
  }).catch((cause: unknown) => {
    throw unreachable(cause, 'AuthUserinfoEpRequestTimeout', 'AuthUserinfoResponseSizeExceeded')
  })
  if (!ok) throw new AlbError(561, 'AuthUserinfoEpRequestFailed')
  const claims = parseObject(text)
  if (claims === undefined || typeof claims.sub !== 'string' || claims.sub === '') {
    throw new AlbError(561, 'AuthInvalidUserinfoResponse')
  }
  if (Buffer.byteLength(JSON.stringify(claims)) + accessToken.length > MAX_CLAIMS_BYTES) {
    throw new AlbError(500, 'AuthUserinfoResponseSizeExceeded')
  }
  return claims as Claims
}

function readTokens(answer: Readonly<Record<string, unknown>> | undefined): Tokens {
  const { access_token, refresh_token, id_token, token_type, expires_in } = answer ?? {}
  const bearer = typeof token_type === 'string' && token_type.toLowerCase() === 'bearer'
  // The access token becomes a header of the request, so it has to be printable ASCII.
  const printable = typeof access_token === 'string' && /^[\x21-\x7e]+$/.test(access_token)
  if (!printable || !bearer) throw new AlbError(561, 'AuthInvalidTokenResponse')
  const lifetime = Number(expires_in)
  return {
    accessToken: access_token,
    refreshToken: typeof refresh_token === 'string' ? refresh_token : undefined,
    idToken: typeof id_token === 'string' ? id_token : undefined,
    expiresInSeconds: expires_in !== undefined && Number.isFinite(lifetime) ? lifetime : undefined,
  }
}

function unreachable(cause: unknown, timeout: ErrorReason, tooLarge: ErrorReason): AlbError {
  return new AlbError(500, cause instanceof ResponseTooLarge ? tooLarge : timeout, { cause })
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
