/** The authorization server that clients of this deployment use: the provider's, or our own. */
import type { Call } from '../shared/call.ts'
import type { FunctionSettings } from '../shared/config.ts'
import type { HttpRequest } from '../shared/http/message.ts'
import type { PublicUrlResolver } from '../shared/http/public-url.ts'
import type { Route } from '../shared/routes.ts'
import type { ExternalMetadata } from './external-metadata.ts'
import { selfMetadata } from './self-metadata.ts'
import type { ServerMetadata } from './server-metadata.ts'
import { withProxiedTokenEndpoint } from './token-proxy.ts'

export interface MetadataSource {
  /**
   * The metadata that a client is told.
   *
   * @throws {ServiceError} `feature_unconfigured` without an own authorization server in Self mode;
   *   `provider_unavailable`, `provider_answer_invalid` or `provider_issuer_mismatch` in External mode.
   */
  readonly get: (request: HttpRequest, call: Call) => Promise<ServerMetadata>
}

/** Chooses by `authServerType`. */
export function createMetadataSource(options: {
  settings: FunctionSettings
  external: ExternalMetadata
  publicUrlOf: PublicUrlResolver
  routes: readonly Route[]
}): MetadataSource {
  const { settings, external, publicUrlOf, routes } = options
  const { appAuth, tokenEndpointProxyConfig } = settings.auth
  if (appAuth.authServerType === 'Self') {
    return { get: async (request) => selfMetadata(appAuth.selfAuthServer, publicUrlOf(request), routes) }
  }
  return {
    get: async (_request, call) =>
      withProxiedTokenEndpoint(await external.get(call), tokenEndpointProxyConfig),
  }
}
