/**
 * A command line that knows nothing but the host of the deployment: what the Flyte SDK does, with somebody else's OAuth
 * client. It opens a browser, and listens for the answer where its redirect URI says.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { AuthMetadataService } from '@flyteorg/flyteidl2/flyteidl2/auth/auth_service_pb.ts'
import * as oauth from 'oauth4webapi'
import { LOOPBACK } from '../../../local/listening.ts'
import type { Stack } from '../../../local/stack.ts'
import { client } from '../../end-to-end/support/clients.ts'

export interface CommandLineTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** Gets a new access token without the browser. */
  readonly refresh: () => Promise<string>
}

/** Allowed because everything here is on this machine. */
const ON_THIS_MACHINE = { [oauth.allowInsecureRequests]: true }

/**
 * Signs somebody in.
 *
 * @param open Shows an address in a browser and does what a person does there.
 */
export async function signInOnCommandLine(
  stack: Stack,
  open: (address: string) => Promise<void>,
): Promise<CommandLineTokens> {
  const { server, publicClient, redirectUri, scopes } = await discoverFromHost(stack)
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const address = new URL(server.authorization_endpoint ?? '')
  address.search = new URLSearchParams({
    client_id: publicClient.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scopes.join(' '),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  const answer = answerAt(redirectUri)
  await open(address.href)
  const parameters = oauth.validateAuthResponse(server, publicClient, await answer, state)
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    publicClient,
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
    ON_THIS_MACHINE,
  )
  const tokens = await oauth.processAuthorizationCodeResponse(server, publicClient, response)
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    async refresh() {
      const again = await oauth.refreshTokenGrantRequest(
        server,
        publicClient,
        oauth.None(),
        tokens.refresh_token ?? '',
        ON_THIS_MACHINE,
      )
      return (await oauth.processRefreshTokenResponse(server, publicClient, again)).access_token
    },
  }
}

/**
 * Signs somebody in who has the browser on another machine (device flow, RFC 8628), and answers the access token.
 *
 * @param open Does in a browser what the address asks for.
 */
export async function signInOnDevice(
  stack: Stack,
  open: (address: string) => Promise<void>,
): Promise<string> {
  const { server, publicClient, scopes } = await discoverFromHost(stack)
  const asked = await oauth.deviceAuthorizationRequest(
    server,
    publicClient,
    oauth.None(),
    { scope: scopes.join(' ') },
    ON_THIS_MACHINE,
  )
  const device = await oauth.processDeviceAuthorizationResponse(server, publicClient, asked)
  await open(device.verification_uri_complete ?? device.verification_uri)
  const response = await oauth.deviceCodeGrantRequest(
    server,
    publicClient,
    oauth.None(),
    device.device_code,
    ON_THIS_MACHINE,
  )
  return (await oauth.processDeviceCodeResponse(server, publicClient, response)).access_token
}

/** What the deployment says about whom to sign in with, and as whom. */
async function discoverFromHost(stack: Stack) {
  const metadata = client(stack, AuthMetadataService)
  const [server, configuration] = await Promise.all([
    metadata.getOAuth2Metadata({}),
    metadata.getPublicClientConfig({}),
  ])
  return {
    server: {
      issuer: server.issuer,
      authorization_endpoint: server.authorizationEndpoint,
      token_endpoint: server.tokenEndpoint,
      jwks_uri: server.jwksUri,
      device_authorization_endpoint: server.deviceAuthorizationEndpoint,
    } satisfies oauth.AuthorizationServer,
    publicClient: { client_id: configuration.clientId } satisfies oauth.Client,
    redirectUri: configuration.redirectUri,
    scopes: configuration.scopes,
  }
}

/** Listens at the redirect URI for one answer. */
async function answerAt(redirectUri: string): Promise<URL> {
  const { port, pathname } = new URL(redirectUri)
  const server = createServer((request, response) => {
    response.end('You can close this window.')
    const url = new URL(request.url ?? '/', redirectUri)
    if (url.pathname === pathname) server.emit('answer', url)
  })
  server.listen(Number(port), LOOPBACK)
  const [url] = (await once(server, 'answer')) as [URL]
  server.close()
  server.closeAllConnections()
  return url
}

/** The token of a service (client credentials, RFC 6749 section 4.4). */
export async function signInAsService(options: {
  stack: Stack
  clientId: string
  clientSecret: string
  scope?: string
}): Promise<string> {
  const { stack, clientId, clientSecret, scope } = options
  const { server } = await discoverFromHost(stack)
  const service = { client_id: clientId }
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    service,
    oauth.ClientSecretBasic(clientSecret),
    scope === undefined ? {} : { scope },
    ON_THIS_MACHINE,
  )
  return (await oauth.processClientCredentialsResponse(server, service, response)).access_token
}
