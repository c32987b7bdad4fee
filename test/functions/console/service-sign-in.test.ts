/** The console where the deployment signs people in itself: every way in is open, and the session decides. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createConsoleApp } from '../../../functions/console/app.ts'
import { createBrowserIdentity } from '../../../functions/console/browser-identity.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { answerEvent } from '../../../functions/shared/lambda.ts'
import { lazySessionCaller } from '../../../functions/shared/session/lazy-session-caller.ts'
import type { EndedCall } from '../../../functions/shared/telemetry.ts'
import { type AlbAnswer, type AlbRequest, albEvent, readResult } from '../../support/alb-event.ts'
import { OTHER_COOKIE_KEYS, type TestBrowser } from '../../support/cookie-fixture.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { PUBLIC_URL } from '../../support/identity-fixture.ts'
import { startOpenIdProvider, type TestOpenIdProvider } from '../../support/openid-provider.ts'
import { browserWith } from '../../support/session-fixture.ts'
import { SIGN_IN, sessionsOf, signInSettings } from '../../support/sign-in-fixture.ts'

const NAVIGATION = { accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }
const PAGES = ['/v2', '/v2/run', '/v2/whoami', '/v2/connect']

let provider: TestOpenIdProvider
let database: TestDatabase
let nowMs = 1_800_000_000_000
const now = () => nowMs
let ended: EndedCall | undefined
let app: ReturnType<typeof createConsoleApp>

beforeAll(async () => {
  database = await startTestDatabase()
  provider = await startOpenIdProvider(now)
})
afterAll(async () => {
  await provider.close()
  await database.close()
})
beforeEach(() => {
  provider.reset()
  database.failWith(undefined)
  nowMs += 200_000_000
  const settings = signInSettings(provider.issuer, {
    ...SIGN_IN,
    idleSeconds: 3_600,
    absoluteSeconds: 86_400,
  })
  const sessionCaller = lazySessionCaller(async () => sessionsOf(settings, { database, now }).sessionCaller)
  app = createConsoleApp({
    settings,
    resolveCaller: createBrowserIdentity({ settings, fetch: fetchDocument, now, sessionCaller }),
  })
})

async function ask(path: string, request: Partial<AlbRequest> = {}): Promise<AlbAnswer> {
  const telemetry = {
    callEnded: (call: EndedCall) => {
      ended = call
    },
  }
  const headers = { ...NAVIGATION, ...request.headers }
  return readResult(await answerEvent({ app, telemetry }, albEvent({ ...request, path, headers })))
}

const askWith = (browser: TestBrowser, path = '/v2', request: Partial<AlbRequest> = {}) =>
  ask(path, { ...request, headers: { cookie: browser.header(), ...request.headers } })

async function signedIn(claims: Record<string, unknown> = {}): Promise<TestBrowser> {
  const session = await provider.session('ada', { name: 'Ada Lovelace', email: 'ada@example.com', ...claims })
  return browserWith(session, { now })
}

const outcome = () => ended?.call.outcome
const writtenBy = ({ headerLines }: AlbAnswer) =>
  (headerLines['set-cookie'] ?? []).map((line) => line.split('=', 1)[0])

describe('somebody without a session', () => {
  for (const path of PAGES) {
    it(`is sent from ${path} to sign in, and back there afterwards`, async () => {
      const answer = await ask(path)
      expect([answer.status, answer.headers.location]).toEqual([
        303,
        `/login?redirect_url=${encodeURIComponent(path)}`,
      ])
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.text).toBe('')
      expect([outcome(), ended?.call.notes.signIn]).toEqual(['ok', 'needed'])
    })
  }

  it('comes back to what the address says more than a path', async () => {
    const { headers } = await ask('/v2/run?project=a%26b&domain=d&name=r')
    const back = new URL(headers.location ?? '', PUBLIC_URL).searchParams.get('redirect_url')
    expect(back).toBe('/v2/run?project=a%26b&domain=d&name=r')
  })

  it('comes back to the page at least, with an address that is too long for the way there', async () => {
    const { headers } = await ask(`/v2?project=${'x'.repeat(2_000)}`)
    expect(headers.location).toBe('/login?redirect_url=%2Fv2')
  })

  it('cannot be led elsewhere by the address', async () => {
    const { status } = await ask('//evil.example/v2')
    expect(status).toBe(404)
  })

  it('is not sent in circles by a browser that keeps no session', async () => {
    const answer = await ask('/v2', { headers: { cookie: 'flyte_signed_in=1' } })
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('Your browser did not keep the session')
    expect(answer.text).toContain('href="/login?redirect_url=%2Fv2"')
    expect(outcome()).toBe('credentials_missing')
  })

  const programs: [string, Record<string, string>][] = [
    ['a program', { accept: '*/*', 'sec-fetch-mode': '' }],
    ['a script of a page', { accept: '*/*', 'sec-fetch-mode': 'cors' }],
    ['a script that would take a page', { accept: 'text/html', 'sec-fetch-mode': 'same-origin' }],
  ]
  for (const [what, headers] of programs) {
    it(`is told in the words of HTTP when it is ${what}`, async () => {
      const answer = await ask('/v2', { headers })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('/.well-known/oauth-protected-resource')
    })
  }

  it('gets the files of the pages, which say nothing of anybody', async () => {
    for (const path of ['/v2/console.css', '/v2/console.js']) expect((await ask(path)).status).toBe(200)
  })

  it('is nobody, whatever identity headers say that anybody can send', async () => {
    const headers = { 'x-amzn-oidc-identity': 'ada', 'x-amzn-oidc-data': 'a.b.c' }
    expect((await ask('/v2', { headers })).status).toBe(303)
  })
})

describe('somebody with a session', () => {
  for (const path of PAGES) {
    it(`sees ${path} as themselves`, async () => {
      const { status, text, headers } = await askWith(await signedIn(), path)
      expect(status).toBe(200)
      expect(text).toContain('<span class="who-name">Ada Lovelace</span>')
      expect(headers['cache-control']).toBe('no-store')
      expect(ended?.call.notes).toMatchObject({ caller: 'session' })
    })
  }

  it('reads how it is known who they are, with which scopes, and for how long', async () => {
    const { text } = await askWith(await signedIn(), '/v2/whoami')
    expect(text).toContain('A session of this deployment, in sealed cookies')
    expect(text).toContain('<dt>Scopes asked for</dt><dd>openid, profile, email</dd>')
    expect(text).toContain('<dd>Up to 1 day after you signed in, or 1 hour without a request</dd>')
    expect(text).toContain(`datetime="${new Date(nowMs + 300_000).toISOString()}"`)
    expect(text).toContain('You signed in here with 127.0.0.1')
  })

  it('signs out by a form, at the function that knows what there is to end', async () => {
    const { text } = await askWith(await signedIn(), '/v2/whoami')
    expect(text).toContain('<form class="sign-out" method="post" action="/logout">')
    expect(text).not.toContain('/v2/sign-out')
  })

  it('tells the script of the page where a sign-in begins', async () => {
    for (const path of ['/v2', '/v2/run']) {
      expect((await askWith(await signedIn(), path)).text).toContain('data-sign-in="/login"')
    }
  })

  it('gets the cookies of a refresh with the page', async () => {
    const browser = await signedIn()
    nowMs += 400_000
    const answer = await askWith(browser)
    expect(answer.status).toBe(200)
    expect(writtenBy(answer)).toEqual(['flyte_idt', 'flyte_at', 'flyte_rt', 'flyte_user_info'])
  })

  it('comes by a link of another site as well, because a page changes nothing', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await askWith(await signedIn(), '/v2', { headers })).status).toBe(200)
  })
})

describe('a session that does not hold', () => {
  const again = 'href="/login?redirect_url=%2Fv2%2Frun%3Fname%3Dr"'
  const over: [string, () => Promise<TestBrowser>, string, string][] = [
    [
      'was not used for too long',
      async () => {
        const browser = await signedIn({ exp: Math.floor(nowMs / 1000) + 90_000 })
        nowMs += 3_600_000
        return browser
      },
      'session_expired',
      'Your session has ended',
    ],
    [
      'was refused by the provider',
      async () => {
        const browser = await signedIn()
        nowMs += 400_000
        provider.does.answers.token = (_, response) =>
          void response
            .writeHead(400, { 'content-type': 'application/json' })
            .end('{"error":"invalid_grant"}')
        return browser
      },
      'session_expired',
      'Your session has ended',
    ],
    [
      'was ended',
      async () => {
        const browser = await signedIn()
        const settings = signInSettings(provider.issuer)
        const { ended: endings } = sessionsOf(settings, { database, now })
        await endings.end({ issuer: provider.issuer, subject: 'ada' }, Math.floor(nowMs / 1000))
        return browser
      },
      'session_ended',
      'Your session was ended',
    ],
    [
      'was sealed with other keys',
      async () => browserWith(await provider.session('ada'), { now, keys: OTHER_COOKIE_KEYS }),
      'session_unreadable',
      'Your session cannot be read',
    ],
  ]
  for (const [what, make, reason, title] of over) {
    it(`because it ${what} leads to a page that says so, and from there to a new one`, async () => {
      const answer = await askWith(await make(), '/v2/run?name=r')
      expect(answer.status).toBe(401)
      expect(outcome()).toBe(reason)
      expect(answer.text).toContain(`<h1>${title}</h1>`)
      expect(answer.text).toContain(again)
      expect(answer.text).not.toContain('Ada')
      expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
    })
  }

  it('and never will is no loop: the page says why, and offers to sign out', async () => {
    const answer = await askWith(await signedIn({ aud: 'another-client' }))
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('You are signed in, but not let in')
    expect(answer.text).toContain('The token was issued for another service.')
    expect(answer.text).toContain('action="/logout"')
    expect(answer.text).not.toContain('href="/login')
  })

  it('is told apart from one that cannot be looked at now', async () => {
    const browser = await signedIn()
    database.failWith((operation) => (operation === 'GetItem' ? 'broken' : undefined))
    const answer = await askWith(browser)
    expect(answer.status).toBe(503)
    expect(answer.text).toContain('Your sign-in cannot be checked right now')
    expect(answer.text).not.toContain('href="/login')
    expect(writtenBy(answer)).toEqual([])
  })

  it('repeats nothing of the address but as where to come back to', async () => {
    const browser = browserWith(await provider.session('ada'), { now, keys: OTHER_COOKIE_KEYS })
    const { text } = await askWith(browser, `/v2?project="><script>alert(1)</script>`)
    expect(text).not.toMatch(/<script/)
    expect(text).toContain('%3Cscript%3E')
  })
})

describe('a bearer token', () => {
  it('that does not hold is not helped by a session', async () => {
    const headers = { authorization: 'Bearer bad' }
    const answer = await askWith(await signedIn(), '/v2', { headers })
    expect([answer.status, outcome()]).toEqual([401, 'token_malformed'])
    expect(answer.text).toContain('You are not signed in')
  })
})

it('a link that the SDK prints leads to its page, and from there to a sign-in', async () => {
  const { status, headers } = await ask('/v2/domain/d/project/p/runs/r')
  expect([status, headers.location]).toEqual([303, '/v2/run?project=p&domain=d&name=r'])
  expect((await ask(headers.location ?? '')).headers.location).toBe(
    `/login?redirect_url=${encodeURIComponent('/v2/run?project=p&domain=d&name=r')}`,
  )
})

describe('what the load balancer’s sign-in has, and this one does elsewhere', () => {
  it('signing out goes on to the sign-out of this one, as the form that it is', async () => {
    const answer = await ask('/v2/sign-out', { method: 'POST' })
    expect([answer.status, answer.headers.location]).toEqual([307, '/logout'])
    expect(writtenBy(answer)).toEqual([])
  })

  it('nobody is told to be signed out who may not be', async () => {
    const answer = await ask('/signed-out')
    expect([answer.status, answer.headers.location]).toEqual([303, '/logout'])
  })

  it('no page is behind a sign-in of the load balancer’s', async () => {
    expect((await ask('/v2', { access: 'oidc' })).status).toBe(403)
    expect((await ask('/v2', { access: 'internal' })).status).toBe(403)
  })
})
