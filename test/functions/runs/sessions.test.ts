/** The API with the session of a deployment that signs people in itself, over load balancer events. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lazySessionCaller } from '../../../functions/shared/session/lazy-session-caller.ts'
import { type AlbAnswer, type AlbRequest, callThrough } from '../../support/alb-event.ts'
import { OTHER_COOKIE_KEYS, type TestBrowser } from '../../support/cookie-fixture.ts'
import { NOW_MS, PUBLIC_URL } from '../../support/identity-fixture.ts'
import { startOpenIdProvider, type TestOpenIdProvider } from '../../support/openid-provider.ts'
import { browserWith } from '../../support/session-fixture.ts'
import { sessionsOf, signInSettings } from '../../support/sign-in-fixture.ts'
import { type RunsFunction, startRunsFunction } from './runs-function.ts'

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }
const WHO = '/flyteidl2.auth.IdentityService/UserInfo'
const LIST = '/flyteidl2.workflow.RunService/ListRuns'
const WATCH = '/flyteidl2.workflow.RunService/WatchRuns'
const CREATE = '/flyteidl2.workflow.RunService/CreateRun'
const PROJECT = { name: 'flytesnacks', domain: 'development' }
const RUN = JSON.stringify({
  projectId: PROJECT,
  taskSpec: {
    taskTemplate: {
      id: {
        resourceType: 'TASK',
        project: 'flytesnacks',
        domain: 'development',
        name: 'hello',
        version: 'v1',
      },
    },
  },
})

let provider: TestOpenIdProvider
let runs: RunsFunction
let nowMs = NOW_MS
/** Times that the code which knows sessions was loaded. */
let loads = 0

beforeAll(async () => {
  provider = await startOpenIdProvider(() => nowMs)
  runs = await startRunsFunction({
    sessions: (deps) =>
      lazySessionCaller(async () => {
        loads += 1
        return sessionsOf(signInSettings(provider.issuer), deps).sessionCaller
      }),
  })
})
afterAll(async () => {
  await runs.close()
  await provider.close()
})
beforeEach(() => {
  provider.reset()
  nowMs += 200_000_000
  runs.setNow(nowMs)
})

async function signedIn(): Promise<TestBrowser> {
  const session = await provider.session('ada', { name: 'Ada Lovelace', email: 'ada@example.com' })
  return browserWith(session, { now: () => nowMs })
}

function ask(
  path: string,
  headers: AlbRequest['headers'] = {},
  body = '{}',
  change: Partial<AlbRequest> = {},
): Promise<AlbAnswer> {
  return callThrough(runs.handler, {
    path,
    body,
    headers: { 'content-type': 'application/json', ...headers },
    ...change,
  })
}

const withSession = (browser: TestBrowser, headers: AlbRequest['headers'] = OWN_PAGE) => ({
  cookie: browser.header(),
  ...headers,
})

const writtenBy = ({ headerLines }: AlbAnswer) =>
  (headerLines['set-cookie'] ?? []).map((line) => line.split('=', 1)[0])

describe('a call with a session', () => {
  it('is made by the person who signed in', async () => {
    const answer = await ask(WHO, withSession(await signedIn()))
    expect(answer.json()).toMatchObject({ subject: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' })
    expect(runs.lastCall()?.notes).toMatchObject({ caller: 'session', callerKind: 'user' })
  })

  it('makes a run that is recorded as theirs', async () => {
    const answer = await ask(CREATE, withSession(await signedIn()), RUN)
    expect(answer.json()).toMatchObject({
      run: {
        action: {
          metadata: { executedBy: { user: { id: { subject: 'ada' }, spec: { email: 'ada@example.com' } } } },
        },
      },
    })
  })

  it('loads what knows sessions, which no call without one does', async () => {
    const before = loads
    await ask(WHO, await runs.bearer())
    await ask(WHO)
    expect(loads).toBe(before)
  })

  it('is told who it is of in an answer that nobody stores', async () => {
    for (const [path, body] of [
      [WHO, '{}'],
      [LIST, JSON.stringify({ projectId: PROJECT })],
    ] as const) {
      const answer = await ask(path, withSession(await signedIn()), body)
      expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    }
  })

  const refreshing: [string, string, string][] = [
    ['a call that is answered', WHO, '{}'],
    ['a list', LIST, JSON.stringify({ projectId: PROJECT })],
    ['a service that is loaded later', '/flyteidl2.task.TaskService/ListTasks', '{}'],
    ['a call that is refused', CREATE, '{}'],
  ]
  for (const [what, path, body] of refreshing) {
    it(`that refreshes it in passing brings the new cookies: ${what}`, async () => {
      const browser = await signedIn()
      nowMs += 400_000
      runs.setNow(nowMs)
      const answer = await ask(path, withSession(browser), body)
      expect(writtenBy(answer)).toEqual(['flyte_idt', 'flyte_at', 'flyte_rt', 'flyte_user_info'])
      expect(answer.headers['cache-control']).toBe('no-store')
      browser.take(answer.headerLines['set-cookie'] ?? [])
      expect((await ask(WHO, withSession(browser))).status).toBe(200)
      expect(provider.tokenRequests).toHaveLength(1)
    })
  }

  it('that streams brings them as well', async () => {
    const browser = await signedIn()
    nowMs += 400_000
    runs.setNow(nowMs)
    const message = Buffer.from(JSON.stringify({ projectId: PROJECT }))
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
    const headers = { ...withSession(browser), 'content-type': 'application/connect+json' }
    const answer = await callThrough(runs.handler, { path: WATCH, body: frame, headers })
    expect(answer.status).toBe(200)
    expect(writtenBy(answer)).toContain('flyte_idt')
  })

  it('leaves the cookies alone while there is nothing to renew', async () => {
    expect((await ask(WHO, withSession(await signedIn()))).headerLines['set-cookie']).toBeUndefined()
  })
})

describe('what else a request may say of who is calling', () => {
  it('adds nothing to a session, and is nobody without one', async () => {
    const said = {
      'x-amzn-oidc-identity': 'eve',
      'x-user-subject': 'eve',
      'x-user-claim-email': '"eve@example.com"',
      'userinfo-bin': Buffer.from(JSON.stringify({ subject: 'eve', name: 'Eve' })).toString('base64'),
      from_http: 'true',
    }
    const answer = await ask(WHO, { ...withSession(await signedIn()), ...said })
    expect(answer.json()).toMatchObject({ subject: 'ada', name: 'Ada Lovelace' })
    expect(answer.text).not.toMatch(/eve/i)
    expect((await ask(WHO, said)).status).toBe(401)
  })

  it('is not read from the query', async () => {
    const { authorization } = (await runs.bearer()) as { authorization: string }
    const query = `access_token=${authorization.slice('Bearer '.length)}`
    expect((await ask(WHO, {}, '{}', { query })).status).toBe(401)
  })
})

describe('a session that does not hold', () => {
  const bad: [string, () => Promise<TestBrowser>, string][] = [
    [
      'sealed by somebody else',
      async () => browserWith(await provider.session('ada'), { now: () => nowMs, keys: OTHER_COOKIE_KEYS }),
      'session_unreadable',
    ],
    [
      'of another client',
      async () => browserWith(await provider.session('ada', { aud: 'somebody-else' }), { now: () => nowMs }),
      'audience_mismatch',
    ],
    [
      'without a refresh token, after its time',
      async () => {
        const { idToken } = await provider.session('ada', { exp: Math.floor(nowMs / 1000) - 1 })
        return browserWith({ idToken }, { now: () => nowMs })
      },
      'session_expired',
    ],
    [
      'that began too long ago',
      async () => {
        const startedAtEpochSeconds = Math.floor(nowMs / 1000) - 90_000
        return browserWith(
          { ...(await provider.session('ada')), record: { startedAtEpochSeconds } },
          { now: () => nowMs },
        )
      },
      'session_expired',
    ],
  ]
  for (const [what, make, reason] of bad) {
    it(`is refused with the way to another one: ${what}`, async () => {
      const answer = await ask(WHO, withSession(await make()))
      expect(answer.status).toBe(401)
      expect(answer.json()).toMatchObject({ code: 'unauthenticated' })
      expect(answer.headers['www-authenticate']).toContain(
        `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource"`,
      )
      expect(runs.lastCall()?.outcome).toBe(reason)
    })
  }

  it('does not fall back to identity headers that anybody can send', async () => {
    const browser = browserWith(await provider.session('ada'), {
      now: () => nowMs,
      keys: OTHER_COOKIE_KEYS,
    })
    const answer = await ask(WHO, { ...withSession(browser), 'x-amzn-oidc-identity': 'ada' })
    expect(answer.status).toBe(401)
  })

  it('is not tried behind a bearer token that does not hold', async () => {
    const headers = { ...withSession(await signedIn()), authorization: 'Bearer bad' }
    expect((await ask(WHO, headers)).status).toBe(401)
    expect(runs.lastCall()?.outcome).toBe('token_malformed')
  })

  it('is not looked at where a bearer token holds', async () => {
    const browser = browserWith(await provider.session('ada'), {
      now: () => nowMs,
      keys: OTHER_COOKIE_KEYS,
    })
    runs.setNow(NOW_MS)
    const answer = await ask(WHO, { ...withSession(browser), ...(await runs.bearer('ada')) })
    expect(answer.status).toBe(200)
    expect(runs.lastCall()?.notes.caller).toBe('bearer')
  })
})

describe('a call that rides on a session', () => {
  const refused: [string, Record<string, string>][] = [
    ['says nothing of where it comes from', {}],
    ['comes from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    [
      'comes from a sister host that is not authorized',
      { 'sec-fetch-site': 'same-site', origin: 'https://x.example.com' },
    ],
    ['comes from a page without an origin', { origin: 'null' }],
  ]
  for (const [what, headers] of refused) {
    it(`is refused when it ${what}`, async () => {
      const answer = await ask(CREATE, withSession(await signedIn(), headers), RUN)
      expect(answer.status).toBe(403)
      expect(answer.json()).toMatchObject({ code: 'permission_denied' })
      expect(runs.lastCall()?.outcome).toBe('cross_site_request')
    })
  }

  it('needs no page of ours where a token is sent, which no browser sends by itself', async () => {
    runs.setNow(NOW_MS)
    const headers = { ...(await runs.bearer()), 'sec-fetch-site': 'cross-site' }
    expect((await ask(WHO, headers)).status).toBe(200)
  })
})

describe('a page of another origin', () => {
  const asking = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

  it('is told before a call whether it may', async () => {
    const options = (origin: string) =>
      callThrough(runs.handler, { path: CREATE, method: 'OPTIONS', headers: { origin, ...asking } })
    const ours = await options(PUBLIC_URL)
    expect(ours.status).toBe(204)
    expect(ours.headers).toMatchObject({
      'access-control-allow-origin': PUBLIC_URL,
      'access-control-allow-credentials': 'true',
    })
    const theirs = await options('https://evil.example')
    expect(theirs.status).toBe(403)
    expect(theirs.json()).toMatchObject({ code: 'permission_denied' })
    expect(theirs.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('reads what it was refused only if it is one of ours', async () => {
    const ours = await ask(WHO, { origin: PUBLIC_URL })
    expect(ours.status).toBe(401)
    expect(ours.headers).toMatchObject({ 'access-control-allow-origin': PUBLIC_URL, vary: 'Origin' })
    const theirs = await ask(WHO, { origin: 'https://evil.example' })
    expect(theirs.headers['access-control-allow-origin']).toBeUndefined()
    expect(theirs.headers.vary).toBe('Origin')
  })
})
