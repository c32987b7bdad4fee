/** Access tokens in JWT form, verified (RFC 7519, RFC 8725, RFC 9068). */
import { type Clock, epochSeconds } from '../clock.ts'
import type { TrustedIssuer } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { isSignatureValid } from './algorithms.ts'
import { assertSubject, assertTimeClaims } from './claim-checks.ts'
import { type JwtObject, parseUnverifiedJwt, type UnverifiedJwt } from './jwt.ts'
import { createKeySet, type KeySet, type KeySetDeps } from './key-set.ts'
import { assertAccessTokenKind, assertProxyTokenKind } from './token-kind.ts'

/** The claims of a token that passed every check. */
export interface VerifiedAccessToken {
  readonly issuer: string
  readonly subject: string
  readonly expiresAtEpochSeconds: number
  /** All claims; beyond those above, a value's type is whatever the issuer put there. */
  readonly claims: JwtObject
}

/**
 * Verifies an access token.
 *
 * Checks its form, `typ` and kind, that the issuer is a trusted one and the algorithm one of that issuer's, the
 * key, the signature, `exp` (no leeway), `nbf` and `iat` (30 s of leeway), the audience and the subject. Does
 * not check scopes, and does not ask the issuer whether the token was revoked.
 *
 * @throws {ServiceError} `token_too_large`, `token_malformed`, `token_header_refused`, `token_kind_refused`,
 *   `issuer_untrusted`, `token_algorithm_refused`, `token_key_unknown`, `token_signature_invalid`,
 *   `token_claims_invalid`, `token_expired`, `token_not_yet_valid`, `audience_mismatch`, `keys_unavailable`
 */
export type AccessTokenVerifier = (token: string) => Promise<VerifiedAccessToken>

export interface AccessTokenDeps extends KeySetDeps {
  readonly trustedIssuers: readonly TrustedIssuer[]
  /** Which kinds of token are accepted. Default {@link assertAccessTokenKind}, unless an issuer's rules say more. */
  readonly assertKind?: typeof assertAccessTokenKind
}

interface Issuer {
  readonly rules: TrustedIssuer
  readonly keys: KeySet
}

/** Makes the verifier. @throws {TypeError} if an issuer is listed twice: which rules hold would be a guess. */
export function createAccessTokenVerifier(deps: AccessTokenDeps): AccessTokenVerifier {
  const { assertKind = assertAccessTokenKind } = deps
  const issuers = new Map<unknown, Issuer>()
  for (const rules of deps.trustedIssuers) {
    if (issuers.has(rules.issuer)) throw new TypeError('a trusted issuer is listed twice')
    issuers.set(rules.issuer, { rules, keys: createKeySet(rules, deps) })
  }
  return async (token) => {
    const jwt = parseUnverifiedJwt(token)
    const issuer = issuers.get(jwt.payload.iss)
    // Where ID tokens are accepted, the rest of what can be wrong with a kind is as with tokens for a proxy.
    const assertItsKind = issuer?.rules.acceptIdTokens ? assertProxyTokenKind : assertKind
    assertItsKind(jwt.header, jwt.payload)
    if (issuer === undefined) throw new ServiceError('issuer_untrusted')
    await assertSignature(jwt, issuer)
    return assertClaims(jwt.payload, issuer.rules, deps.now)
  }
}

/**
 * Checks that a token is signed with one of the issuer's algorithms and keys.
 *
 * @throws {ServiceError} `token_algorithm_refused`, `token_malformed`, `token_key_unknown`,
 *   `token_signature_invalid`, `keys_unavailable`
 */
export async function assertSignature(
  jwt: UnverifiedJwt,
  { rules, keys }: { rules: Pick<TrustedIssuer, 'algorithms'>; keys: KeySet },
): Promise<void> {
  const { kid, alg } = jwt.header
  const algorithm = rules.algorithms.find((accepted) => accepted === alg)
  if (algorithm === undefined) throw new ServiceError('token_algorithm_refused')
  if (kid !== undefined && typeof kid !== 'string') throw new ServiceError('token_malformed')
  const key = await keys.find({ kid, algorithm })
  const { signingInput, signature } = jwt
  if (!isSignatureValid({ algorithm, key: key.keyObject, signingInput, signature })) {
    throw new ServiceError('token_signature_invalid')
  }
}

function assertClaims(claims: JwtObject, rules: TrustedIssuer, now: Clock): VerifiedAccessToken {
  const expiresAtEpochSeconds = assertTimeClaims(claims, epochSeconds(now()))
  assertAudience(claims, rules)
  return { issuer: rules.issuer, subject: assertSubject(claims), expiresAtEpochSeconds, claims }
}

function assertAudience(claims: JwtObject, { audiences, audienceClaim }: TrustedIssuer): void {
  const isAccepted = (value: unknown) => typeof value === 'string' && audiences.includes(value)
  if (audienceClaim === 'client_id') {
    // Without `aud`, a Cognito ID token differs from an access token by this claim alone.
    if (claims.token_use !== 'access') throw new ServiceError('token_kind_refused')
    if (!isAccepted(claims.client_id)) throw new ServiceError('audience_mismatch')
    return
  }
  const { aud } = claims
  if (!(Array.isArray(aud) ? aud.some(isAccepted) : isAccepted(aud)))
    throw new ServiceError('audience_mismatch')
}
