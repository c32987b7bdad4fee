/** What a token is for, and what it may be asked for. */
import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { SIGNING_ALGORITHM } from '../../shared/tokens/signing-keys.ts'
import type { AuthorizationServerSettings } from '../settings.ts'

/**
 * The resource server of an audience (RFC 8707), for a client.
 *
 * A client that names no scope gets those it is registered with, and never one that it is not.
 */
export function resourceServerFor(
  ctx: KoaContextWithOIDC,
  audience: string,
  client: Client,
  settings: AuthorizationServerSettings,
): ResourceServer {
  if (!settings.audiences.includes(audience)) throw new errors.InvalidTarget()
  const registered = client.scope ?? ''
  const { params } = ctx.oidc
  if (params !== undefined && asksForScope(ctx)) {
    params.scope ??= registered
    assertScopes(String(params.scope), registered)
  }
  return {
    scope: registered,
    audience,
    accessTokenFormat: 'jwt',
    accessTokenTTL: settings.accessTokenSeconds,
    jwt: { sign: { alg: SIGNING_ALGORITHM } },
  }
}

/** Whether the request is one that starts something; in all others the scope was decided before. */
function asksForScope({ oidc }: KoaContextWithOIDC): boolean {
  if (oidc.route === 'token') return oidc.params?.grant_type === 'client_credentials'
  return oidc.route === 'authorization' || oidc.route === 'device_authorization'
}

function assertScopes(asked: string, registered: string): void {
  const allowed = new Set(registered.split(' '))
  const missing = asked.split(' ').find((scope) => scope !== '' && !allowed.has(scope))
  if (missing !== undefined) throw new errors.InvalidScope('the client may not ask for this scope', missing)
}
