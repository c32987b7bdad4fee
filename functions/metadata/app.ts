/**
 * How to sign in here, for everybody and without signing in:
 *
 *   AuthMetadataService, /config/v1/flyte_client        the SDK and the CLI
 *   /.well-known/*                                      any OAuth client
 *   {pathPrefix}…/token                                 clients that cannot reach the provider
 *   /healthz, /readyz, /healthcheck                     whoever watches
 */

import type { Clock } from '../shared/clock.ts'
import type { FunctionSettings } from '../shared/config.ts'
import { deployedRoutes } from '../shared/deployed-routes.ts'
import { createOriginMatcher } from '../shared/http/authorized-origins.ts'
import { withCors } from '../shared/http/cors.ts'
import { createPublicUrlResolver } from '../shared/http/public-url.ts'
import { type App, createApp, type RpcHandler } from '../shared/http/router.ts'
import { loadedOnce } from '../shared/loaded-once.ts'
import type { Route } from '../shared/routes.ts'
import { connectErrorResponse } from '../shared/rpc/error-response.ts'
import { createClientConfigPath } from './client-config.ts'
import { createExternalMetadata, type Fetch } from './external-metadata.ts'
import { answerHealth } from './health.ts'
import { createMetadataSource } from './metadata-source.ts'
import { oauthErrorResponse } from './oauth-error.ts'
import { createTokenProxyRoute, isTokenProxyPath } from './token-proxy.ts'
import { createOpenidRedirect, createProtectedResource, createServerMetadataPath } from './well-known.ts'

export interface MetadataAppOptions {
  readonly settings: FunctionSettings
  readonly fetch: Fetch
  readonly now: Clock
  /** What the own authorization server's metadata is made from. Default: what the settings say is deployed. */
  readonly routes?: readonly Route[]
}

/** Makes the app of the metadata function. */
export function createMetadataApp(options: MetadataAppOptions): App {
  const { settings, fetch, now, routes = deployedRoutes(options.settings) } = options
  const { auth } = settings
  const publicUrlOf = createPublicUrlResolver(settings.authorizedUris)
  const external = createExternalMetadata({ auth, fetch, now })
  const metadata = createMetadataSource({ settings, external, publicUrlOf, routes })
  const tokenProxy =
    auth.appAuth.authServerType === 'Self'
      ? { ...auth.tokenEndpointProxyConfig, enabled: false }
      : auth.tokenEndpointProxyConfig
  const proxyUrl = auth.appAuth.externalAuthServer.httpProxyUrl
  const app = createApp({
    function: 'metadata',
    paths: {
      '/healthz': answerHealth,
      '/readyz': answerHealth,
      '/healthcheck': answerHealth,
      '/.well-known/oauth-authorization-server': createServerMetadataPath(metadata),
      '/.well-known/openid-configuration': createOpenidRedirect(settings),
      '/.well-known/oauth-protected-resource': createProtectedResource(settings, publicUrlOf, routes),
      '/config/v1/flyte_client': createClientConfigPath(settings, publicUrlOf),
    },
    rpc: atFirstCall(async () => {
      const { createMetadataRpc } = await import('./rpc.ts')
      return createMetadataRpc({ settings, metadata, publicUrlOf })
    }),
    extra: [createTokenProxyRoute({ settings: tokenProxy, metadata: external, fetch, proxyUrl })],
    onError: (error, request) =>
      isTokenProxyPath(tokenProxy, request.path) ? oauthErrorResponse(error) : connectErrorResponse(error),
  })
  const forPages = withCors(app, {
    isOwnOrigin: createOriginMatcher(settings.authorizedUris),
    onRefusal: (error) => connectErrorResponse(error),
  })
  // Documents and tokens are fetched by programs; pages call the API.
  return (request, call) => (request.path.startsWith('/flyteidl2.') ? forPages : app)(request, call)
}

/** A health check or a well-known document does not wait for the RPC library to load. */
function atFirstCall(load: () => Promise<RpcHandler>): RpcHandler {
  const handler = loadedOnce(load)
  return async (request, call) => (await handler())(request, call)
}
