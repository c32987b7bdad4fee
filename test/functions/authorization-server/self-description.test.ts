/** What this deployment says of its authorization server, what that does, and what the other functions take from it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { selfMetadata } from '../../../functions/metadata/self-metadata.ts'
import { newCall } from '../../../functions/shared/call.ts'
import { createCallerResolver } from '../../../functions/shared/identity/resolve-caller.ts'
import { routesFor } from '../../../functions/shared/routes.ts'
import { createAccessTokenVerifier } from '../../../functions/shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../../../functions/shared/tokens/issuer-metadata.ts'
import type { DocumentFetcher } from '../../../functions/shared/tokens/remote-document.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { requestWith } from '../../support/identity-fixture.ts'
import { type Browser, openBrowser } from './support/browser.ts'
import { authorizePath, basic, codeFor, postForm, redeem, refusalOf, tokensOf } from './support/flow.ts'
import { ISSUER, REPORTER, REPORTER_SECRET, startTestServer, type TestServer } from './support/server.ts'

const METADATA = selfMetadata(
  { issuer: ISSUER, scopes: ['all', 'offline'] },
  ISSUER,
  routesFor({ authServerType: 'Self', browserAuth: 'alb' }),
)

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

const pathOf = (url: string | undefined) => new URL(url ?? 'https://missing').pathname

describe('the metadata', () => {
  it('names endpoints that answer', async () => {
    const posted = [
      METADATA.token_endpoint,
      METADATA.device_authorization_endpoint,
      METADATA.revocation_endpoint,
      METADATA.introspection_endpoint,
    ]
    for (const endpoint of posted) {
      const answer = await postForm(server, pathOf(endpoint), { client_id: 'nobody' })
      expect(refusalOf(answer)).toEqual({ status: 401, error: 'invalid_client' })
    }
    expect((await server.call({ path: pathOf(METADATA.jwks_uri) })).status).toBe(200)
    expect((await server.call({ path: `${pathOf(METADATA.authorization_endpoint)}?x` })).status).toBe(400)
  })

  const grants = ['authorization_code', 'refresh_token', 'client_credentials', 'password', 'implicit']
  for (const grant of [...grants, 'urn:ietf:params:oauth:grant-type:device_code']) {
    it(`says truly whether the grant ${grant} is served`, async () => {
      const answer = await postForm(server, '/oauth2/token', { grant_type: grant, client_id: 'flytectl' })
      const isServed = refusalOf(answer).error !== 'unsupported_grant_type'
      expect(METADATA.grant_types_supported?.includes(grant)).toBe(isServed)
    })
  }

  for (const type of ['code', 'token', 'id_token', 'code token']) {
    it(`says truly whether the response type ${type} is served`, async () => {
      const { headers } = await browser.get(authorizePath({ response_type: type }))
      const isServed = headers.location?.startsWith('/oauth2/authorize_callback?') === true
      expect(METADATA.response_types_supported?.includes(type)).toBe(isServed)
    })
  }

  for (const mode of ['query', 'fragment', 'form_post', 'web_message']) {
    it(`says truly whether the response mode ${mode} is served`, async () => {
      const { headers } = await browser.get(authorizePath({ response_mode: mode }))
      const isServed = headers.location?.startsWith('/oauth2/authorize_callback?') === true
      expect(METADATA.response_modes_supported?.includes(mode)).toBe(isServed)
    })
  }

  it('says truly how a challenge is made, and that the issuer is in every answer', async () => {
    for (const method of ['S256', 'plain']) {
      const { headers } = await browser.get(authorizePath({ code_challenge_method: method }))
      const isServed = headers.location?.startsWith('/oauth2/authorize_callback?') === true
      expect(METADATA.code_challenge_methods_supported?.includes(method)).toBe(isServed)
    }
    const { leftTo } = await browser.follow(authorizePath())
    expect(leftTo?.searchParams.get('iss')).toBe(METADATA.issuer)
    expect(METADATA.authorization_response_iss_parameter_supported).toBe(true)
  })

  it('says truly how a client proves itself', async () => {
    const form = { grant_type: 'client_credentials' }
    const ways: Record<string, () => ReturnType<typeof postForm>> = {
      client_secret_basic: () =>
        postForm(server, '/oauth2/token', form, { authorization: basic(REPORTER, REPORTER_SECRET) }),
      client_secret_post: () =>
        postForm(server, '/oauth2/token', { ...form, client_id: REPORTER, client_secret: REPORTER_SECRET }),
      none: async () => redeem(server, await codeFor(browser)),
    }
    expect(Object.keys(ways).sort()).toEqual(
      [...(METADATA.token_endpoint_auth_methods_supported ?? [])].sort(),
    )
    for (const send of Object.values(ways)) expect((await send()).status).toBe(200)
  })

  for (const endpoint of ['revocation', 'introspection'] as const) {
    it(`says truly how a client proves itself for ${endpoint}, which is no less than without a secret`, async () => {
      const path = pathOf(METADATA[`${endpoint}_endpoint`])
      const token = 'none of ours'
      const inForm = { client_id: REPORTER, client_secret: REPORTER_SECRET }
      const ways: Record<string, () => ReturnType<typeof postForm>> = {
        client_secret_basic: () =>
          postForm(server, path, { token }, { authorization: basic(REPORTER, REPORTER_SECRET) }),
        client_secret_post: () => postForm(server, path, { token, ...inForm }),
        none: () => postForm(server, path, { token, client_id: 'flytectl' }),
      }
      const said = METADATA[`${endpoint}_endpoint_auth_methods_supported`]
      expect(Object.keys(ways).sort()).toEqual([...(said ?? [])].sort())
      for (const send of Object.values(ways)) expect((await send()).status).toBe(200)
    })
  }
})

describe('a token of ours, as the functions verify any provider’s', () => {
  function resolver(audiences = [ISSUER]) {
    const fetch: DocumentFetcher = async (url) => {
      const { status, headers, body } = await server.call({ path: pathOf(url) })
      return { status, headers, body: new Uint8Array(body) }
    }
    const issuer = {
      issuer: ISSUER,
      jwksUri: `${ISSUER}/oauth2/jwks`,
      algorithms: ['RS256' as const],
      audiences,
      audienceClaim: 'aud' as const,
    }
    const deps = {
      trustedIssuers: [issuer],
      fetch,
      metadata: createIssuerMetadata({ fetch, now: Date.now }),
      now: Date.now,
    }
    return createCallerResolver({ verifyAccessToken: createAccessTokenVerifier(deps), albIdentity: null })
  }

  const callerOf = (token: string) => resolver()(requestWith({ authorization: `Bearer ${token}` }), newCall())

  it('names a person', async () => {
    const { access_token: token } = tokensOf(await redeem(server, await codeFor(browser)))
    expect((await callerOf(token))?.caller).toMatchObject({
      kind: 'user',
      issuer: ISSUER,
      subject: 'ada',
      clientId: 'flytectl',
      profile: { name: 'Ada Lovelace', givenName: 'Ada', familyName: 'Lovelace', email: 'ada@example.com' },
    })
  })

  it('makes an application of a service', async () => {
    const authorization = basic(REPORTER, REPORTER_SECRET)
    const answer = await postForm(
      server,
      '/oauth2/token',
      { grant_type: 'client_credentials' },
      { authorization },
    )
    expect((await callerOf(tokensOf(answer).access_token))?.caller).toMatchObject({
      kind: 'application',
      subject: REPORTER,
      profile: {},
    })
  })

  it('is refused where it is for somebody else, and if it is no access token', async () => {
    const tokens = tokensOf(
      await redeem(server, await codeFor(browser, { audience: 'https://other.example.com' })),
    )
    await expect(callerOf(tokens.access_token)).rejects.toMatchObject({ reason: 'audience_mismatch' })
    await expect(callerOf(tokens.refresh_token)).rejects.toMatchObject({ reason: 'token_malformed' })
  })
})
