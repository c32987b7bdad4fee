/** ID tokens, verified (OpenID Connect Core section 3.1.3.7). */
import { type Clock, epochSeconds } from '../clock.ts'
import type { TrustedIssuer } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { assertSignature } from '../tokens/access-token.ts'
import { assertSubject, assertTimeClaims } from '../tokens/claim-checks.ts'
import { type JwtObject, parseUnverifiedJwt } from '../tokens/jwt.ts'
import type { KeySet } from '../tokens/key-set.ts'

/** The claims of an ID token that passed every check. */
export interface VerifiedIdToken {
  readonly issuer: string
  readonly subject: string
  readonly expiresAtEpochSeconds: number
  readonly isExpired: boolean
  readonly claims: JwtObject
}

/** How the tokens of the provider are checked that people sign in with. */
export interface ProviderRules {
  readonly issuer: string
  readonly clientId: string
  readonly algorithms: TrustedIssuer['algorithms']
}

/**
 * Verifies an ID token.
 *
 * Checks its form and kind, the algorithm, the key, the signature, `iss`, `aud` and `azp`, `sub`, and that `iat` and
 * `exp` are there. An expired one is refused unless the caller wants to know whose it was. Does not check `nonce`.
 *
 * @throws {ServiceError} as for an access token
 */
export type IdTokenVerifier = (token: string, rules?: { acceptExpired: boolean }) => Promise<VerifiedIdToken>

export interface IdTokenDeps {
  readonly provider: ProviderRules
  readonly keys: KeySet
  readonly now: Clock
}

/** Makes the verifier. */
export function createIdTokenVerifier({ provider, keys, now }: IdTokenDeps): IdTokenVerifier {
  return async (token, { acceptExpired } = { acceptExpired: false }) => {
    const jwt = parseUnverifiedJwt(token)
    const { header, payload } = jwt
    assertKind(header, payload)
    if (payload.iss !== provider.issuer) throw new ServiceError('issuer_untrusted')
    await assertSignature(jwt, { rules: provider, keys })
    assertAudience(payload, provider.clientId)
    const subject = assertSubject(payload)
    if (typeof payload.iat !== 'number') throw new ServiceError('token_claims_invalid')
    const nowEpochSeconds = epochSeconds(now())
    const isExpired = typeof payload.exp === 'number' && nowEpochSeconds >= payload.exp
    // Judged as of the moment before it ended, what is left to be wrong with its times is found all the same.
    const judgedAt = isExpired && acceptExpired ? (payload.exp as number) - 1 : nowEpochSeconds
    const expiresAtEpochSeconds = assertTimeClaims(payload, judgedAt)
    return { issuer: provider.issuer, subject, expiresAtEpochSeconds, isExpired, claims: payload }
  }
}

/** An access token or a logout token of the same issuer says nothing about who is here. */
function assertKind(header: JwtObject, payload: JwtObject): void {
  const { typ } = header
  const isPlain = typ === undefined || (typeof typ === 'string' && typ.toLowerCase() === 'jwt')
  const isOther = payload.token_use !== undefined && payload.token_use !== 'id'
  if (!isPlain || isOther || payload.events !== undefined) throw new ServiceError('token_kind_refused')
}

/** @throws {ServiceError} `audience_mismatch` unless the token is for this client, and for nobody it does not know of. */
export function assertAudience({ aud, azp }: JwtObject, clientId: string): void {
  const audiences = Array.isArray(aud) ? aud : [aud]
  const isAuthorized = azp === undefined ? audiences.length === 1 : azp === clientId
  if (!audiences.includes(clientId) || !isAuthorized) throw new ServiceError('audience_mismatch')
}
