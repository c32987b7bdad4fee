import { createPublicKey } from 'node:crypto'
import { AlbJwtVerifier } from 'aws-jwt-verify'
import { describe, expect, it } from 'vitest'
import { startKeyServer } from '../../../local/alb/index.ts'
import { fixed, forwardMulti, LOAD_BALANCER_ARN, path, type RunningAlb, startAlb } from './support/alb.ts'
import { type Browser, createBrowser } from './support/browser.ts'
import { send } from './support/http.ts'
import {
  CLIENT_ID,
  FRONT,
  IDP,
  type Idp,
  type IdpOptions,
  REDIRECT_URI,
  startIdp,
} from './support/identity-provider.ts'

interface Scene {
  readonly idp: Idp
  readonly alb: RunningAlb
  readonly browser: Browser
}

/** A load balancer in front of oidc-provider: /api/* denies, /maybe/* allows, everything else signs in. */
async function scene(options: IdpOptions & { now?: () => number } = {}): Promise<Scene> {
  const idp = await startIdp(options)
  const terminal = { ...forwardMulti, Order: 2 }
  const alb = await startAlb(
    {
      rules: [
        { priority: 1, conditions: [path('/open')], actions: [forwardMulti] },
        {
          priority: 2,
          conditions: [path('/api/*')],
          actions: [terminal, idp.action({ OnUnauthenticatedRequest: 'deny' })],
        },
        {
          priority: 3,
          conditions: [path('/maybe/*')],
          actions: [idp.action({ OnUnauthenticatedRequest: 'allow' }), terminal],
        },
        { priority: 4, conditions: [path('/*')], actions: [idp.action(), terminal] },
      ],
      defaultActions: [fixed(404, 'default')],
    },
    { mapUrl: idp.mapUrl, publicOrigin: FRONT, now: options.now },
  )
  const browser = createBrowser({ 'front.test': alb.port, 'idp.test': idp.port })
  return { idp, alb, browser }
}

const headerOf = (alb: RunningAlb, name: string) => alb.lastEvent().multiValueHeaders?.[name]?.[0]

describe('a person who is not signed in', () => {
  it('is sent to the provider with a state, and comes back to where they wanted to go', async () => {
    const { alb, browser } = await scene()
    const reply = await browser.visit(`${FRONT}/page/one?a=1&b=%20c`)
    expect(reply).toMatchObject({ status: 200, text: 'from the function' })
    expect(reply.url).toBe(`${FRONT}/page/one?a=1&b=%20c`)
    expect(alb.lastEvent()).toMatchObject({
      httpMethod: 'GET',
      path: '/page/one',
      multiValueQueryStringParameters: { a: ['1'], b: ['%20c'] },
    })
  })

  it('is asked for a code, with the scope, client and redirect address of the rule', async () => {
    const { browser } = await scene()
    const reply = await browser.get(`${FRONT}/page`)
    expect(reply.status).toBe(302)
    const location = new URL(reply.headers.location ?? '')
    expect(`${location.origin}${location.pathname}`).toBe(`${IDP}/auth`)
    const { state, ...parameters } = Object.fromEntries(location.searchParams)
    expect(parameters).toEqual({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile email',
    })
    expect(state).not.toContain('page')
  })

  it('gets a nonce cookie that scripts cannot read and other sites can send', async () => {
    const { browser } = await scene()
    const [cookie] = (await browser.get(`${FRONT}/page`)).setCookies
    expect(cookie).toMatch(
      /^AWSALBAuthNonce=[\w-]{22}; Expires=.+; Path=\/; HttpOnly; Secure; SameSite=None$/,
    )
  })

  it('loses the method and body of a request that had to sign in', async () => {
    const { alb, browser } = await scene()
    const first = await browser.get(`${FRONT}/form`, { method: 'POST', body: 'x=1' })
    expect(first.status).toBe(302)
    await browser.visit(first.headers.location ?? '')
    expect(alb.lastEvent()).toMatchObject({ httpMethod: 'GET', path: '/form', body: '' })
  })

  it('is refused with 401 where the rule denies', async () => {
    const { alb, browser } = await scene()
    const reply = await browser.get(`${FRONT}/api/x`)
    expect(reply.status).toBe(401)
    expect(reply.setCookies).toEqual([])
    expect(alb.invocations).toHaveLength(0)
  })

  it('passes without an identity where the rule allows', async () => {
    const { alb, browser } = await scene()
    expect((await browser.get(`${FRONT}/maybe/x`)).status).toBe(200)
    expect(Object.keys(alb.lastEvent().multiValueHeaders ?? {}).join()).not.toContain('x-amzn-oidc')
    expect(alb.log[0]).toMatchObject({ actions: ['authenticate', 'forward'] })
  })

  it('may pass with headers of their own making where the rule allows', async () => {
    const { alb, browser } = await scene()
    await browser.get(`${FRONT}/maybe/x`, { headers: { 'x-amzn-oidc-identity': 'grace' } })
    expect(headerOf(alb, 'x-amzn-oidc-identity')).toBe('grace')
  })

  it('is not asked on a rule without authentication', async () => {
    const { browser } = await scene()
    expect((await browser.get(`${FRONT}/open`)).status).toBe(200)
  })

  it('gets 401 if the provider denies access', async () => {
    const { alb, browser } = await scene({ deny: true })
    expect((await browser.visit(`${FRONT}/page`)).status).toBe(401)
    expect(browser.cookies('front.test').has('AWSELBAuthSessionCookie-0')).toBe(false)
    expect(alb.invocations).toHaveLength(0)
  })

  it('gets 401 without a Host header, as there is nowhere to come back to', async () => {
    const idp = await startIdp()
    const alb = await startAlb({ defaultActions: [idp.action(), { ...forwardMulti, Order: 2 }] })
    const { sendRaw } = await import('./support/http.ts')
    expect(await sendRaw(alb.port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 401 /)
    expect(alb.log[0]).toMatchObject({ errorReason: 'AuthMissingHostHeader' })
  })

  it('comes back to the host they used if no public origin is set', async () => {
    const idp = await startIdp()
    const alb = await startAlb({ defaultActions: [idp.action(), { ...forwardMulti, Order: 2 }] })
    const reply = await send(alb.port, '/', { headers: { host: 'one.test:81' } })
    const location = new URL(reply.headers.location ?? '')
    expect(location.searchParams.get('redirect_uri')).toBe('http://one.test:81/oauth2/idpresponse')
    expect(reply.setCookies[0]).not.toMatch(/Secure|SameSite/)
  })

  it('is asked with the extra parameters of the rule, which cannot replace the load balancer’s own', async () => {
    const idp = await startIdp()
    const action = idp.action({ AuthenticationRequestExtraParams: { prompt: 'login', client_id: 'other' } })
    const alb = await startAlb({ defaultActions: [action, { ...forwardMulti, Order: 2 }] })
    const location = new URL((await send(alb.port, '/')).headers.location ?? '')
    expect(location.searchParams.get('prompt')).toBe('login')
    expect(location.searchParams.getAll('client_id')).toEqual([CLIENT_ID])
  })
})

describe('a person who is signed in', () => {
  it('reaches the function as who they are, whatever the client says', async () => {
    const { alb, browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const headers = { 'x-amzn-oidc-identity': 'grace', 'x-amzn-oidc-data': 'a.b.c', 'X-Amzn-Oidc-Other': 'x' }
    expect((await browser.get(`${FRONT}/page`, { headers })).status).toBe(200)
    const received = alb.lastEvent().multiValueHeaders ?? {}
    expect(received['x-amzn-oidc-identity']).toEqual(['ada'])
    expect(received['x-amzn-oidc-data']).toHaveLength(1)
    expect(received['x-amzn-oidc-accesstoken']?.[0]).toMatch(/^[\w-]{20,}$/)
    expect(received).not.toHaveProperty('x-amzn-oidc-other')
  })

  it('is let through without another word to the provider', async () => {
    const { idp, alb, browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const away = createBrowser({ 'front.test': alb.port })
    for (const [name, value] of browser.cookies('front.test')) away.cookies('front.test').set(name, value)
    expect(idp.port).toBeGreaterThan(0)
    expect((await away.get(`${FRONT}/api/x`)).status).toBe(200)
    expect((await away.get(`${FRONT}/maybe/x`)).status).toBe(200)
    expect(headerOf(alb, 'x-amzn-oidc-identity')).toBe('ada')
  })

  it('has a session cookie for seven days and no nonce cookie any more', async () => {
    const { browser } = await scene()
    const start = await browser.get(`${FRONT}/page`)
    const callback = await followToCallback(browser, start.headers.location ?? '')
    const reply = await browser.get(callback)
    expect(reply.status).toBe(302)
    const [session, nonce] = reply.setCookies
    expect(session).toMatch(
      /^AWSELBAuthSessionCookie-0=[\w-]+; Expires=.+; Path=\/; HttpOnly; Secure; SameSite=None$/,
    )
    const lifetimeDays =
      (Date.parse(/Expires=([^;]+)/.exec(session ?? '')?.[1] ?? '') - Date.now()) / 86_400_000
    expect(lifetimeDays).toBeCloseTo(7, 1)
    expect(nonce).toMatch(/^AWSALBAuthNonce=; Expires=Thu, 01 Jan 1970/)
    expect(browser.cookies('front.test').has('AWSALBAuthNonce')).toBe(false)
  })

  it('carries nothing readable in the cookie', async () => {
    const { browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const cookie = browser.cookies('front.test').get('AWSELBAuthSessionCookie-0') ?? ''
    expect(Buffer.from(cookie, 'base64url').toString('latin1')).not.toMatch(/ada|Lovelace|example/)
  })

  it('keeps large claims in several cookies of at most 4096 bytes', async () => {
    const { alb, browser } = await scene({ claims: { groups: Array(250).fill('a-group-of-some-length') } })
    await browser.visit(`${FRONT}/page`)
    const cookies = [...browser.cookies('front.test')]
    expect(cookies.map(([name]) => name)).toEqual([
      'AWSELBAuthSessionCookie-0',
      'AWSELBAuthSessionCookie-1',
      'AWSELBAuthSessionCookie-2',
    ])
    for (const [name, value] of cookies) expect(name.length + value.length).toBeLessThanOrEqual(4096)
    expect((await browser.get(`${FRONT}/page`)).status).toBe(200)
    expect(headerOf(alb, 'x-amzn-oidc-identity')).toBe('ada')
  })

  it('gets 500 if the claims are over 11 K', async () => {
    const { alb, browser } = await scene({ claims: { groups: Array(600).fill('a-group-of-some-length') } })
    expect((await browser.visit(`${FRONT}/page`)).status).toBe(500)
    expect(alb.log.at(-1)).toMatchObject({ errorReason: 'AuthUserinfoResponseSizeExceeded' })
    expect(browser.cookies('front.test').has('AWSELBAuthSessionCookie-0')).toBe(false)
  })

  it('is asked again once their cookies are deleted', async () => {
    const { browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    browser.cookies('front.test').clear()
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(401)
  })
})

describe('x-amzn-oidc-data', () => {
  it('verifies for somebody else’s implementation, with the key of the key endpoint', async () => {
    const { alb, browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const keys = await startKeyServer({ publicKey: alb.publicKey, port: 0 })
    const token = headerOf(alb, 'x-amzn-oidc-data') ?? ''
    const kid = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64').toString()).kid as string
    const pem = await (await fetch(`${keys.url}/${kid}`)).text()
    const missing = await fetch(`${keys.url}/${crypto.randomUUID()}`)
    await keys.close()
    expect(missing.status).toBe(404)

    const verifier = AlbJwtVerifier.create({ albArn: LOAD_BALANCER_ARN, issuer: IDP, clientId: CLIENT_ID })
    const jwk = createPublicKey(pem).export({ format: 'jwk' })
    verifier.cacheJwks({ keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig', kty: 'EC' }] })
    expect(verifier.verifySync(token)).toMatchObject({
      sub: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      iss: IDP,
    })
  })

  it('names algorithm, key, signer, issuer, client and expiry in its header', async () => {
    const { alb, browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const token = headerOf(alb, 'x-amzn-oidc-data') ?? ''
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64').toString())
    expect(header).toEqual({
      typ: 'JWT',
      alg: 'ES256',
      kid: expect.stringMatching(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/),
      signer: LOAD_BALANCER_ARN,
      iss: IDP,
      client: CLIENT_ID,
      exp: expect.any(Number),
    })
    expect(header.exp - Date.now() / 1000).toBeLessThanOrEqual(120)
  })

  it('keeps the padding of its segments', async () => {
    const { alb, browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const segments = (headerOf(alb, 'x-amzn-oidc-data') ?? '').split('.')
    expect(segments).toHaveLength(3)
    for (const segment of segments) expect(segment).toMatch(/^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/)
    // A P-256 signature has 64 bytes, which base64 always pads.
    expect(segments[2]).toMatch(/==$/)
  })

  it('is signed by a new key after a rotation, while the old key stays published', async () => {
    const { alb, browser } = await scene()
    await browser.visit(`${FRONT}/page`)
    const kidOf = () =>
      JSON.parse(
        Buffer.from((headerOf(alb, 'x-amzn-oidc-data') ?? '').split('.')[0] ?? '', 'base64').toString(),
      ).kid as string
    const before = kidOf()
    const rotated = alb.rotateSigningKey()
    await browser.get(`${FRONT}/page`)
    expect(kidOf()).toBe(rotated)
    expect(rotated).not.toBe(before)
    expect(alb.publicKey(before)).toMatch(/^-----BEGIN PUBLIC KEY-----/)
    expect(alb.publicKey(rotated)).not.toBe(alb.publicKey(before))
  })
})

describe('an access token that has expired', () => {
  /** A clock that the test can move. */
  function movable(): { now: () => number; moveBy: (seconds: number) => void } {
    let offsetMs = 0
    return { now: () => Date.now() + offsetMs, moveBy: (seconds) => (offsetMs += seconds * 1000) }
  }

  it('is refreshed with the refresh token, and the cookie renewed', async () => {
    const clock = movable()
    const { alb, browser } = await scene({ accessTokenSeconds: 60, refreshTokens: true, now: clock.now })
    await browser.visit(`${FRONT}/page`)
    const before = headerOf(alb, 'x-amzn-oidc-accesstoken')
    clock.moveBy(61)
    const reply = await browser.get(`${FRONT}/page`)
    expect(reply.status).toBe(200)
    expect(reply.setCookies[0]).toMatch(/^AWSELBAuthSessionCookie-0=/)
    const after = headerOf(alb, 'x-amzn-oidc-accesstoken')
    expect(after).not.toBe(before)
    await browser.get(`${FRONT}/page`)
    expect(headerOf(alb, 'x-amzn-oidc-accesstoken')).toBe(after)
  })

  it('is refreshed once for requests at the same time', async () => {
    const clock = movable()
    const { alb, browser } = await scene({ accessTokenSeconds: 60, refreshTokens: true, now: clock.now })
    await browser.visit(`${FRONT}/page`)
    clock.moveBy(61)
    const replies = await Promise.all([1, 2, 3].map((n) => browser.get(`${FRONT}/api/${n}`)))
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
    const tokens = alb.invocations
      .slice(-3)
      .map(({ event }) => event.multiValueHeaders?.['x-amzn-oidc-accesstoken'])
    expect(new Set(tokens.flat()).size).toBe(1)
  })

  it('is sent on as it is where the provider gave no refresh token', async () => {
    const clock = movable()
    const { alb, browser } = await scene({ accessTokenSeconds: 60, now: clock.now })
    await browser.visit(`${FRONT}/page`)
    const before = headerOf(alb, 'x-amzn-oidc-accesstoken')
    clock.moveBy(3600)
    expect((await browser.get(`${FRONT}/api/x`)).status).toBe(200)
    expect(headerOf(alb, 'x-amzn-oidc-accesstoken')).toBe(before)
  })
})

/** Follows the provider's redirects up to the address of the load balancer. */
async function followToCallback(browser: Browser, location: string): Promise<string> {
  let at = location
  while (!at.startsWith(REDIRECT_URI)) {
    const reply = await browser.get(at)
    at = new URL(reply.headers.location ?? '', at).href
  }
  return at
}
