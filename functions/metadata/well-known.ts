/** The documents under `/.well-known`: what a client that knows only this deployment's address starts from. */
import type { FunctionSettings } from '../shared/config.ts'
import { jsonResponse, textResponse } from '../shared/http/message.ts'
import type { PublicUrlResolver } from '../shared/http/public-url.ts'
import type { PathHandler } from '../shared/http/router.ts'
import type { Route } from '../shared/routes.ts'
import { PUBLIC_FOR_MINUTES } from './caching.ts'
import type { MetadataSource } from './metadata-source.ts'
import { servesOwnTokens } from './self-metadata.ts'

/** `/.well-known/oauth-authorization-server` (RFC 8414), in the names of the standard. */
export function createServerMetadataPath(metadata: MetadataSource): PathHandler {
  return async (request, call) => jsonResponse(200, await metadata.get(request, call), PUBLIC_FOR_MINUTES)
}

/** `/.well-known/openid-configuration`: the provider that people sign in with has it. */
export function createOpenidRedirect({ auth }: FunctionSettings): PathHandler {
  const base = auth.userAuth.openId.baseUrl.replace(/\/+$/, '')
  const location = `${base}/.well-known/openid-configuration`
  return () => textResponse(303, '', { location, ...PUBLIC_FOR_MINUTES })
}

/**
 * `/.well-known/oauth-protected-resource` (RFC 9728). The resource is the public URL that the client used, as
 * far as it is one of ours, because the client compares the two (section 3.3).
 */
export function createProtectedResource(
  { auth }: FunctionSettings,
  publicUrlOf: PublicUrlResolver,
  routes: readonly Route[],
): PathHandler {
  const { authServerType, selfAuthServer, thirdPartyConfig } = auth.appAuth
  const own = servesOwnTokens(routes) ? [selfAuthServer.issuer] : []
  const servers =
    authServerType === 'Self' ? own : auth.trustedIssuers.slice(0, 1).map(({ issuer }) => issuer)
  return (request) =>
    jsonResponse(
      200,
      {
        resource: publicUrlOf(request),
        ...(servers.length === 0 ? {} : { authorization_servers: servers }),
        bearer_methods_supported: ['header'],
        scopes_supported: thirdPartyConfig.flyteClient.scopes,
      },
      PUBLIC_FOR_MINUTES,
    )
}
