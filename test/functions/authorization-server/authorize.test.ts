/** The authorization endpoint (RFC 6749 section 4.1, RFC 7636, RFC 8252, RFC 9207, RFC 9700 section 2.1). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SignedInPerson } from '../../../functions/authorization-server/session-reader.ts'
import { DEFAULT_CLIENTS, type StaticClient } from '../../../functions/authorization-server/settings.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, hiddenFields, openBrowser } from './support/browser.ts'
import { authorizePath, claimsOf, codeFor, type Parameters, redeem, tokensOf } from './support/flow.ts'
import {
  ADA,
  DASHBOARD,
  DASHBOARD_REDIRECT,
  ISSUER,
  REDIRECT_URI,
  STRANGER,
  startTestServer,
  type TestServer,
} from './support/server.ts'

const CALLBACK = '/oauth2/authorize_callback'
const DASHBOARD_REQUEST = { client_id: DASHBOARD, redirect_uri: DASHBOARD_REDIRECT }

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

/** Where a request ends for a person who agrees to whatever needs no asking. */
async function outcome(changes: Parameters) {
  const { leftTo, answer } = await browser.follow(authorizePath(changes))
  return { answer, leftTo, parameters: Object.fromEntries(leftTo?.searchParams ?? []) }
}

describe('a sign-in', () => {
  it('ends at the client with a code, the state and the issuer, and nothing else', async () => {
    const { leftTo, answer, parameters } = await outcome({})
    expect(`${leftTo?.origin}${leftTo?.pathname}`).toBe(REDIRECT_URI)
    expect(parameters).toEqual({ code: expect.any(String), state: 'the-state', iss: ISSUER })
    expect(leftTo?.hash).toBe('')
    expect(answer.status).toBe(303)
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })

  it('works without a state, which PKCE makes up for', async () => {
    const { parameters } = await outcome({ state: undefined })
    expect(parameters).toEqual({ code: expect.any(String), iss: ISSUER })
  })

  it('goes by way of the sign-in if nobody is signed in, and comes back', async () => {
    server.person = undefined
    const first = await browser.get(authorizePath())
    const waiting = await browser.get(first.headers.location ?? '')
    expect(waiting.status).toBe(303)
    const back = new URL(waiting.headers.location ?? '', ISSUER).searchParams.get('redirect_url')
    expect(back).toBe(first.headers.location)
    server.person = ADA
    const { leftTo } = await browser.follow(back ?? '')
    expect(leftTo?.searchParams.get('code')).toEqual(expect.any(String))
  })

  it('asks anew who it is, each time', async () => {
    await codeFor(browser)
    server.person = { ...ADA, subject: 'grace', profile: { name: 'Grace Hopper' } }
    const tokens = tokensOf(await redeem(server, await codeFor(browser)))
    expect(claimsOf(tokens.access_token)).toMatchObject({ sub: 'grace', user_info: { name: 'Grace Hopper' } })
  })

  it('can be under way several times in one browser', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map((n) => browser.get(authorizePath({ state: `tab-${n}-state` }))),
    )
    const second = await browser.follow(two?.headers.location ?? '')
    const first = await browser.follow(one?.headers.location ?? '')
    expect(first.leftTo?.searchParams.get('state')).toBe('tab-1-state')
    expect(second.leftTo?.searchParams.get('state')).toBe('tab-2-state')
    expect(browser.cookies.size).toBe(0)
  })

  it('is tied to the browser that started it', async () => {
    const { headers } = await browser.get(authorizePath())
    const other = await openBrowser(server.handler).get(headers.location ?? '')
    expect(other.status).toBe(400)
    expect(other.text).toContain('started in another browser')
    expect(server.ended.at(-1)?.call.outcome).toBe('sign_in_unknown')
  })

  it('is tied by a cookie that no other host can set, no script can read, and no other site makes a browser send', async () => {
    const { headerLines } = await browser.get(authorizePath())
    const [cookie, ...more] = headerLines['set-cookie'] ?? []
    expect(more).toEqual([])
    expect(cookie).toMatch(
      /^__Host-flyte_authorize_[\w-]{20,}=1; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
    )
  })

  it('can be finished once', async () => {
    const { headers } = await browser.get(authorizePath())
    const cookies = new Map(browser.cookies)
    await browser.follow(headers.location ?? '')
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    expect((await browser.get(headers.location ?? '')).status).toBe(400)
  })

  it('knows nothing of names that are no interactions', async () => {
    for (const name of ['', 'x', '../../etc', 'a'.repeat(65), 'a'.repeat(21)]) {
      expect((await browser.get(`${CALLBACK}?interaction=${encodeURIComponent(name)}`)).status).toBe(400)
    }
    expect((await browser.get(CALLBACK)).status).toBe(400)
  })

  it('is refused to a person whose subject is the name of a client', async () => {
    server.person = { ...ADA, subject: 'flytepropeller' }
    expect((await outcome({})).parameters).toMatchObject({ error: 'access_denied', iss: ISSUER })
  })
})

describe('a redirect URI', () => {
  const accepted: readonly [string, Parameters][] = [
    [
      'another port of localhost, where that is registered',
      { redirect_uri: 'http://localhost:9999/callback' },
    ],
    [
      'any port of 127.0.0.1, where that is registered',
      { client_id: STRANGER, redirect_uri: 'http://127.0.0.1:51004/callback' },
    ],
    [
      'any port of [::1], where that is registered',
      { client_id: STRANGER, redirect_uri: 'http://[::1]:51004/callback' },
    ],
  ]
  for (const [name, changes] of accepted) {
    it(`may be ${name}`, async () => {
      const { headers, status } = await browser.get(authorizePath(changes))
      expect(status).toBe(303)
      expect(headers.location).toContain(`${CALLBACK}?interaction=`)
    })
  }

  const refused: readonly [string, Parameters][] = [
    ['another path', { redirect_uri: 'http://localhost:53593/other' }],
    ['a path below', { redirect_uri: `${REDIRECT_URI}/more` }],
    ['a query more', { redirect_uri: `${REDIRECT_URI}?x=1` }],
    ['a fragment', { redirect_uri: `${REDIRECT_URI}#x` }],
    ['https where http is registered', { redirect_uri: 'https://localhost:53593/callback' }],
    ['127.0.0.1 where localhost is registered', { redirect_uri: 'http://127.0.0.1:53593/callback' }],
    [
      'localhost where 127.0.0.1 is registered',
      { client_id: STRANGER, redirect_uri: 'http://localhost/callback' },
    ],
    ['a host that starts like it', { redirect_uri: 'http://localhost.evil.example/callback' }],
    ['a host behind a user name', { redirect_uri: 'http://localhost:53593@evil.example/callback' }],
    ['a user name before the host', { redirect_uri: 'http://evil@localhost:53593/callback' }],
    ['another encoding of the path', { redirect_uri: 'http://localhost:53593/%63allback' }],
    ['a path that leads back', { redirect_uri: 'http://localhost:53593/x/../callback' }],
    ['other letters', { redirect_uri: 'http://LOCALHOST:53593/callback' }],
    [
      'another port of a web client',
      { client_id: DASHBOARD, redirect_uri: 'https://dashboard.example.com:8443/callback' },
    ],
    ['another host of a web client', { client_id: DASHBOARD, redirect_uri: 'https://evil.example/callback' }],
    ['that of another client', { client_id: DASHBOARD, redirect_uri: REDIRECT_URI }],
    ['none at all', { redirect_uri: undefined }],
    ['an empty one', { redirect_uri: '' }],
    ['a script', { redirect_uri: 'javascript:alert(1)' }],
  ]
  for (const [name, changes] of refused) {
    it(`may not be ${name}, and nobody is sent there`, async () => {
      const { status, headers, text } = await browser.get(authorizePath(changes))
      expect({ status, location: headers.location }).toEqual({ status: 400, location: undefined })
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(text).not.toContain('evil')
    })
  }

  it('is compared as it is, where an operator registered an asterisk', async () => {
    const client = { ...DEFAULT_CLIENTS[0], id: 'wild', redirectUris: ['https://*.example.com/callback'] }
    server = startTestServer(database, { settings: { clients: [client as StaticClient] } })
    browser = openBrowser(server.handler)
    const changes = { client_id: 'wild', redirect_uri: 'https://evil.example.com/callback' }
    const { status, headers } = await browser.get(authorizePath(changes))
    expect({ status, location: headers.location }).toEqual({ status: 400, location: undefined })
  })

  it('is never followed for a client that is not known', async () => {
    const { status, headers, text } = await browser.get(authorizePath({ client_id: 'nobody' }))
    expect({ status, location: headers.location }).toEqual({ status: 400, location: undefined })
    expect(text).toContain('is not known')
  })
})

describe('a request that the client is told about', () => {
  const refused: readonly [string, string, Parameters][] = [
    ['has no challenge', 'invalid_request', { code_challenge: undefined, code_challenge_method: undefined }],
    ['has a plain challenge', 'invalid_request', { code_challenge_method: 'plain' }],
    ['has a challenge without a method', 'invalid_request', { code_challenge_method: undefined }],
    ['has a method without a challenge', 'invalid_request', { code_challenge: undefined }],
    ['has a challenge that is none', 'invalid_request', { code_challenge: 'short' }],
    ['wants a token in the address', 'unsupported_response_type', { response_type: 'token' }],
    ['wants an ID token', 'unsupported_response_type', { response_type: 'id_token' }],
    ['wants both', 'unsupported_response_type', { response_type: 'code token' }],
    ['asks for a scope that the client has not', 'invalid_scope', { scope: 'all admin' }],
    ['asks for openid, which is not served', 'invalid_scope', { scope: 'openid' }],
    ['asks for another audience', 'invalid_target', { audience: 'https://elsewhere.example.com' }],
    ['asks for another resource', 'invalid_target', { resource: 'https://elsewhere.example.com' }],
    ['asks for an audience that is no address', 'invalid_target', { audience: 'everything' }],
    ['brings a request object', 'request_not_supported', { request: 'e30.e30.' }],
    ['brings the address of one', 'request_uri_not_supported', { request_uri: 'https://evil.example/r' }],
    ['brings a registration', 'registration_not_supported', { registration: '{}' }],
    ['wants no person to be asked', 'login_required', { prompt: 'none' }],
    ['wants the answer in the fragment', 'unsupported_response_mode', { response_mode: 'fragment' }],
    ['wants the answer in a form', 'unsupported_response_mode', { response_mode: 'form_post' }],
  ]
  for (const [name, error, changes] of refused) {
    it(`is refused if it ${name}`, async () => {
      const { status, headers } = await browser.get(authorizePath(changes))
      const location = new URL(headers.location ?? 'https://no.redirect')
      const told = new URLSearchParams(location.search || location.hash.slice(1))
      expect({ status, at: `${location.origin}${location.pathname}` }).toEqual({
        status: 303,
        at: REDIRECT_URI,
      })
      expect(Object.fromEntries(told)).toMatchObject({ error, state: 'the-state', iss: ISSUER })
      expect(told.has('code')).toBe(false)
    })
  }

  it('is refused if it says something twice', async () => {
    const { headers } = await browser.get(`${authorizePath()}&scope=all`)
    expect(new URL(headers.location ?? '').searchParams.get('error')).toBe('invalid_request')
  })
})

describe('what a client gets', () => {
  const audiences: readonly [string, Parameters, string][] = [
    ['the public URL, if it asks for nothing', {}, ISSUER],
    ['the public URL, if it asks for that', { audience: ISSUER }, ISSUER],
    ['the public URL, with a slash or without', { audience: `${ISSUER}/` }, ISSUER],
    [
      'another audience of the deployment',
      { audience: 'https://other.example.com' },
      'https://other.example.com',
    ],
    ['a resource (RFC 8707)', { resource: 'https://other.example.com' }, 'https://other.example.com'],
    ['the public URL, for an empty audience', { audience: '' }, ISSUER],
  ]
  for (const [name, changes, audience] of audiences) {
    it(`is for ${name}`, async () => {
      const answer = await redeem(server, await codeFor(browser, changes))
      expect(claimsOf(tokensOf(answer).access_token).aud).toBe(audience)
    })
  }

  it('has the scopes it is registered with, if it asks for none', async () => {
    const tokens = tokensOf(await redeem(server, await codeFor(browser, { scope: undefined })))
    expect(tokens.scope).toBe('all offline')
  })

  it('has no refresh token, if it did not ask for one', async () => {
    const tokens = tokensOf(await redeem(server, await codeFor(browser, { scope: 'all' })))
    expect(tokens.scope).toBe('all')
    expect(tokens.refresh_token).toBeUndefined()
  })
})

describe('consent', () => {
  it('is not asked for a first-party client', async () => {
    expect((await outcome({})).parameters.code).toEqual(expect.any(String))
  })

  it('is asked for a first-party client that wants it to be', async () => {
    const { answer } = await outcome({ prompt: 'consent' })
    expect(answer.text).toContain('Let flytectl act for you?')
  })

  async function question() {
    const { answer } = await outcome(DASHBOARD_REQUEST)
    return { page: answer, fields: hiddenFields(answer.text) }
  }

  it('is asked for every other client, with its name, what it may do, who it acts for and where it leads', async () => {
    const { page } = await question()
    expect(page.status).toBe(200)
    expect(page.text).toContain('The &lt;Dashboard&gt;')
    expect(page.text).toContain('Ada Lovelace</span>')
    expect(page.text).toContain('ada@example.com')
    expect(page.text).toContain('dashboard.example.com')
    expect(page.text).toContain('in your name')
  })

  it('leads on to the client once it is given', async () => {
    const { fields } = await question()
    const answer = await browser.post(CALLBACK, { ...fields, decision: 'allow' })
    const location = new URL(answer.headers.location ?? '')
    expect(answer.status).toBe(303)
    expect(`${location.origin}${location.pathname}`).toBe(DASHBOARD_REDIRECT)
    expect(location.searchParams.get('code')).toEqual(expect.any(String))
  })

  for (const decision of ['deny', 'Allow', '']) {
    it(`leads back without a code for the answer "${decision}"`, async () => {
      const { fields } = await question()
      const answer = await browser.post(CALLBACK, { ...fields, decision })
      const told = Object.fromEntries(new URL(answer.headers.location ?? '').searchParams)
      expect(told).toMatchObject({ error: 'access_denied', state: 'the-state', iss: ISSUER })
      expect(told.code).toBeUndefined()
    })
  }

  it('is not given by a mere visit', async () => {
    const { fields } = await question()
    const query = new URLSearchParams({ ...fields, decision: 'allow' })
    const answer = await browser.get(`${CALLBACK}?${query}`)
    expect(answer.headers.location).toBeUndefined()
    expect(answer.text).toContain('act for you?')
  })

  const forged: readonly [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another host of this site', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
  ]
  for (const [name, headers] of forged) {
    it(`is not taken from a page of ${name}`, async () => {
      const { fields } = await question()
      const answer = await browser.post(CALLBACK, { ...fields, decision: 'allow' }, headers)
      expect(answer.status).toBe(403)
      expect(answer.headers.location).toBeUndefined()
    })
  }

  it('is not taken without the cookie of its browser', async () => {
    const { fields } = await question()
    browser.cookies.clear()
    expect((await browser.post(CALLBACK, { ...fields, decision: 'allow' })).status).toBe(400)
  })

  const meanwhile: readonly [string, SignedInPerson][] = [
    ['somebody else', { ...ADA, subject: 'grace', profile: { name: 'Grace Hopper' } }],
    ['their namesake at another provider', { ...ADA, issuer: 'https://other.example.com' }],
  ]
  for (const [name, person] of meanwhile) {
    it(`is asked of ${name} who has signed in meanwhile, and not taken over from the one who read it`, async () => {
      const { fields } = await question()
      server.person = person
      const again = await browser.post(CALLBACK, { ...fields, decision: 'allow' })
      expect({ status: again.status, location: again.headers.location }).toEqual({
        status: 200,
        location: undefined,
      })
      expect(again.text).toContain(`${person.profile.name}</span>`)
      const theirs = { ...hiddenFields(again.text), decision: 'allow' }
      const answer = await browser.post(CALLBACK, theirs)
      expect(new URL(answer.headers.location ?? '').searchParams.get('code')).toEqual(expect.any(String))
    })
  }

  it('is not given by a form that does not say whom it was put to', async () => {
    const { fields } = await question()
    const { interaction = '' } = fields
    const forms: Record<string, string>[] = [{}, { asked: '' }, { asked: 'x' }]
    for (const form of forms) {
      const answer = await browser.post(CALLBACK, { interaction, ...form, decision: 'allow' })
      expect(answer.text).toContain('act for you?')
    }
  })
})

describe('a page', () => {
  it('cannot be framed, runs no script, and takes nothing from elsewhere', async () => {
    const { answer } = await outcome(DASHBOARD_REQUEST)
    const policy = answer.headers['content-security-policy'] ?? ''
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).toMatch(/style-src 'sha256-[A-Za-z0-9+/]{43}='/)
    expect(answer.text).not.toMatch(/<script|\son[a-z]+=|javascript:|https?:\/\/(?!flyte)/i)
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=31536000',
    })
  })

  it('may lead to the client that it is about, and to where that leads on to over https', async () => {
    const policyOf = async (changes: Parameters) => {
      const { answer } = await outcome(changes)
      return answer.headers['content-security-policy']
    }
    const native = { client_id: STRANGER, redirect_uri: 'http://127.0.0.1:51004/callback' }
    expect(await policyOf(native)).toContain("form-action 'self' http://127.0.0.1:51004 https:;")
    expect(await policyOf(DASHBOARD_REQUEST)).toContain("form-action 'self' https:;")
  })

  it('may lead to a loopback address of IPv6, which a policy can only name by its scheme', async () => {
    const { answer } = await outcome({ client_id: STRANGER, redirect_uri: 'http://[::1]:51004/callback' })
    expect(answer.headers['content-security-policy']).toContain("form-action 'self' http: https:;")
    expect(answer.text).toContain('[::1]:51004')
  })

  it('has a style that needs no escaping', async () => {
    const { answer } = await outcome(DASHBOARD_REQUEST)
    expect(/<style>([^<]*)<\/style>/.exec(answer.text)?.[1]).not.toMatch(/[&<>"']/)
  })

  it('lets no other site read the authorization endpoint', async () => {
    const answer = await server.call({ path: authorizePath(), headers: { origin: 'https://evil.example' } })
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('is JSON for a program', async () => {
    const answer = await server.call({ path: authorizePath({ redirect_uri: 'https://evil.example' }) })
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ error: 'invalid_redirect_uri' })
    expect(answer.headers['cache-control']).toBe('no-store')
  })
})
