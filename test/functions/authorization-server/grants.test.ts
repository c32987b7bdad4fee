/** Every grant, driven by openid-client and oauth4webapi, which are nobody's code here. */
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fetchThrough } from '../../support/alb-event.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, hiddenField, openBrowser } from './support/browser.ts'
import {
  ISSUER,
  REDIRECT_URI,
  REPORTER,
  REPORTER_SECRET,
  startTestServer,
  type TestServer,
} from './support/server.ts'

const SERVER_METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/oauth2/authorize`,
  token_endpoint: `${ISSUER}/oauth2/token`,
  jwks_uri: `${ISSUER}/oauth2/jwks`,
  device_authorization_endpoint: `${ISSUER}/oauth2/device_authorization`,
  revocation_endpoint: `${ISSUER}/oauth2/revoke`,
  introspection_endpoint: `${ISSUER}/oauth2/introspect`,
  authorization_response_iss_parameter_supported: true,
}

let database: TestDatabase
let server: TestServer
let browser: Browser

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  server = startTestServer(database)
  browser = openBrowser(server.handler)
})

function openidClient(clientId: string, secret?: string): client.Configuration {
  const authentication = secret === undefined ? client.None() : client.ClientSecretBasic(secret)
  const configuration = new client.Configuration(SERVER_METADATA, clientId, undefined, authentication)
  configuration[client.customFetch] = fetchThrough(server.handler) as client.CustomFetch
  return configuration
}

/** Signs ada in to a command line client. */
async function signIn(configuration: client.Configuration, scope = 'all offline') {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: REDIRECT_URI,
    scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const { leftTo } = await browser.follow(url.href)
  return client.authorizationCodeGrant(configuration, leftTo as URL, {
    pkceCodeVerifier: verifier,
    expectedState: state,
  })
}

function verified(token: string) {
  return oauth.validateJwtAccessToken(
    { ...SERVER_METADATA },
    new Request('https://api.example.com', { headers: { authorization: `Bearer ${token}` } }),
    ISSUER,
    { [oauth.customFetch]: fetchThrough(server.handler) as never },
  )
}

describe('openid-client', () => {
  it('signs a person in with a code, and gets tokens that name them', async () => {
    const tokens = await signIn(openidClient('flytectl'))
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'all offline', expires_in: 1800 })
    expect(tokens.refresh_token).toEqual(expect.any(String))
    const claims = await verified(tokens.access_token)
    expect(claims).toMatchObject({
      iss: ISSUER,
      aud: ISSUER,
      sub: 'ada',
      client_id: 'flytectl',
      scope: 'all offline',
      scp: ['all', 'offline'],
      user_info: {
        subject: 'ada',
        name: 'Ada Lovelace',
        given_name: 'Ada',
        family_name: 'Lovelace',
        email: 'ada@example.com',
      },
    })
  })

  it('refreshes, each time with another refresh token', async () => {
    const configuration = openidClient('flytectl')
    const first = await signIn(configuration)
    const second = await client.refreshTokenGrant(configuration, first.refresh_token as string)
    const third = await client.refreshTokenGrant(configuration, second.refresh_token as string)
    const tokens = [first, second, third]
    expect(new Set(tokens.map((each) => each.refresh_token)).size).toBe(3)
    const ids = await Promise.all(tokens.map(async (each) => (await verified(each.access_token)).jti))
    expect(new Set(ids).size).toBe(3)
  })

  it('gets a service its token with its secret', async () => {
    const tokens = await client.clientCredentialsGrant(openidClient(REPORTER, REPORTER_SECRET), {
      scope: 'reports',
    })
    expect(tokens.refresh_token).toBeUndefined()
    const claims = await verified(tokens.access_token)
    expect(claims).toMatchObject({ sub: REPORTER, client_id: REPORTER, scope: 'reports', scp: ['reports'] })
    expect(claims.user_info).toBeUndefined()
  })

  it('connects a device', async () => {
    const configuration = openidClient('flytectl')
    const device = await client.initiateDeviceAuthorization(configuration, { scope: 'all offline' })
    expect(device).toMatchObject({ verification_uri: `${ISSUER}/device`, expires_in: 600, interval: 5 })
    const form = await browser.get(device.verification_uri_complete as string)
    expect(form.text).toContain(device.user_code)
    const question = await browser.post('/device', { user_code: device.user_code })
    expect(question.text).toContain('flytectl')
    const done = await browser.post('/device', {
      question: hiddenField(question.text, 'question'),
      decision: 'allow',
    })
    expect(done.text).toContain('The device is connected')
    const tokens = await client.pollDeviceAuthorizationGrant(configuration, { ...device, interval: 0 })
    expect(await verified(tokens.access_token)).toMatchObject({ sub: 'ada', client_id: 'flytectl' })
    expect(tokens.refresh_token).toEqual(expect.any(String))
  })

  it('looks into a token, and takes it back', async () => {
    const configuration = openidClient('flytectl')
    const tokens = await signIn(configuration)
    for (const token of [tokens.access_token, tokens.refresh_token as string]) {
      const known = await client.tokenIntrospection(configuration, token)
      expect(known).toMatchObject({ active: true, client_id: 'flytectl', sub: 'ada' })
    }
    await client.tokenRevocation(configuration, tokens.access_token)
    expect(await client.tokenIntrospection(configuration, tokens.access_token)).toEqual({ active: false })
    await client.tokenRevocation(configuration, tokens.refresh_token as string)
    await expect(
      client.refreshTokenGrant(configuration, tokens.refresh_token as string),
    ).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })
})

describe('oauth4webapi', () => {
  const as: oauth.AuthorizationServer = SERVER_METADATA
  const flytectl: oauth.Client = { client_id: 'flytectl' }
  const options = () => ({ [oauth.customFetch]: fetchThrough(server.handler) as never })

  it('signs a person in, checks the issuer of the answer, refreshes and revokes', async () => {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const request = new URL(SERVER_METADATA.authorization_endpoint)
    for (const [name, value] of Object.entries({
      client_id: 'flytectl',
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'all offline',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    })) {
      request.searchParams.set(name, value)
    }
    const { leftTo } = await browser.follow(request.href)
    const parameters = oauth.validateAuthResponse(as, flytectl, leftTo as URL, state)
    const redeemed = await oauth.authorizationCodeGrantRequest(
      as,
      flytectl,
      oauth.None(),
      parameters,
      REDIRECT_URI,
      verifier,
      options(),
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, flytectl, redeemed)
    const answer = await oauth.refreshTokenGrantRequest(
      as,
      flytectl,
      oauth.None(),
      tokens.refresh_token as string,
      options(),
    )
    const refreshed = await oauth.processRefreshTokenResponse(as, flytectl, answer)
    const revoked = await oauth.revocationRequest(
      as,
      flytectl,
      oauth.None(),
      refreshed.refresh_token as string,
      options(),
    )
    await oauth.processRevocationResponse(revoked)
    expect((await verified(refreshed.access_token)).sub).toBe('ada')
  })

  it('gets a service its token, with its secret in the header and in the form', async () => {
    const reporter: oauth.Client = { client_id: REPORTER }
    for (const authenticate of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
      const answer = await oauth.clientCredentialsGrantRequest(
        as,
        reporter,
        authenticate(REPORTER_SECRET),
        new URLSearchParams({ scope: 'reports' }),
        options(),
      )
      const { access_token: token } = await oauth.processClientCredentialsResponse(as, reporter, answer)
      expect((await verified(token)).sub).toBe(REPORTER)
    }
  })

  it('starts a device, and is told to wait', async () => {
    const started = await oauth.deviceAuthorizationRequest(
      as,
      flytectl,
      oauth.None(),
      { scope: 'all' },
      options(),
    )
    const device = await oauth.processDeviceAuthorizationResponse(as, flytectl, started)
    const polled = await oauth.deviceCodeGrantRequest(
      as,
      flytectl,
      oauth.None(),
      device.device_code,
      options(),
    )
    await expect(oauth.processDeviceCodeResponse(as, flytectl, polled)).rejects.toMatchObject({
      error: 'authorization_pending',
    })
  })
})
