/** The flows where this deployment signs people in itself: the real login function, over the same table. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOwnSessionReader } from '../../../functions/authorization-server/session-reader.ts'
import { answerEvent } from '../../../functions/shared/lambda.ts'
import type { AlbAnswer, EventHandler } from '../../support/alb-event.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { CLIENT_ID, startOpenIdProvider, type TestOpenIdProvider } from '../../support/openid-provider.ts'
import { json } from '../../support/test-issuer.ts'
import { startLogin, type TestLogin } from '../login/fixture.ts'
import { type Browser, hiddenField, hiddenFields, openBrowser } from './support/browser.ts'
import { authorizePath, claimsOf, postForm, redeem, refusalOf, tokensOf } from './support/flow.ts'
import { DASHBOARD, DASHBOARD_REDIRECT, ISSUER, startTestServer, type TestServer } from './support/server.ts'

const CALLBACK = '/oauth2/authorize_callback'
const HOUR = 3_600

let database: TestDatabase
let provider: TestOpenIdProvider
let login: TestLogin
let server: TestServer
let browser: Browser

beforeAll(async () => {
  database = await startTestDatabase()
  provider = await startOpenIdProvider(() => Date.now())
})
afterAll(async () => {
  await provider.close()
  await database.close()
})
beforeEach(() => {
  provider.reset()
  login = startLogin({ provider, database, now: () => Date.now() })
  const { readSession } = login.deps
  server = startTestServer(database, {
    browserAuth: 'service',
    session: createOwnSessionReader({ readSession, clientId: CLIENT_ID }),
  })
  browser = openBrowser(deployment)
})
afterEach(() => vi.useRealTimers())

/** Both functions behind one host. */
const deployment: EventHandler = (event, context) => {
  const isLogin = ['/login', '/callback', '/logout'].includes(event.path)
  if (!isLogin) return server.handler(event, context)
  return answerEvent({ app: login.app, telemetry: { callEnded: () => undefined } }, event)
}

function moveClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

/** Follows an address, by way of the provider if it leads there. */
async function signedInAt(
  url: string,
  subject = 'ada',
): Promise<{ answer: AlbAnswer; leftTo: URL | undefined }> {
  const first = await browser.follow(url)
  if (first.leftTo?.origin !== new URL(provider.issuer).origin) return first
  return browser.follow(provider.signIn(first.leftTo.href, subject).href)
}

describe('a person who is not signed in', () => {
  it('signs in at the provider, and comes back into the flow', async () => {
    const { leftTo } = await signedInAt(authorizePath())
    expect(leftTo?.searchParams.get('state')).toBe('the-state')
    const tokens = tokensOf(await redeem(server, leftTo?.searchParams.get('code') ?? ''))
    expect(claimsOf(tokens.access_token)).toMatchObject({
      sub: 'ada',
      user_info: { subject: 'ada', name: 'Ada Lovelace', given_name: 'Ada', email: 'ada@example.com' },
    })
  })

  it('is sent on by a path of ours, with nothing but the name of the flow in it', async () => {
    const { headers } = await browser.get(authorizePath())
    const waiting = await browser.get(headers.location ?? '')
    expect(waiting.status).toBe(303)
    expect(waiting.headers.location).toBe(`/login?redirect_url=${encodeURIComponent(headers.location ?? '')}`)
    expect(waiting.headers['cache-control']).toBe('no-store')
    expect(headers.location).toMatch(/^\/oauth2\/authorize_callback\?interaction=[\w-]{16,64}$/)
  })

  it('comes back to the code of a device as well', async () => {
    const { answer } = await signedInAt('/device?user_code=bbbb-cccc')
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('value="BBBB-CCCC"')
    expect(answer.text).toContain('Ada Lovelace')
  })

  it('is nobody, whatever the headers of the load balancer say', async () => {
    const { headers } = await browser.get(authorizePath())
    const answer = await server.call({
      path: headers.location ?? '',
      headers: {
        cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        'x-amzn-oidc-identity': 'ada',
        'x-amzn-oidc-data': 'e30.e30.',
      },
    })
    expect(answer.headers.location).toContain('/login?')
  })
})

describe('a person who is signed in', () => {
  beforeEach(async () => {
    await signedInAt('/login')
  })

  it('is not asked again', async () => {
    const { leftTo } = await browser.follow(authorizePath())
    expect(leftTo?.searchParams.get('code')).toEqual(expect.any(String))
    expect(server.ended.at(-1)?.call.notes.caller).toBe('session')
  })

  it('keeps their session when the flow takes its own cookie back', async () => {
    const before = [...browser.cookies.keys()].toSorted()
    await browser.follow(authorizePath())
    expect([...browser.cookies.keys()].toSorted()).toEqual(before)
  })

  it('gets the cookies of a session that was refreshed on the way', async () => {
    const before = new Map(browser.cookies)
    moveClock(provider.idTokenSeconds + 60)
    const { answer } = await browser.follow('/device')
    expect(answer.text).toContain('Ada Lovelace')
    expect(browser.cookies.get('flyte_idt')).not.toBe(before.get('flyte_idt'))
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  const over: readonly [string, () => unknown][] = [
    ['was ended by signing out', () => browser.post('/logout', {})],
    ['is over', () => moveClock(25 * HOUR)],
    ['cannot be read', spoilCookies],
  ]
  for (const [name, make] of over) {
    it(`signs in anew if the session ${name}`, async () => {
      await make()
      const answer = await browser.get('/device')
      expect({ status: answer.status, to: answer.headers.location }).toEqual({
        status: 303,
        to: `/login?redirect_url=${encodeURIComponent('/device')}`,
      })
    })
  }

  it('is told to come again if the session cannot be verified, instead of being taken for nobody', async () => {
    provider.does.answers.jwks = json({}, 500)
    login = startLogin({ provider, database, now: () => Date.now() })
    const { readSession } = login.deps
    server = startTestServer(database, {
      browserAuth: 'service',
      session: createOwnSessionReader({ readSession, clientId: CLIENT_ID }),
    })
    const answer = await browser.get('/device')
    expect(answer.status).toBe(503)
    expect(answer.text).toContain('This does not work right now')
  })

  it('consents from a page of ours only', async () => {
    const { answer } = await browser.follow(
      authorizePath({ client_id: DASHBOARD, redirect_uri: DASHBOARD_REDIRECT }),
    )
    const form = { ...hiddenFields(answer.text), decision: 'allow' }
    for (const headers of FOREIGN) expect((await browser.post(CALLBACK, form, headers)).status).toBe(403)
    const done = await browser.post(CALLBACK, form)
    expect(new URL(done.headers.location ?? '').searchParams.get('code')).toEqual(expect.any(String))
  })

  it('connects a device from a page of ours only', async () => {
    const started = await postForm(server, '/oauth2/device_authorization', { client_id: 'flytectl' })
    const device = started.json() as { device_code: string; user_code: string }
    const asked = await browser.post('/device', { user_code: device.user_code })
    const form = { question: hiddenField(asked.text, 'question'), decision: 'allow' }
    for (const headers of FOREIGN) expect((await browser.post('/device', form, headers)).status).toBe(403)
    expect((await browser.post('/device', form)).text).toContain('The device is connected')
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const polled = { grant_type, client_id: 'flytectl', device_code: device.device_code }
    const tokens = tokensOf(await postForm(server, '/oauth2/token', polled))
    expect(claimsOf(tokens.access_token).sub).toBe('ada')
  })

  it('signs in again before an answer counts, if the session ended in between', async () => {
    const { answer } = await browser.follow(
      authorizePath({ client_id: DASHBOARD, redirect_uri: DASHBOARD_REDIRECT }),
    )
    const form = { ...hiddenFields(answer.text), decision: 'allow' }
    await browser.post('/logout', {})
    const page = await browser.post(CALLBACK, form)
    expect(page.headers.location).toBeUndefined()
    const again = await signedInAt(goesOnTo(page.text), 'grace')
    expect(again.answer.text).toContain('act for you?')
    expect(again.leftTo).toBeUndefined()
  })

  it('finds the code again that they had typed, if the session ended in between', async () => {
    await browser.post('/logout', {})
    const page = await browser.post('/device', { user_code: 'bbbb-cccc' })
    expect(page.headers.location).toBeUndefined()
    expect(goesOnTo(page.text)).toBe(
      `/login?redirect_url=${encodeURIComponent('/device?user_code=BBBB-CCCC')}`,
    )
  })
})

/** Where a page goes on to by itself. A redirect would be one that the policy of the form's page forbids. */
function goesOnTo(page: string): string {
  return /<meta http-equiv="refresh" content="0;url=([^"]+)">/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? ''
}

function spoilCookies(): void {
  for (const name of browser.cookies.keys()) browser.cookies.set(name, 'x')
}

const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': '', origin: 'https://evil.example' },
]

describe('another host of the deployment', () => {
  it('sends a sign-in to the first one, where people come back to from the provider', async () => {
    const path = authorizePath({ state: 'a state & more' })
    const { status, headers, headerLines } = await server.call({
      path,
      headers: { host: 'flyte.example.org' },
    })
    expect(status).toBe(303)
    expect(headers.location).toBe(`${ISSUER}${path}`)
    expect(headerLines['set-cookie']).toBeUndefined()
    const { leftTo } = await signedInAt(headers.location ?? '')
    expect(leftTo?.searchParams.get('state')).toBe('a state & more')
  })
})

describe('a restart', () => {
  it('while a person is away at the provider loses nothing', async () => {
    const first = await browser.follow(authorizePath())
    server.restart()
    login = startLogin({ provider, database, now: () => Date.now() })
    const { leftTo } = await browser.follow(provider.signIn(first.leftTo?.href ?? '').href)
    server.restart()
    expect(refusalOf(await redeem(server, leftTo?.searchParams.get('code') ?? '')).status).toBe(200)
  })
})
