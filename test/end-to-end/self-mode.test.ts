/** The deployment that is its own authorization server, as people, services and devices meet it. */
import { AuthMetadataService } from '@flyteorg/flyteidl2/flyteidl2/auth/auth_service_pb.ts'
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import * as oauth4webapi from 'oauth4webapi'
import * as oauth from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from '../../local/identity-provider/clients.ts'
import { signInAsService } from '../../local/sign-in.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { type Browser, createBrowser } from '../support/web-browser.ts'
import { bearer, client, signIn } from './support/clients.ts'
import {
  beginSignIn,
  CALLBACK,
  CLI,
  connectDevice,
  deviceToken,
  discover,
  makerOfRun,
  openAs,
  tokensOf,
} from './support/own-tokens.ts'

const ADA = {
  kind: 'user',
  subject: 'ada',
  firstName: 'Ada',
  lastName: 'Lovelace',
  email: 'ada@example.com',
}

let stack: Stack
let config: oauth.Configuration
let browser: Browser

beforeAll(async () => {
  stack = await startStack({ port: 0, self: true })
  config = await discover(stack)
  browser = createBrowser({ stopAt: [CALLBACK] })
})
afterAll(() => stack?.close())

describe('whoever knows only the address', () => {
  it('is told the same by the SDK’s service, the well-known documents and the challenge of a refusal', async () => {
    const metadata = config.serverMetadata()
    const described = await client(stack, AuthMetadataService).getOAuth2Metadata({})
    expect(described).toMatchObject({
      issuer: stack.url,
      authorizationEndpoint: metadata.authorization_endpoint,
      tokenEndpoint: metadata.token_endpoint,
      deviceAuthorizationEndpoint: `${stack.url}/oauth2/device_authorization`,
      jwksUri: `${stack.url}/oauth2/jwks`,
      grantTypesSupported: metadata.grant_types_supported,
      codeChallengeMethodsSupported: ['S256'],
    })
    const refused = await fetch(`${stack.url}/flyteidl2.auth.IdentityService/UserInfo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    const challenge = refused.headers.get('www-authenticate') ?? ''
    const [, resource = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? []
    expect(await (await fetch(resource)).json()).toMatchObject({
      resource: stack.url,
      authorization_servers: [stack.url],
    })
  })

  it('is told the client of the command line', async () => {
    expect(await client(stack, AuthMetadataService).getPublicClientConfig({})).toMatchObject({
      clientId: CLI,
      redirectUri: CALLBACK,
      scopes: ['all', 'offline'],
      authorizationMetadataKey: 'authorization',
    })
  })

  it('finds endpoints that answer', async () => {
    const { revocation_endpoint, introspection_endpoint, jwks_uri } = config.serverMetadata()
    expect((await fetch(String(jwks_uri))).status).toBe(200)
    for (const endpoint of [revocation_endpoint, introspection_endpoint]) {
      const form = new URLSearchParams({ client_id: CLI, token: 'none' })
      expect((await fetch(String(endpoint), { method: 'POST', body: form })).status).toBe(200)
    }
  })
})

describe('a person', () => {
  it('signs a command line in with a browser, and is named by what it runs', async () => {
    const { access_token } = await tokensOf(config, browser, 'ada')
    expect(await makerOfRun(stack, access_token)).toEqual(ADA)
  })

  it('is known in the browser from then on', async () => {
    const { url } = await beginSignIn(config)
    expect((await browser.open(url)).url.href).toContain(CALLBACK)
    expect((await browser.open(`${stack.url}/v2`)).status).toBe(200)
  })

  it('stays signed in by refresh tokens, of which each is good for one successor', async () => {
    const first = await tokensOf(config, browser, 'ada')
    const second = await oauth.refreshTokenGrant(config, String(first.refresh_token))
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(await makerOfRun(stack, second.access_token)).toEqual(ADA)
    const third = await oauth.refreshTokenGrant(config, String(second.refresh_token))
    expect(third.refresh_token).not.toBe(second.refresh_token)
    await expect(oauth.refreshTokenGrant(config, String(first.refresh_token))).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    await expect(oauth.refreshTokenGrant(config, String(third.refresh_token))).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('connects a device that has no browser', async () => {
    const grace = createBrowser()
    const device = await oauth.initiateDeviceAuthorization(config, { scope: 'all offline' })
    expect(device.verification_uri).toBe(`${stack.url}/device`)
    const question = await openAs(grace, 'grace', device.verification_uri)
    expect(question.text).toContain('Connect a device')
    expect((await connectDevice(grace, device)).status).toBe(200)
    const token = await deviceToken(config, device)
    expect(await makerOfRun(stack, token)).toMatchObject({ kind: 'user', subject: 'grace' })
  })

  it('gets a token from the command that the screen shows', async () => {
    const headers = await bearer(stack, { person: 'ada' })
    expect(await client(stack, IdentityService, headers).userInfo({})).toMatchObject({
      subject: 'ada',
      email: 'ada@example.com',
    })
  })

  it('uses the console with the session of the load balancer, as ever', async () => {
    const { page } = await signIn(stack, 'grace')
    expect(page).toMatchObject({ status: 200 })
    expect(page.url.pathname).toBe('/v2')
  })
})

describe('a service', () => {
  const server = () => config.serverMetadata() as oauth4webapi.AuthorizationServer

  function ask(secret: string) {
    const self: oauth4webapi.Client = { client_id: String(stack.service?.clientId) }
    return oauth4webapi.clientCredentialsGrantRequest(
      server(),
      self,
      oauth4webapi.ClientSecretBasic(secret),
      new URLSearchParams(),
      { [oauth4webapi.allowInsecureRequests]: true },
    )
  }

  it('signs in with its secret, and is recorded as an application', async () => {
    const answer = await ask(String(stack.service?.clientSecret))
    const self = { client_id: String(stack.service?.clientId) }
    const { access_token } = await oauth4webapi.processClientCredentialsResponse(server(), self, answer)
    expect(await makerOfRun(stack, access_token)).toMatchObject({
      kind: 'application',
      subject: 'flytepropeller',
    })
  })

  it('is refused with another secret', async () => {
    expect((await ask('guessed')).status).toBe(401)
  })
})

describe('a token of the identity provider', () => {
  it('is not one of this deployment’s', async () => {
    const { accessToken } = await signInAsService({
      tokenEndpoint: `${stack.issuer}/token`,
      clientId: SERVICE_CLIENT_ID,
      clientSecret: SERVICE_CLIENT_SECRET,
    })
    await expect(makerOfRun(stack, accessToken)).rejects.toMatchObject({ code: 16 })
  })
})
