/**
 * What was wrong with the authorization server of Flyte 1, one test each: whoever comes from there should find none
 * of it.
 */
import { IncomingMessage } from 'node:http'
import { queryObjects } from 'node:v8'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULT_CLIENTS } from '../../../functions/authorization-server/settings.ts'
import { newCall } from '../../../functions/shared/call.ts'
import { createCallerResolver } from '../../../functions/shared/identity/resolve-caller.ts'
import { createAccessTokenVerifier } from '../../../functions/shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../../../functions/shared/tokens/issuer-metadata.ts'
import {
  CURRENT_KEY,
  KEYS_FRESH_MS,
  OLD_KEY,
  publicHalfOf,
} from '../../../functions/shared/tokens/key-document.ts'
import type { DocumentFetcher } from '../../../functions/shared/tokens/remote-document.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { requestWith } from '../../support/identity-fixture.ts'
import { type Browser, openBrowser } from './support/browser.ts'
import {
  authorizePath,
  basic,
  claimsOf,
  codeFor,
  headerOf,
  postForm,
  redeem,
  refresh,
  refusalOf,
  type Tokens,
  tokensOf,
} from './support/flow.ts'
import {
  ADA,
  DASHBOARD,
  DASHBOARD_REDIRECT,
  ISSUER,
  newPem,
  REPORTER,
  REPORTER_SECRET,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from './support/server.ts'

const INVALID_GRANT = { status: 400, error: 'invalid_grant' }
const DAY = 24 * 3_600

let database: TestDatabase
let server: TestServer
let browser: Browser

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => start())
afterEach(() => vi.useRealTimers())

function start(options: TestServerOptions = {}): void {
  server = startTestServer(database, options)
  browser = openBrowser(server.handler)
}

function moveClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

const signIn = async (): Promise<Tokens> => tokensOf(await redeem(server, await codeFor(browser)))

const asService = () =>
  postForm(
    server,
    '/oauth2/token',
    { grant_type: 'client_credentials' },
    { authorization: basic(REPORTER, REPORTER_SECRET) },
  )

/** How the other functions of a deployment read a token of ours. */
function callerOf(token: string, issuer = ISSUER) {
  const fetch: DocumentFetcher = async () => {
    const { status, headers, body } = await server.call({ path: '/oauth2/jwks' })
    return { status, headers, body: new Uint8Array(body) }
  }
  const verifyAccessToken = createAccessTokenVerifier({
    trustedIssuers: [
      {
        issuer,
        jwksUri: `${ISSUER}/oauth2/jwks`,
        algorithms: ['RS256'],
        audiences: [ISSUER],
        audienceClaim: 'aud',
      },
    ],
    fetch,
    metadata: createIssuerMetadata({ fetch, now: () => Date.now() }),
    now: () => Date.now(),
  })
  const resolve = createCallerResolver({ verifyAccessToken, albIdentity: null })
  return resolve(requestWith({ authorization: `Bearer ${token}` }), newCall())
}

describe('a defect of Flyte 1 that is not here', () => {
  it('1: a code passes for a refresh token, and needs no verifier then', async () => {
    expect(refusalOf(await refresh(server, await codeFor(browser)))).toEqual(INVALID_GRANT)
  })

  it('2: an access token passes for a refresh token, and becomes a session without end', async () => {
    const { access_token: token } = await signIn()
    expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
  })

  it('3: an access token passes for a code', async () => {
    const { access_token: token } = await signIn()
    expect(refusalOf(await redeem(server, token))).toEqual(INVALID_GRANT)
  })

  it('4: a code works again for five minutes', async () => {
    const code = await codeFor(browser)
    expect((await redeem(server, code)).status).toBe(200)
    expect(refusalOf(await redeem(server, code))).toEqual(INVALID_GRANT)
  })

  it('5: the token endpoint does not look at the redirect URI', async () => {
    const other = { redirect_uri: 'http://localhost:12345/callback' }
    expect(refusalOf(await redeem(server, await codeFor(browser), other))).toEqual(INVALID_GRANT)
  })

  it('6: a public client gets a code without PKCE', async () => {
    const { headers } = await browser.get(
      authorizePath({ code_challenge: undefined, code_challenge_method: undefined }),
    )
    const told = new URL(headers.location ?? '').searchParams
    expect([told.get('error'), told.has('code')]).toEqual(['invalid_request', false])
  })

  it('7: a refresh token works again and for ever, and cannot be taken back', async () => {
    start({ settings: { refreshIdleSeconds: 30 * DAY, refreshAbsoluteSeconds: 7 * DAY } })
    const [used, revoked, old] = [await signIn(), await signIn(), await signIn()]
    const next = tokensOf(await refresh(server, used.refresh_token))
    await refresh(server, next.refresh_token)
    expect(refusalOf(await refresh(server, used.refresh_token))).toEqual(INVALID_GRANT)
    await postForm(server, '/oauth2/revoke', { client_id: 'flytectl', token: revoked.refresh_token })
    expect(refusalOf(await refresh(server, revoked.refresh_token))).toEqual(INVALID_GRANT)
    moveClock(7 * DAY + 1)
    expect(refusalOf(await refresh(server, old.refresh_token))).toEqual(INVALID_GRANT)
  })

  it('8: the token of a service names neither service, nor subject, nor issuer', async () => {
    const { access_token: token } = tokensOf(await asService())
    expect(claimsOf(token)).toMatchObject({ iss: ISSUER, sub: REPORTER, client_id: REPORTER })
    expect((await callerOf(token))?.caller).toMatchObject({ kind: 'application', subject: REPORTER })
  })

  it('9: a client that may do little and asks for nothing gets everything', async () => {
    const tokens = tokensOf(await asService())
    expect([tokens.scope, claimsOf(tokens.access_token).scp]).toEqual(['reports', ['reports']])
  })

  it('10: nobody else can tell which key signed, and a change of keys signs everybody out', async () => {
    const { access_token: token, refresh_token: refreshToken } = await signIn()
    const { keys } = (await server.call({ path: '/oauth2/jwks' })).json() as { keys: object[] }
    expect(headerOf(token)).not.toHaveProperty('key_id')
    expect(keys).toMatchObject([{ kid: headerOf(token).kid, alg: 'RS256', use: 'sig' }])
    server.secrets.keys = {
      [CURRENT_KEY]: newPem(),
      [OLD_KEY]: publicHalfOf(server.secrets.keys[CURRENT_KEY] ?? ''),
    }
    moveClock(KEYS_FRESH_MS / 1000)
    expect((await callerOf(token))?.caller.subject).toBe('ada')
    const next = tokensOf(await refresh(server, refreshToken))
    expect(headerOf(next.access_token).kid).not.toBe(headerOf(token).kid)
  })

  it('11: an issuer that is not the public URL makes every token fail', async () => {
    const issuer = 'https://tokens.example.com'
    start({ settings: { issuer } })
    const { access_token: token } = await signIn()
    expect(claimsOf(token)).toMatchObject({ iss: issuer, aud: ISSUER })
    expect((await callerOf(token, issuer))?.caller).toMatchObject({ issuer, subject: 'ada' })
  })

  it('12: everything that was ever issued stays in memory', async () => {
    await asService()
    for (let n = 0; n < 40; n += 1) await asService()
    const { refresh_token: token } = await signIn()
    await refresh(server, token)
    // Counts after a garbage collection. Each call was a request to the engine, and each token was made in one.
    expect(queryObjects(IncomingMessage, { format: 'count' })).toBeLessThan(20)
  })

  it('13: something that is no token is an error of the server', async () => {
    for (const made of ['x', 'a.b.c', '{}', 'ü'.repeat(100), `${(await signIn()).access_token}x`]) {
      expect(refusalOf(await redeem(server, made))).toEqual(INVALID_GRANT)
      expect(refusalOf(await refresh(server, made))).toEqual(INVALID_GRANT)
    }
  })

  it('14: a token whose header or claims are of another kind stops the process', async () => {
    const { access_token: token } = await signIn()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const strange = [
      `${part({ ...headerOf(token), kid: 1 })}.${payload}.${signature}`,
      `${part({ ...headerOf(token), kid: { a: 1 } })}.${payload}.${signature}`,
      `${part(null)}.${payload}.${signature}`,
      `${header}.${part({ ...claimsOf(token), client_id: 1, scp: 7, user_info: { email: [] } })}.${signature}`,
      `${header}.${part([])}.${signature}`,
    ]
    for (const one of strange) {
      const form = { client_id: 'flytectl', token: one }
      expect((await postForm(server, '/oauth2/introspect', form)).json()).toEqual({ active: false })
      expect((await postForm(server, '/oauth2/revoke', form)).status).toBe(200)
      await expect(callerOf(one)).rejects.toMatchObject({ status: 401 })
    }
  })

  it('15: all tokens of a sign-in have one jti, and one time of issue', async () => {
    const first = await signIn()
    moveClock(60)
    const second = tokensOf(await refresh(server, first.refresh_token))
    const [one, two] = [claimsOf(first.access_token), claimsOf(second.access_token)]
    expect(two.jti).not.toBe(one.jti)
    expect(Number(two.iat) - Number(one.iat)).toBeGreaterThanOrEqual(60)
  })

  it('16: nobody is asked for consent, and a client has a secret that everybody knows', async () => {
    const { answer } = await browser.follow(
      authorizePath({ client_id: DASHBOARD, redirect_uri: DASHBOARD_REDIRECT }),
    )
    expect(answer.text).toContain('act for you?')
    server.secrets.clients = {}
    server.restart()
    for (const { id } of DEFAULT_CLIENTS) {
      for (const secret of ['foobar', 'secret', id]) {
        const authorization = basic(id, secret)
        const answered = await postForm(
          server,
          '/oauth2/token',
          { grant_type: 'client_credentials' },
          { authorization },
        )
        expect(refusalOf(answered)).toEqual({ status: 401, error: 'invalid_client' })
      }
    }
  })
})

describe('a subject that is the name of a client', () => {
  it('gets no more tokens, even if the person signed in before there was that client', async () => {
    start({ settings: {} })
    server.person = { ...ADA, subject: 'robot' }
    const { refresh_token: token } = await signIn()
    const robot = {
      id: 'robot',
      name: 'Robot',
      public: false,
      redirectUris: [],
      grantTypes: ['client_credentials' as const],
      scopes: ['all'],
      firstParty: true,
    }
    start({ settings: { clients: [...DEFAULT_CLIENTS, robot] } })
    expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
  })
})
