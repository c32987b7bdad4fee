/** What a Flyte client needs to sign in, besides the authorization server's own metadata. */
import type { FunctionSettings } from '../shared/config.ts'
import { jsonResponse } from '../shared/http/message.ts'
import type { PublicUrlResolver } from '../shared/http/public-url.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { PUBLIC_FOR_MINUTES } from './caching.ts'

/** The public OAuth client of a deployment, in the words of `GetPublicClientConfigResponse`. */
export interface ClientConfig {
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: string[]
  /** The header that clients put their bearer token in. Never empty: clients use it as it is. */
  readonly authorizationMetadataKey: string
  readonly audience: string
  /** This deployment's public URL. */
  readonly serviceHttpEndpoint: string
  /** This deployment's public URL: there is no other place to send a run's data to. */
  readonly dataplaneDomain: string
}

/** Describes the public client to somebody who reached this deployment under `publicUrl`. */
export function clientConfig(settings: FunctionSettings, publicUrl: string): ClientConfig {
  const { flyteClient } = settings.auth.appAuth.thirdPartyConfig
  return {
    clientId: flyteClient.clientId,
    redirectUri: flyteClient.redirectUri,
    scopes: flyteClient.scopes,
    authorizationMetadataKey: flyteClient.authorizationMetadataKey,
    audience: flyteClient.audience,
    serviceHttpEndpoint: publicUrl,
    dataplaneDomain: publicUrl,
  }
}

/** `/config/v1/flyte_client`: the client's configuration as JSON, in the field names of Flyte's own gateway. */
export function createClientConfigPath(
  settings: FunctionSettings,
  publicUrlOf: PublicUrlResolver,
): PathHandler {
  return (request) => {
    const config = clientConfig(settings, publicUrlOf(request))
    return jsonResponse(
      200,
      {
        client_id: config.clientId,
        redirect_uri: config.redirectUri,
        scopes: config.scopes,
        authorization_metadata_key: config.authorizationMetadataKey,
        service_http_endpoint: config.serviceHttpEndpoint,
        audience: config.audience,
        dataplane_domain: config.dataplaneDomain,
      },
      PUBLIC_FOR_MINUTES,
    )
  }
}
