/**
 * Access tokens at the introspection and revocation endpoints (RFC 7662, RFC 7009).
 *
 * The engine authenticates the client and then turns JWTs away; from there on they are ours. A revoked token is
 * known as such here only: whoever verifies tokens by their signature alone accepts it until it expires.
 */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'
import { type GrantStore, grantKey } from '../../shared/stores/grant-store.ts'
import { isSignatureValid } from '../../shared/tokens/algorithms.ts'
import { type JwtObject, parseUnverifiedJwt } from '../../shared/tokens/jwt.ts'
import { SIGNING_ALGORITHM, type SigningKeySource } from '../../shared/tokens/signing-keys.ts'
import { importVerificationKey } from '../../shared/tokens/verification-key.ts'
import type { AuthorizationServerSettings } from '../settings.ts'

export interface JwtTokensDeps {
  readonly settings: AuthorizationServerSettings
  readonly keys: SigningKeySource
  readonly store: GrantStore
  readonly now: Clock
}

export interface JwtTokens {
  readonly middleware: (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
}

/** Makes the middleware that answers for JWTs. */
export function createJwtTokens(deps: JwtTokensDeps): JwtTokens {
  const { store } = deps

  async function isAlive({ jti, sid }: JwtObject): Promise<boolean> {
    const [revoked, grant] = await Promise.all([
      store.get('RevokedToken', grantKey(String(jti))),
      sid === undefined ? 'not needed' : store.get('Grant', grantKey(String(sid))),
    ])
    return revoked === undefined && grant !== undefined
  }

  async function introspection(ctx: KoaContextWithOIDC, claims: JwtObject | undefined): Promise<JwtObject> {
    const { client } = ctx.oidc
    const mayKnow = client?.clientAuthMethod !== 'none' || claims?.client_id === client?.clientId
    if (claims === undefined || !mayKnow || !(await isAlive(claims))) return { active: false }
    const { iss, aud, sub, client_id, scope, iat, exp, jti } = claims
    return { active: true, token_type: 'Bearer', iss, aud, sub, client_id, scope, iat, exp, jti }
  }

  async function revoke(ctx: KoaContextWithOIDC, claims: JwtObject | undefined): Promise<void> {
    if (claims === undefined || claims.client_id !== ctx.oidc.client?.clientId) return
    const record = { value: {}, expiresAtEpochSeconds: Number(claims.exp) }
    await store.put('RevokedToken', grantKey(String(claims.jti)), record)
  }

  return {
    async middleware(ctx, next) {
      await next()
      const isTurnedAway = (ctx.body as JwtObject | undefined)?.error === 'unsupported_token_type'
      if (!isTurnedAway) return
      const claims = await verifiedClaims(String(ctx.oidc.params?.token), deps)
      if (ctx.oidc.route === 'introspection') {
        ctx.body = await introspection(ctx, claims)
      } else {
        await revoke(ctx, claims)
        ctx.body = ''
      }
      ctx.status = 200
    },
  }
}

/** The claims of an access token of ours that has not expired; undefined for anything else. */
async function verifiedClaims(token: string, deps: JwtTokensDeps): Promise<JwtObject | undefined> {
  const { published } = await deps.keys()
  try {
    const { header, payload, signingInput, signature } = parseUnverifiedJwt(token)
    const jwk = published.find(({ kid }) => kid === header.kid)
    const key = jwk && importVerificationKey(jwk)
    if (key === undefined || header.alg !== SIGNING_ALGORITHM || header.typ !== 'at+jwt') return undefined
    const proof = { algorithm: SIGNING_ALGORITHM, key: key.keyObject, signingInput, signature } as const
    const isOurs = isSignatureValid(proof) && payload.iss === deps.settings.issuer
    return isOurs && Number(payload.exp) > epochSeconds(deps.now()) ? payload : undefined
  } catch (error) {
    if (error instanceof ServiceError) return undefined
    throw error
  }
}
