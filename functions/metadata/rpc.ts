/** `flyteidl2.auth.AuthMetadataService`: how the SDK and the CLI find out how to sign in. Public, both methods. */
import { AuthMetadataService } from '@flyteorg/flyteidl2/flyteidl2/auth/auth_service_pb.ts'
import type { FunctionSettings } from '../shared/config.ts'
import type { PublicUrlResolver } from '../shared/http/public-url.ts'
import type { RpcHandler } from '../shared/http/router.ts'
import { callKey, createRpcHandler, requestKey } from '../shared/rpc/router.ts'
import { clientConfig } from './client-config.ts'
import type { MetadataSource } from './metadata-source.ts'
import type { ServerMetadata } from './server-metadata.ts'

/** Makes the RPC side of this function. */
export function createMetadataRpc(options: {
  settings: FunctionSettings
  metadata: MetadataSource
  publicUrlOf: PublicUrlResolver
}): RpcHandler {
  const { settings, metadata, publicUrlOf } = options
  return createRpcHandler({
    services: (router) =>
      router.service(AuthMetadataService, {
        getOAuth2Metadata: async (_message, { values }) =>
          metadataMessage(await metadata.get(values.get(requestKey), values.get(callKey))),
        getPublicClientConfig: (_message, { values }) =>
          clientConfig(settings, publicUrlOf(values.get(requestKey))),
      }),
    errorHeaders: () => ({}),
  })
}

/** The ten fields that the message has. An absent endpoint is an empty one there. */
function metadataMessage(metadata: ServerMetadata) {
  return {
    issuer: metadata.issuer,
    authorizationEndpoint: metadata.authorization_endpoint ?? '',
    tokenEndpoint: metadata.token_endpoint,
    deviceAuthorizationEndpoint: metadata.device_authorization_endpoint ?? '',
    jwksUri: metadata.jwks_uri ?? '',
    responseTypesSupported: [...(metadata.response_types_supported ?? [])],
    scopesSupported: [...(metadata.scopes_supported ?? [])],
    tokenEndpointAuthMethodsSupported: [...(metadata.token_endpoint_auth_methods_supported ?? [])],
    codeChallengeMethodsSupported: [...(metadata.code_challenge_methods_supported ?? [])],
    grantTypesSupported: [...(metadata.grant_types_supported ?? [])],
  }
}
