/** Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4 and 2.6). */
import { type Clock, epochSeconds } from '../shared/clock.ts'
import { asServiceError, ServiceError } from '../shared/errors.ts'
import { assertAudience, type ProviderRules } from '../shared/session/id-token.ts'
import { assertSignature } from '../shared/tokens/access-token.ts'
import { assertTimeClaims, isPlainSubject } from '../shared/tokens/claim-checks.ts'
import { type JwtObject, parseUnverifiedJwt } from '../shared/tokens/jwt.ts'
import type { KeySet } from '../shared/tokens/key-set.ts'

/** Whose sessions are to end: a subject's, or the provider's session's. At least one is there. */
export interface LogoutNotice {
  readonly subject: string | undefined
  readonly sid: string | undefined
  /** Names this notice; unique at the provider. */
  readonly tokenId: string
}

/** No logout token is good for longer, whatever it says: for as long it is remembered that it was used. */
export const MAX_AGE_SECONDS = 86_400

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Verifies a logout token: its type, the algorithm, the key, the signature, `iss`, `aud`, `iat` (a day ago at
 * most), `exp`, `jti`, the event, that it names a subject or a session, and that it has no nonce, with which it could
 * be taken for an ID token.
 *
 * @throws {ServiceError} `logout_token_invalid`; `keys_unavailable` if that cannot be found out.
 */
export async function verifyLogoutToken(
  token: string,
  { provider, keys, now }: { provider: ProviderRules; keys: KeySet; now: Clock },
): Promise<LogoutNotice> {
  try {
    const jwt = parseUnverifiedJwt(token)
    const { header, payload } = jwt
    const isForLogout = hasType(header) && hasEvent(payload) && payload.nonce === undefined
    if (!isForLogout || payload.iss !== provider.issuer) throw invalid()
    await assertSignature(jwt, { rules: provider, keys })
    assertAudience(payload, provider.clientId)
    const nowEpochSeconds = epochSeconds(now())
    const { iat } = payload
    if (typeof iat !== 'number' || iat <= nowEpochSeconds - MAX_AGE_SECONDS) throw invalid()
    assertTimeClaims(payload, nowEpochSeconds)
    return noticeOf(payload)
  } catch (thrown) {
    const error = asServiceError(thrown)
    throw error.status === 401 ? invalid(error) : error
  }
}

/** Providers that predate the type of its own send that of any JWT, or none. */
function hasType({ typ }: JwtObject): boolean {
  if (typ === undefined) return true
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
  return type === 'logout+jwt' || type === 'jwt'
}

function hasEvent({ events }: JwtObject): boolean {
  if (typeof events !== 'object' || events === null) return false
  const event: unknown = (events as Record<string, unknown>)[EVENT]
  return typeof event === 'object' && event !== null && !Array.isArray(event)
}

function noticeOf({ sub, sid, jti }: JwtObject): LogoutNotice {
  const isRight = (value: unknown) => value === undefined || isPlainSubject(value)
  const namesSomething = sub !== undefined || sid !== undefined
  if (!isRight(sub) || !isRight(sid) || !namesSomething || !isPlainSubject(jti)) throw invalid()
  return { subject: sub as string | undefined, sid: sid as string | undefined, tokenId: jti }
}

function invalid(cause?: ServiceError): ServiceError {
  return new ServiceError('logout_token_invalid', { cause })
}
