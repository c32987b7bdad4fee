/**
 * Userinfo for the command line's access tokens.
 *
 * oidc-provider refuses a token that is bound to an API at its userinfo endpoint. The identity providers
 * in use (Okta, Auth0, Keycloak, Entra) answer one that was granted `openid`; so does this.
 */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { claimsOf, findPerson } from './people.ts'

export interface UserinfoOptions {
  readonly issuer: string
  readonly publicUrl: string
  readonly jwks: JSONWebKeySet
}

const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i

/**
 * A Koa middleware that answers `/me` for JWT access tokens, and leaves opaque ones to oidc-provider.
 *
 * A token of a client rather than a person answers 403; a bad one 401 (RFC 6750, 3.1).
 */
export function userinfoForApiTokens(options: UserinfoOptions) {
  const keys = createLocalJWKSet(options.jwks)
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const token = ctx.path === '/me' ? BEARER.exec(ctx.get('authorization'))?.[1] : undefined
    if (token === undefined) return next()
    const claims = await jwtVerify(token, keys, {
      issuer: options.issuer,
      audience: options.publicUrl,
      algorithms: ['RS256'],
      typ: 'at+jwt',
    }).then(
      ({ payload }) => payload,
      () => undefined,
    )
    const person = findPerson(claims?.sub ?? '')
    if (claims === undefined) return refuse(ctx, 401, 'invalid_token')
    if (person === undefined || claims.client_id === claims.sub) return refuse(ctx, 403, 'insufficient_scope')
    ctx.set('cache-control', 'no-store')
    ctx.body = claimsOf(person, options.issuer)
  }
}

function refuse(ctx: KoaContextWithOIDC, status: number, error: string): void {
  ctx.status = status
  ctx.set('www-authenticate', `Bearer error="${error}"`)
  ctx.body = { error }
}
