/** The clients that the local identity provider knows. */
import type { ClientMetadata } from 'oidc-provider'

/** The command line client, as Flyte's tools know it: public, authorization code with PKCE, or device flow. */
export const COMMAND_LINE_CLIENT_ID = 'flytectl'

/** Where Flyte's command line tools listen for the answer of a sign-in. */
export const COMMAND_LINE_REDIRECT_URI = 'http://localhost:53593/callback'

/** A service that signs in as itself (client credentials). */
export const SERVICE_CLIENT_ID = 'reporter'

/**
 * The secret of {@link SERVICE_CLIENT_ID}. It opens nothing but a stack on the reader's own machine, so it
 * is written here for everybody to use.
 */
export const SERVICE_CLIENT_SECRET = 'reporter-on-this-machine-only'

/** The client that people are signed in with in their browsers: the load balancer's, or the login function's. */
export interface WebClient {
  readonly clientId: string
  readonly clientSecret: string
  /** Every `/oauth2/idpresponse`, or `/callback`, that may be returned to. */
  readonly redirectUris: readonly string[]
  /** Where people may be sent to after they signed out here. Default: nowhere. */
  readonly postLogoutRedirectUris?: readonly string[]
  /** Who is told that somebody signed out (OpenID Connect Back-Channel Logout). Default: nobody. */
  readonly backchannelLogoutUri?: string | undefined
}

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** All clients, in the words of OpenID Connect Dynamic Client Registration. */
export function registeredClients(webClient: WebClient): ClientMetadata[] {
  const { backchannelLogoutUri } = webClient
  return [
    {
      client_id: webClient.clientId,
      client_secret: webClient.clientSecret,
      client_name: 'Flyte',
      redirect_uris: [...webClient.redirectUris],
      post_logout_redirect_uris: [...(webClient.postLogoutRedirectUris ?? [])],
      ...(backchannelLogoutUri === undefined
        ? {}
        : { backchannel_logout_uri: backchannelLogoutUri, backchannel_logout_session_required: true }),
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    {
      client_id: COMMAND_LINE_CLIENT_ID,
      client_name: 'the Flyte command line',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      // The port of a loopback address may vary (RFC 8252, 7.3).
      redirect_uris: [COMMAND_LINE_REDIRECT_URI, 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
      response_types: ['code'],
    },
    {
      client_id: SERVICE_CLIENT_ID,
      client_secret: SERVICE_CLIENT_SECRET,
      client_name: 'Reporter',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
    },
  ]
}
