import { describe, expect, it } from 'vitest'
import { forwardMulti, path, type RunningAlb, startAlb } from './support/alb.ts'
import { type Browser, createBrowser } from './support/browser.ts'
import { FRONT, REDIRECT_URI } from './support/identity-provider.ts'
import {
  idTokenClaims,
  type Scripted,
  type ScriptedIdp,
  startScriptedIdp,
  tokenBody,
  unsignedToken,
} from './support/scripted-provider.ts'

interface Scene {
  readonly idp: ScriptedIdp
  readonly alb: RunningAlb
  readonly browser: Browser
  /** Moves the load balancer's clock. */
  readonly moveBy: (seconds: number) => void
}

async function scene(): Promise<Scene> {
  const idp = await startScriptedIdp()
  let offsetMs = 0
  const terminal = { ...forwardMulti, Order: 2 }
  const rule = (priority: number, at: string, config: object) => ({
    priority,
    conditions: [path(at)],
    actions: [idp.action({ ...config }), terminal],
  })
  const alb = await startAlb(
    {
      rules: [
        rule(1, '/api/*', { OnUnauthenticatedRequest: 'deny' }),
        rule(2, '/maybe/*', { OnUnauthenticatedRequest: 'allow' }),
        rule(3, '/short/*', { SessionTimeout: 60 }),
        rule(4, '/other/*', { ClientId: 'another-client' }),
        rule(5, '/named/*', { SessionCookieName: 'named' }),
        rule(6, '/*', {}),
      ],
    },
    {
      mapUrl: idp.mapUrl,
      publicOrigin: FRONT,
      now: () => Date.now() + offsetMs,
      providerTimeoutMs: 200,
    },
  )
  const browser = createBrowser({ 'front.test': alb.port })
  return { idp, alb, browser, moveBy: (seconds) => (offsetMs += seconds * 1000) }
}

/** Begins a login and returns its state, as the provider would get it. */
async function begin(browser: Browser, at = '/page'): Promise<string> {
  const reply = await browser.get(`${FRONT}${at}`)
  return new URL(reply.headers.location ?? '').searchParams.get('state') ?? ''
}

function answer(browser: Browser, parameters: Record<string, string>) {
  return browser.get(`${REDIRECT_URI}?${new URLSearchParams(parameters)}`)
}

async function signIn(browser: Browser, at = '/page') {
  return answer(browser, { code: 'code-1', state: await begin(browser, at) })
}

const isSignedIn = (browser: Browser) => browser.cookies('front.test').has('AWSELBAuthSessionCookie-0')

describe('the answer of the provider', () => {
  it('has its code exchanged by the client that asked, and userinfo fetched with the token', async () => {
    const { idp, browser } = await scene()
    const reply = await signIn(browser, '/page?x=1')
    expect(reply).toMatchObject({ status: 302, headers: { location: `${FRONT}/page?x=1` } })
    expect(idp.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /token', 'GET /userinfo'])
    expect(Object.fromEntries(idp.calls[0]?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: REDIRECT_URI,
      client_id: 'load-balancer',
      client_secret: 'a-secret-of-the-load-balancer',
    })
    expect(idp.calls[1]?.headers.authorization).toBe('Bearer access-1')
  })

  const refusals: [
    title: string,
    reason: string,
    change: (p: Record<string, string>) => void,
    status?: number,
  ][] = [
    ['without state', 'AuthMissingStateParam', (p) => delete p.state],
    ['with a state that is empty', 'AuthMissingStateParam', (p) => (p.state = '')],
    ['with a state of somebody else’s making', 'AuthInvalidStateParam', (p) => (p.state = 'AAAA'.repeat(30))],
    ['with a state that was changed', 'AuthInvalidStateParam', (p) => (p.state = flip(p.state ?? ''))],
    ['without code', 'AuthMissingCodeParam', (p) => delete p.code],
    ['that access was denied', 'AuthMissingCodeParam', (p) => (p.error = 'access_denied')],
    ['with another error', 'AuthMissingCodeParam', (p) => (p.error = 'server_error'), 561],
  ]
  for (const [title, errorReason, change, status = 401] of refusals) {
    it(`is refused with ${status} ${title}`, async () => {
      const { idp, alb, browser } = await scene()
      const parameters: Record<string, string> = { code: 'code-1', state: await begin(browser) }
      change(parameters)
      const reply = await answer(browser, parameters)
      expect(reply.status).toBe(status)
      expect(reply.setCookies).toEqual([])
      expect(alb.log.at(-1)).toMatchObject({ status, errorReason })
      expect(idp.calls).toHaveLength(0)
    })
  }

  it('is refused in a browser that did not begin the login', async () => {
    const { idp, alb, browser } = await scene()
    const state = await begin(browser)
    const other = createBrowser({ 'front.test': alb.port })
    expect((await answer(other, { code: 'c', state })).status).toBe(401)
    expect(alb.log.at(-1)).toMatchObject({ errorReason: 'AuthMissingAWSALBAuthNonce' })
    await begin(other)
    expect((await answer(other, { code: 'c', state })).status).toBe(401)
    expect(alb.log.at(-1)).toMatchObject({ errorReason: 'AuthInvalidAWSALBAuthNonce' })
    expect(idp.calls).toHaveLength(0)
  })

  it('is refused a second time, as the nonce is gone', async () => {
    const { browser } = await scene()
    const state = await begin(browser)
    expect((await answer(browser, { code: 'c', state })).status).toBe(302)
    expect((await answer(browser, { code: 'c', state })).status).toBe(401)
  })

  it('is refused after fifteen minutes and taken just before', async () => {
    const { browser, moveBy } = await scene()
    const state = await begin(browser)
    moveBy(14 * 60)
    expect((await answer(browser, { code: 'c', state })).status).toBe(302)
    browser.cookies('front.test').clear()
    const late = await begin(browser)
    moveBy(16 * 60)
    expect((await answer(browser, { code: 'c', state: late })).status).toBe(401)
  })

  it('is refused with the session of a person in place of a state', async () => {
    const { browser } = await scene()
    await signIn(browser)
    const state = browser.cookies('front.test').get('AWSELBAuthSessionCookie-0') ?? ''
    expect((await answer(browser, { code: 'c', state })).status).toBe(401)
  })

  it('ends the login under the client it began with', async () => {
    const { idp, browser } = await scene()
    idp.token = () => ({
      body: tokenBody({ id_token: unsignedToken(idTokenClaims({ aud: 'another-client' })) }),
    })
    expect((await signIn(browser, '/other/x')).status).toBe(302)
    expect(idp.calls[0]?.form.get('client_id')).toBe('another-client')
  })

  it('never leads to another site', async () => {
    const { browser } = await scene()
    const reply = await signIn(browser, '//evil.test/x')
    expect(new URL(reply.headers.location ?? '').origin).toBe(FRONT)
  })
})

describe('the token endpoint', () => {
  const other = (change: object) => tokenBody({ id_token: unsignedToken(idTokenClaims({ ...change })) })
  const past = Math.floor(Date.now() / 1000) - 10
  const faults: [title: string, scripted: Scripted, status: number, reason: string][] = [
    ['refuses the code', { status: 400, body: { error: 'invalid_grant' } }, 561, 'AuthInvalidGrantError'],
    [
      'refuses the client',
      { status: 401, body: { error: 'invalid_client' } },
      561,
      'AuthTokenEpRequestFailed',
    ],
    ['fails', { status: 503, body: 'oops' }, 561, 'AuthTokenEpRequestFailed'],
    ['redirects', { status: 302, body: '' }, 561, 'AuthTokenEpRequestFailed'],
    ['answers HTML', { body: '<html>' }, 561, 'AuthInvalidTokenResponse'],
    ['answers a list', { body: [] }, 561, 'AuthInvalidTokenResponse'],
    [
      'gives no access token',
      { body: tokenBody({ access_token: undefined }) },
      561,
      'AuthInvalidTokenResponse',
    ],
    [
      'gives an access token that no header can carry',
      { body: tokenBody({ access_token: 'a\r\nb' }) },
      561,
      'AuthInvalidTokenResponse',
    ],
    [
      'gives another type of token',
      { body: tokenBody({ token_type: 'DPoP' }) },
      561,
      'AuthInvalidTokenResponse',
    ],
    ['gives no ID token', { body: tokenBody({ id_token: undefined }) }, 401, 'AuthInvalidTokenResponse'],
    ['gives an ID token that is none', { body: tokenBody({ id_token: 'a.b' }) }, 561, 'AuthInvalidIdToken'],
    ['gives an ID token of another issuer', { body: other({ iss: 'https://x' }) }, 561, 'AuthInvalidIdToken'],
    ['gives an ID token for another client', { body: other({ aud: 'x' }) }, 561, 'AuthInvalidIdToken'],
    [
      'gives an ID token for several clients, authorized for another',
      { body: other({ aud: ['load-balancer', 'x'], azp: 'x' }) },
      561,
      'AuthInvalidIdToken',
    ],
    ['gives an ID token that has expired', { body: other({ exp: past }) }, 561, 'AuthInvalidIdToken'],
    ['gives an ID token without expiry', { body: other({ exp: undefined }) }, 561, 'AuthInvalidIdToken'],
    ['gives an ID token without time', { body: other({ iat: undefined }) }, 561, 'AuthInvalidIdToken'],
    ['gives an ID token without subject', { body: other({ sub: undefined }) }, 561, 'AuthInvalidIdToken'],
    ['does not answer', { hang: true }, 500, 'AuthTokenEpRequestTimeout'],
  ]
  for (const [title, scripted, status, errorReason] of faults) {
    it(`that ${title} is answered ${status}`, async () => {
      const { idp, alb, browser } = await scene()
      idp.token = () => scripted
      const reply = await signIn(browser)
      expect(reply.status).toBe(status)
      expect(alb.log.at(-1)).toMatchObject({ status, errorReason })
      expect(isSignedIn(browser)).toBe(false)
      expect(alb.unexpected).toEqual([])
    })
  }

  it('that cannot be reached is answered 500', async () => {
    const alb = await startAlb(
      { defaultActions: [(await startScriptedIdp()).action(), { ...forwardMulti, Order: 2 }] },
      { publicOrigin: FRONT, mapUrl: (url) => (url.endsWith('/authorize') ? url : 'http://127.0.0.1:1/') },
    )
    expect((await signIn(createBrowser({ 'front.test': alb.port }))).status).toBe(500)
    expect(alb.log.at(-1)).toMatchObject({ errorReason: 'AuthTokenEpRequestTimeout' })
  })
})

describe('the userinfo endpoint', () => {
  const faults: [title: string, scripted: Scripted, status: number, reason: string][] = [
    ['refuses the token', { status: 401, body: '' }, 561, 'AuthUserinfoEpRequestFailed'],
    ['fails', { status: 500, body: '' }, 561, 'AuthUserinfoEpRequestFailed'],
    ['answers HTML', { body: '<html>' }, 561, 'AuthInvalidUserinfoResponse'],
    ['names nobody', { body: { name: 'x' } }, 561, 'AuthInvalidUserinfoResponse'],
    ['names somebody else', { body: { sub: 'grace' } }, 561, 'AuthInvalidUserinfoResponse'],
    [
      'answers over 11 K',
      { body: { sub: 'ada', x: 'a'.repeat(12_000) } },
      500,
      'AuthUserinfoResponseSizeExceeded',
    ],
    [
      'answers without end',
      { body: { sub: 'ada', x: 'a'.repeat(5_000_000) } },
      500,
      'AuthUserinfoResponseSizeExceeded',
    ],
    ['does not answer', { hang: true }, 500, 'AuthUserinfoEpRequestTimeout'],
  ]
  for (const [title, scripted, status, errorReason] of faults) {
    it(`that ${title} is answered ${status}`, async () => {
      const { idp, alb, browser } = await scene()
      idp.userinfo = () => scripted
      const reply = await signIn(browser)
      expect(reply.status).toBe(status)
      expect(alb.log.at(-1)).toMatchObject({ status, errorReason })
      expect(isSignedIn(browser)).toBe(false)
    })
  }

  it('may name people in any script', async () => {
    const { idp, alb, browser } = await scene()
    idp.token = () => ({ body: tokenBody({ id_token: unsignedToken(idTokenClaims({ sub: 'Žofie 上' })) }) })
    idp.userinfo = () => ({ body: { sub: 'Žofie 上' } })
    await signIn(browser)
    await browser.get(`${FRONT}/page`)
    expect(alb.lastEvent().multiValueHeaders?.['x-amzn-oidc-identity']).toEqual(['Žofie 上'])
  })
})

describe('a session', () => {
  it('that has timed out leads back to the provider, also where the rule denies', async () => {
    const { browser, moveBy } = await scene()
    await signIn(browser, '/short/x')
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(200)
    moveBy(61)
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(302)
    expect((await browser.get(`${FRONT}/page`)).status).toBe(302)
  })

  it('that has timed out passes as nobody where the rule allows', async () => {
    const { alb, browser, moveBy } = await scene()
    await signIn(browser, '/short/x')
    moveBy(61)
    expect((await browser.get(`${FRONT}/maybe/x`)).status).toBe(200)
    expect(alb.lastEvent().multiValueHeaders).not.toHaveProperty('x-amzn-oidc-data')
  })

  it('lasts seven days if the rule does not say', async () => {
    const { idp, browser, moveBy } = await scene()
    idp.token = () => ({ body: tokenBody({ expires_in: undefined }) })
    await signIn(browser)
    moveBy(7 * 86_400 - 60)
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(200)
    moveBy(120)
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(302)
  })

  const tampered: [title: string, change: (jar: Map<string, string>) => void][] = [
    ['one character changed', (jar) => alter(jar, flip)],
    ['its end cut off', (jar) => alter(jar, (value) => value.slice(0, -8))],
    ['something added', (jar) => jar.set('AWSELBAuthSessionCookie-1', 'AAAA')],
    ['text of somebody else', (jar) => alter(jar, () => 'not-a-session')],
    ['nothing in it', (jar) => alter(jar, () => '')],
  ]
  for (const [title, change] of tampered) {
    it(`with ${title} is no session: denied, sent to the provider, or nobody`, async () => {
      const { alb, browser } = await scene()
      await signIn(browser)
      change(browser.cookies('front.test'))
      expect((await browser.get(`${FRONT}/api/x`)).status).toBe(401)
      expect(alb.log.at(-1)).toMatchObject({ errorReason: 'AuthInvalidCookie' })
      expect((await browser.get(`${FRONT}/maybe/x`)).status).toBe(200)
      expect(alb.lastEvent().multiValueHeaders).not.toHaveProperty('x-amzn-oidc-data')
      expect((await browser.get(`${FRONT}/page`)).status).toBe(302)
    })
  }

  it('of one client is no session for a rule of another client', async () => {
    const { browser } = await scene()
    await signIn(browser)
    expect((await browser.get(`${FRONT}/other/x`)).status).toBe(302)
  })

  it('has the cookie name of its rule, and does not open under another', async () => {
    const { browser } = await scene()
    await signIn(browser, '/named/x')
    const jar = browser.cookies('front.test')
    expect([...jar.keys()]).toEqual(['named-0'])
    expect((await browser.get(`${FRONT}/named/x`)).status).toBe(200)
    jar.set('AWSELBAuthSessionCookie-0', jar.get('named-0') ?? '')
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(401)
  })

  it('does not open for a load balancer with another key, and does for one with the same', async () => {
    const idp = await startScriptedIdp()
    const spec = {
      defaultActions: [idp.action({ OnUnauthenticatedRequest: 'deny' }), { ...forwardMulti, Order: 2 }],
      rules: [
        { priority: 1, conditions: [path('/in')], actions: [idp.action(), { ...forwardMulti, Order: 2 }] },
      ],
    }
    const common = { mapUrl: idp.mapUrl, publicOrigin: FRONT }
    const sealingKey = Buffer.alloc(32, 7)
    const first = await startAlb(spec, { ...common, sealingKey })
    const same = await startAlb(spec, { ...common, sealingKey })
    const other = await startAlb(spec, common)
    const browser = createBrowser({
      'front.test': first.port,
      'same.test': same.port,
      'other.test': other.port,
    })
    await signIn(browser, '/in')
    for (const host of ['same.test', 'other.test']) {
      for (const [name, value] of browser.cookies('front.test')) browser.cookies(host).set(name, value)
    }
    expect((await browser.get('https://same.test/')).status).toBe(200)
    expect((await browser.get('https://other.test/')).status).toBe(401)
  })
})

describe('a refresh', () => {
  const withRefresh = (change: object = {}) => ({
    body: tokenBody({ refresh_token: 'refresh-1', ...change }),
  })

  it('asks with the refresh token, keeps it if no new one comes, and reads the claims anew', async () => {
    const { idp, alb, browser, moveBy } = await scene()
    idp.token = () => withRefresh({ expires_in: 60 })
    await signIn(browser)
    moveBy(61)
    idp.token = () => ({ body: tokenBody({ access_token: 'access-2', id_token: undefined, expires_in: 60 }) })
    idp.userinfo = () => ({ body: { sub: 'ada', name: 'Countess Lovelace' } })
    expect((await browser.get(`${FRONT}/page`)).status).toBe(200)
    const [, payload = ''] = (alb.lastEvent().multiValueHeaders?.['x-amzn-oidc-data']?.[0] ?? '').split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toMatchObject({ name: 'Countess Lovelace' })
    const [call] = idp.calls.filter(({ form }) => form.get('grant_type') === 'refresh_token')
    expect(call?.form.get('refresh_token')).toBe('refresh-1')
    moveBy(61)
    await browser.get(`${FRONT}/page`)
    const again = idp.calls.filter(({ form }) => form.get('refresh_token') === 'refresh-1')
    expect(again).toHaveLength(2)
  })

  it('does not extend the session', async () => {
    const { idp, browser, moveBy } = await scene()
    idp.token = () => withRefresh({ expires_in: 40 })
    await signIn(browser, '/short/x')
    moveBy(45)
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(200)
    moveBy(20)
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(302)
  })

  const failures: [title: string, script: (idp: ScriptedIdp) => void, reason: string][] = [
    [
      'the provider refuses it',
      (idp) => (idp.token = () => ({ status: 400, body: { error: 'invalid_grant' } })),
      'AuthInvalidGrantError',
    ],
    ['the provider is slow', (idp) => (idp.token = () => ({ hang: true })), 'AuthTokenEpRequestTimeout'],
    [
      'userinfo refuses the token',
      (idp) => (idp.userinfo = () => ({ status: 401 })),
      'AuthUserinfoEpRequestFailed',
    ],
    [
      'userinfo names somebody else',
      (idp) => (idp.userinfo = () => ({ body: { sub: 'grace' } })),
      'AuthInvalidUserinfoResponse',
    ],
    [
      'the new ID token names somebody else',
      (idp) => (idp.token = () => withRefresh({ id_token: unsignedToken(idTokenClaims({ sub: 'grace' })) })),
      'AuthInvalidIdToken',
    ],
  ]
  for (const [title, script, errorReason] of failures) {
    it(`sends to the provider again if ${title}, also where the rule denies`, async () => {
      const { idp, alb, browser, moveBy } = await scene()
      idp.token = () => withRefresh({ expires_in: 60 })
      await signIn(browser)
      moveBy(61)
      script(idp)
      expect((await browser.get(`${FRONT}/api/x`)).status).toBe(302)
      expect(alb.log.at(-1)).toMatchObject({ status: 302, errorReason })
      expect((await browser.get(`${FRONT}/maybe/x`)).status).toBe(200)
      expect(alb.lastEvent().multiValueHeaders).not.toHaveProperty('x-amzn-oidc-data')
    })
  }

  it('deletes the cookies that a smaller session no longer needs', async () => {
    const { idp, browser, moveBy } = await scene()
    idp.token = () => withRefresh({ expires_in: 60 })
    idp.userinfo = () => ({ body: { sub: 'ada', x: 'a'.repeat(6000) } })
    await signIn(browser)
    expect([...browser.cookies('front.test').keys()]).toHaveLength(3)
    moveBy(61)
    idp.userinfo = () => ({ body: { sub: 'ada' } })
    await browser.get(`${FRONT}/page`)
    expect([...browser.cookies('front.test').keys()]).toEqual(['AWSELBAuthSessionCookie-0'])
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(200)
  })
})

describe('the access log of a login', () => {
  it('has no code, state, token or secret', async () => {
    const { idp, alb, browser } = await scene()
    idp.token = () => ({ body: tokenBody({ refresh_token: 'refresh-1' }) })
    const state = await begin(browser)
    await answer(browser, { code: 'code-1', state })
    await browser.get(`${FRONT}/page`)
    browser.cookies('front.test').clear()
    idp.token = () => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'code-1 access-1' },
    })
    await signIn(browser)
    expect(JSON.stringify(alb.log)).not.toMatch(/code-1|access-1|refresh-1|a-secret/)
    expect(JSON.stringify(alb.log)).not.toContain(state)
  })
})

function alter(jar: Map<string, string>, change: (value: string) => string): void {
  const name = 'AWSELBAuthSessionCookie-0'
  jar.set(name, change(jar.get(name) ?? ''))
}

/** Changes one character in the middle to another of the alphabet. */
function flip(text: string): string {
  const at = Math.floor(text.length / 2)
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}
