import { describe, expect, it } from 'vitest'
import { TRANSACTION_SECONDS } from '../../../functions/login/transaction.ts'
import { ServiceError } from '../../../functions/shared/errors.ts'
import { requestWith } from '../../support/identity-fixture.ts'
import { CLIENT_ID, hmacJwt, unsignedJwt } from '../../support/openid-provider.ts'
import { startSessionsWorld } from '../../support/sessions-world.ts'
import { broken, html, json, newIssuerKey, signToken } from '../../support/test-issuer.ts'
import { type LoginChanges, SITE, startLogin, Visitor } from './fixture.ts'

type Claims = Record<string, unknown>

const { provider, database, now, later } = await startSessionsWorld()

const start = (changes: LoginChanges = {}) => startLogin({ provider, database, now }, changes)
const sessionCookies = (visitor: Visitor) =>
  visitor.browser.names().filter((name) => !/csrf|redirect|signed_in/.test(name))
/** What a browser sends in its `cookie` header. */
const cookieBytes = (visitor: Visitor) => Buffer.byteLength(visitor.browser.header().join())

const transactionCookies = (visitor: Visitor) =>
  visitor.browser.names().filter((name) => /csrf|redirect/.test(name))

describe('the way to the provider', () => {
  it('has everything that binds the answer to this browser', async () => {
    const { status, location, headers } = await new Visitor().visit(start(), '/login')
    const url = new URL(location)
    expect(status).toBe(303)
    expect(`${url.origin}${url.pathname}`).toBe(`${provider.issuer}/authorize`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: '1',
      client_id: CLIENT_ID,
      response_type: 'code',
      redirect_uri: `${SITE}/callback`,
      scope: 'openid profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })

  it('says neither state nor verifier in cookies that could be read', async () => {
    const { location, setCookies } = await new Visitor().visit(
      start(),
      '/login?redirect_url=/v2/secret-place',
    )
    const state = new URL(location).searchParams.get('state') ?? ''
    expect(setCookies).toHaveLength(2)
    for (const line of setCookies) {
      expect(line).toMatch(/^flyte_(csrf_state|redirect_location)_[\w-]{8}=/)
      expect(line).toMatch(/; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
      expect(line).not.toContain(state)
      expect(Buffer.from(line.split(/[=;]/)[1] ?? '', 'base64url').toString('latin1')).not.toContain('secret')
    }
  })

  it('passes on which identity provider was asked for, and nothing else', async () => {
    const { location } = await new Visitor().visit(
      start(),
      '/login?idp=google&scope=admin&client_id=evil&x=y',
    )
    const asked = new URL(location).searchParams
    expect(asked.get('idp')).toBe('google')
    expect(asked.getAll('scope')).toEqual(['openid profile email'])
    expect(asked.getAll('client_id')).toEqual([CLIENT_ID])
    expect(asked.has('x')).toBe(false)
  })

  it('cannot be used to say something in our name', async () => {
    const login = start({ deps: { idpQueryParameter: 'redirect_uri' } })
    const { location } = await new Visitor().visit(login, '/login?redirect_uri=https://evil.example')
    expect(new URL(location).searchParams.getAll('redirect_uri')).toEqual([`${SITE}/callback`])
  })

  it('starts from the first authorizedUri, where the provider sends people back to', async () => {
    const at = (redirect: string, changes: LoginChanges = {}) =>
      new Visitor().visit(start(changes), `/login?redirect_url=${encodeURIComponent(redirect)}`, {
        headers: { host: 'a.apps.example.com' },
      })
    const target = async (visit: ReturnType<typeof at>) =>
      new URL((await visit).location).searchParams.get('redirect_url')
    expect((await at('/x')).location).toMatch(`${SITE}/login?`)
    // The session will not be known on the other host, so going back there would only lead here again.
    expect(await target(at('/x'))).toBe(`${SITE}/x`)
    const settings = { cookie: { sameSite: 'Lax', domain: 'example.com' } as const }
    expect(await target(at('/x', { settings }))).toBe('https://a.apps.example.com/x')
    // The longest address that the console sends somebody to sign in with is still one with our name before it.
    const { pathname, search } = new URL((await at(`/${'x'.repeat(1_023)}`)).location)
    expect((await new Visitor().visit(start(), `${pathname}${search}`)).location).toContain('/authorize')
  })

  it('is not taken to another place', async () => {
    for (const path of ['//evil.example', '/%5Cevil.example', 'https%3A%2F%2Fevil.example']) {
      const visitor = new Visitor()
      const { status, outcome, text, headers } = await visitor.visit(start(), `/login?redirect_url=${path}`)
      expect({ status, outcome }).toEqual({ status: 400, outcome: 'redirect_refused' })
      expect(text).toContain('This link leads elsewhere')
      expect(text).not.toContain('evil')
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(visitor.browser.names()).toEqual([])
    }
  })

  it('is not taken to two places at once', async () => {
    const { outcome } = await new Visitor().visit(
      start(),
      '/login?redirect_url=/v2&redirect_url=//evil.example',
    )
    expect(outcome).toBe('redirect_refused')
  })

  it('ends on a page while the provider is down', async () => {
    provider.does.metadata = () => ({})
    const { status, text } = await new Visitor().visit(start(), '/login')
    expect(status).toBe(503)
    expect(text).toContain('Signing in does not work right now')
  })

  for (const [what, change, reason] of [
    ['names another issuer', { issuer: 'https://evil.example' }, 'provider_issuer_mismatch'],
    ['has no authorization endpoint', { authorization_endpoint: undefined }, 'provider_answer_invalid'],
    [
      'has an authorization endpoint without TLS',
      { authorization_endpoint: 'http://evil.example' },
      'provider_answer_invalid',
    ],
    [
      'has a script for an endpoint',
      { authorization_endpoint: 'javascript:alert(1)' },
      'provider_answer_invalid',
    ],
    [
      'has a token endpoint without TLS',
      { token_endpoint: 'http://evil.example' },
      'provider_answer_invalid',
    ],
    [
      'has a sign-out without TLS',
      { end_session_endpoint: 'http://evil.example' },
      'provider_answer_invalid',
    ],
  ] as [string, Claims, string][]) {
    it(`ends on a page if the provider’s document ${what}`, async () => {
      provider.does.metadata = (document) => ({ ...document, ...change })
      const { status, outcome } = await new Visitor().visit(start(), '/login')
      expect({ status, outcome }).toEqual({ status: 503, outcome: reason })
    })
  }

  it('says what the operators have to look at, where waiting does not help', async () => {
    provider.does.metadata = (document) => ({ ...document, issuer: 'https://other.example' })
    expect((await new Visitor().visit(start(), '/login')).text).toContain('auth.userAuth.openId.issuerUrl')
    const cookieKeys = async () => {
      throw new ServiceError('secret_unavailable')
    }
    const { text } = await new Visitor().visit(start({ deps: { cookieKeys } }), '/login')
    expect(text).toContain('a secret is missing')
  })

  it('is told to programs in a sentence', async () => {
    const { text, headers } = await new Visitor().visit(start(), '/login?redirect_url=//x', {
      headers: { accept: 'application/json' },
    })
    expect(text).toBe('The address to go on to is not one of this site.\n')
    expect(headers['content-type']).toContain('text/plain')
  })
})

describe('a sign-in', () => {
  it('ends where the person was going, with a session', async () => {
    const visitor = new Visitor()
    const login = start()
    const { status, location, setCookies } = await visitor.signIn(login, provider, {
      path: '/login?redirect_url=/v2/runs%3Fmine%3D1',
    })
    expect({ status, location }).toEqual({ status: 303, location: `${SITE}/v2/runs?mine=1` })
    expect(sessionCookies(visitor)).toEqual(['flyte_at', 'flyte_idt', 'flyte_rt', 'flyte_user_info'])
    expect(transactionCookies(visitor)).toEqual([])
    for (const line of setCookies.filter((one) => !one.includes('Max-Age=0'))) {
      expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    }
  })

  it('sends the code with its verifier, and the secret in the header alone', async () => {
    await new Visitor().signIn(start(), provider)
    const [{ form, authorization } = { form: new URLSearchParams(), authorization: '' }] =
      provider.tokenRequests
    expect([...form.keys()].toSorted()).toEqual(['code', 'code_verifier', 'grant_type', 'redirect_uri'])
    expect(form.get('redirect_uri')).toBe(`${SITE}/callback`)
    expect(authorization).toMatch(/^Basic /)
  })

  it('of a public client sends its id and no secret', async () => {
    const visitor = new Visitor()
    expect((await visitor.signIn(start({ clientSecret: null }), provider)).status).toBe(303)
    const [request] = provider.tokenRequests
    expect(request?.authorization).toBeUndefined()
    expect(request?.form.get('client_id')).toBe(CLIENT_ID)
  })

  it('asks userinfo with the token in the header', async () => {
    await new Visitor().signIn(start(), provider)
    expect(provider.userinfoRequests).toEqual([
      { method: 'GET', authorization: expect.stringMatching(/^Bearer access-of-ada-/) },
    ])
  })

  it('goes without userinfo where there is none', async () => {
    provider.does.metadata = ({ userinfo_endpoint: _, ...rest }) => rest
    const visitor = new Visitor()
    const login = start()
    expect((await visitor.signIn(login, provider)).status).toBe(303)
    expect(JSON.parse((await visitor.visit(login, '/me')).text).subject).toBe('ada')
  })

  it('may be under way in several tabs', async () => {
    const visitor = new Visitor()
    const login = start()
    const tabs = await Promise.all(
      ['/a', '/b', '/c'].map((path) => visitor.visit(login, `/login?redirect_url=${path}`)),
    )
    for (const [index, path] of [
      [1, '/b'],
      [0, '/a'],
      [2, '/c'],
    ] as const) {
      const back = provider.signIn(tabs[index]?.location ?? '')
      expect((await visitor.comeBack(login, back)).location).toBe(`${SITE}${path}`)
    }
    expect(transactionCookies(visitor)).toEqual([])
  })

  it('is given up when many others were begun after it', async () => {
    const visitor = new Visitor()
    const login = start()
    const first = await visitor.visit(login, '/login')
    const second = await visitor.visit(login, '/login')
    for (let tab = 0; tab < 30; tab += 1) {
      later(1)
      await visitor.visit(login, '/login')
    }
    expect(cookieBytes(visitor)).toBeLessThan(8_192)
    for (const { location } of [first, second]) {
      expect((await visitor.comeBack(login, provider.signIn(location))).outcome).toBe('sign_in_unknown')
    }
  })

  it('goes on in each of eight tabs that are open at once', async () => {
    const visitor = new Visitor()
    const login = start()
    const target = (tab: number) => `/v2/run?project=flytesnacks&domain=development&name=run-${tab}`
    const tabs = []
    for (let tab = 0; tab < 8; tab += 1) {
      later(1)
      tabs.push(await visitor.visit(login, `/login?redirect_url=${encodeURIComponent(target(tab))}`))
    }
    for (const [tab, { location }] of tabs.entries()) {
      const { location: end } = await visitor.comeBack(login, provider.signIn(location))
      expect(end).toBe(`${SITE}${target(tab)}`)
    }
  })

  it('gives other tabs up where there is no room for them beside a large session', async () => {
    const visitor = new Visitor()
    const login = start()
    for (let tab = 0; tab < 4; tab += 1) {
      later(1)
      await visitor.visit(login, `/login?redirect_url=/${'x'.repeat(1_000)}`)
    }
    provider.does.idTokenClaims = (claims) => ({ ...claims, groups: 'x'.repeat(4_300) })
    expect((await visitor.signIn(login, provider)).status).toBe(303)
    expect(cookieBytes(visitor)).toBeLessThan(16_000)
    expect((await visitor.visit(login, '/me')).status).toBe(200)
  })

  it('leaves a word of it for half a minute, by which a page without a session knows not to begin another', async () => {
    const { setCookies } = await new Visitor().signIn(start(), provider)
    const word = setCookies.find((line) => line.startsWith('flyte_signed_in='))
    expect(word).toBe('flyte_signed_in=1; Max-Age=30; Path=/; HttpOnly; Secure; SameSite=Lax')
  })

  it('ends on a page that goes on by itself where the cookies are for our own site alone', async () => {
    const settings = { cookie: { sameSite: 'Strict', domain: null } as const }
    const login = start({ settings })
    const visitor = new Visitor()
    const { status, text, headers } = await visitor.signIn(login, provider, {
      path: '/login?redirect_url=/a',
    })
    expect(status).toBe(200)
    expect(text).toContain(`<meta http-equiv="refresh" content="0;url=${SITE}/a">`)
    expect(headers['cache-control']).toBe('no-store')
    expect((await visitor.visit(login, '/me')).status).toBe(200)
  })

  it('makes a session of its own each time', async () => {
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    const before = visitor.browser.copy()
    const back = provider.signIn((await new Visitor().visit(login, '/login')).location)
    expect((await visitor.comeBack(login, back)).outcome).toBe('sign_in_unknown')
    expect(visitor.browser.cookies).toEqual(before.cookies)
  })

  it('names each session anew, so that nobody can hand out one that is used later', async () => {
    const login = start()
    const idOf = async (visitor: Visitor) => {
      await visitor.signIn(login, provider)
      const request = requestWith({ cookie: visitor.browser.header() })
      return (await login.deps.readSession(request))?.received.record.id
    }
    const visitor = new Visitor()
    const first = await idOf(visitor)
    for (const name of visitor.browser.names())
      if (name !== 'flyte_user_info') visitor.browser.cookies.delete(name)
    const second = await idOf(visitor)
    expect(first).toMatch(/^[\w-]{22}$/)
    expect(second).toMatch(/^[\w-]{22}$/)
    expect(second).not.toBe(first)
  })

  it('ends where it was meant to, whatever address the answer names', async () => {
    const visitor = new Visitor()
    const login = start()
    const back = provider.signIn((await visitor.visit(login, '/login?redirect_url=/a')).location)
    back.searchParams.set('redirect_url', 'https://evil.example')
    expect((await visitor.comeBack(login, back)).location).toBe(`${SITE}/a`)
  })

  it('tells no other site the code, by a referrer', async () => {
    const { headers } = await new Visitor().signIn(start(), provider)
    expect(headers['referrer-policy']).toBe('no-referrer')
    const refused = await new Visitor().visit(start(), '/callback?code=x&state=x')
    expect(refused.headers['referrer-policy']).toBe('same-origin')
    expect(refused.text).not.toMatch(/(?:src|href)="(?!\/|data:)/)
  })

  it('with tokens larger than a cookie is split, and read back', async () => {
    const groups = Array.from({ length: 200 }, (_, index) => `group-${index}`)
    provider.does.idTokenClaims = (claims) => ({ ...claims, groups })
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    expect(visitor.browser.names()).toEqual(expect.arrayContaining(['flyte_idt_1', 'flyte_idt_2']))
    expect((await visitor.visit(login, '/me')).status).toBe(200)
  })

  it('with a profile larger than cookies keeps what names the person', async () => {
    provider.does.userinfo = (claims) => ({ ...claims, photo: 'x'.repeat(10_000) })
    const visitor = new Visitor()
    const login = start()
    expect((await visitor.signIn(login, provider)).status).toBe(303)
    expect(JSON.parse((await visitor.visit(login, '/me')).text)).toMatchObject({ name: 'Ada Lovelace' })
  })

  it('with tokens larger than the load balancer passes on says what to do', async () => {
    provider.does.idTokenClaims = (claims) => ({ ...claims, groups: 'x'.repeat(9_000) })
    const visitor = new Visitor()
    const { status, outcome, text } = await visitor.signIn(start(), provider)
    expect({ status, outcome }).toEqual({ status: 400, outcome: 'session_too_large' })
    expect(text).toContain('list of groups')
    expect(sessionCookies(visitor)).toEqual([])
  })
})

describe('somebody who is signed in', () => {
  it('goes straight on', async () => {
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    const { status, location } = await visitor.visit(login, '/login?redirect_url=/v2/x')
    expect({ status, location }).toEqual({ status: 303, location: `${SITE}/v2/x` })
  })

  it('goes straight on after a refresh, when the ID token has expired', async () => {
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    later(400)
    const { location, setCookies } = await visitor.visit(login, '/login')
    expect(location).toBe(`${SITE}/v2`)
    expect(setCookies.map((line) => line.split('=')[0])).toContain('flyte_idt')
    expect(provider.tokenRequests.at(-1)?.form.get('grant_type')).toBe('refresh_token')
  })

  it('is sent to the provider again when the session is over, and what is left of it goes', async () => {
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    later(90_000)
    expect((await visitor.visit(login, '/login')).location).toContain('/authorize')
    expect(sessionCookies(visitor)).toEqual([])
  })

  it('is sent to the provider again when it wants to see the person', async () => {
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    later(400)
    provider.does.answers.token = json({ error: 'interaction_required' }, 400)
    expect((await visitor.visit(login, '/login')).location).toContain('/authorize')
  })

  it('is not led elsewhere either', async () => {
    const visitor = new Visitor()
    const login = start()
    await visitor.signIn(login, provider)
    expect((await visitor.visit(login, '/login?redirect_url=/%5Cevil.example')).outcome).toBe(
      'redirect_refused',
    )
  })

  it('keeps the session while it cannot be looked at', async () => {
    const visitor = new Visitor()
    await visitor.signIn(start(), provider)
    const before = visitor.browser.names()
    database.failWith((operation) => (operation === 'GetItem' ? 'broken' : undefined))
    expect(await visitor.visit(start(), '/login')).toMatchObject({
      status: 503,
      outcome: 'store_unavailable',
    })
    expect(visitor.browser.names()).toEqual(before)
  })
})

describe('an answer that is not one to this sign-in', () => {
  const wrong: [string, (url: URL) => void, string][] = [
    ['another state', (url) => url.searchParams.set('state', 'x'.repeat(43)), 'sign_in_unknown'],
    ['no state', (url) => url.searchParams.delete('state'), 'sign_in_unknown'],
    ['two states', (url) => url.searchParams.append('state', 'x'), 'sign_in_unknown'],
    ['no code', (url) => url.searchParams.delete('code'), 'sign_in_answer_invalid'],
    ['two codes', (url) => url.searchParams.append('code', 'x'), 'sign_in_answer_invalid'],
    ['a code that is worth nothing', (url) => url.searchParams.set('code', 'x'), 'sign_in_unknown'],
    [
      'another issuer',
      (url) => url.searchParams.set('iss', 'https://evil.example'),
      'sign_in_answer_invalid',
    ],
    ['no issuer', (url) => url.searchParams.delete('iss'), 'sign_in_answer_invalid'],
    ['a token in the query', (url) => url.searchParams.set('id_token', 'x'), 'sign_in_answer_invalid'],
  ]
  for (const [what, change, reason] of wrong) {
    it(`is refused: ${what}`, async () => {
      const visitor = new Visitor()
      const login = start()
      const back = provider.signIn((await visitor.visit(login, '/login')).location)
      change(back)
      const { status, outcome, text } = await visitor.comeBack(login, back)
      expect({ status, outcome }).toEqual({ status: 400, outcome: reason })
      expect(text).toContain('<h1>')
      expect(sessionCookies(visitor)).toEqual([])
    })
  }

  it('is refused in another browser', async () => {
    const login = start()
    const back = provider.signIn((await new Visitor().visit(login, '/login')).location)
    const other = new Visitor()
    await other.visit(login, '/login')
    expect((await other.comeBack(login, back)).outcome).toBe('sign_in_unknown')
  })

  it('is refused a second time, even with a copy of the cookies', async () => {
    const visitor = new Visitor()
    const login = start()
    const back = provider.signIn((await visitor.visit(login, '/login')).location)
    const copy = new Visitor(visitor.browser.copy())
    const outcomes = await Promise.all([visitor.comeBack(login, back), copy.comeBack(start(), back)])
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['ok', 'sign_in_unknown'])
    expect((await copy.comeBack(login, back)).outcome).toBe('sign_in_unknown')
  })

  it('is refused when it took too long', async () => {
    const visitor = new Visitor()
    const login = start()
    const back = provider.signIn((await visitor.visit(login, '/login')).location)
    later(TRANSACTION_SECONDS + 1)
    expect((await visitor.comeBack(login, back)).outcome).toBe('sign_in_unknown')
  })

  it('is refused when a cookie of another kind is put in place of the transaction’s', async () => {
    const visitor = new Visitor()
    const login = start()
    const back = provider.signIn((await visitor.visit(login, '/login')).location)
    const [state = '', location = ''] = transactionCookies(visitor)
    visitor.browser.cookies.set(state, visitor.browser.cookies.get(location) ?? '')
    expect((await visitor.comeBack(login, back)).outcome).toBe('sign_in_unknown')
  })

  const errors: [string, string, number][] = [
    ['access_denied', 'sign_in_denied', 403],
    ['login_required', 'sign_in_denied', 403],
    ['consent_required', 'sign_in_denied', 403],
    ['temporarily_unavailable', 'provider_unavailable', 503],
    ['server_error', 'provider_unavailable', 503],
    ['invalid_scope', 'provider_refused', 503],
    ['unauthorized_client', 'provider_refused', 503],
    ['something_new', 'provider_refused', 503],
  ]
  for (const [error, reason, status] of errors) {
    it(`${error} is told on a page, in our words`, async () => {
      const visitor = new Visitor()
      const login = start()
      const back = provider.signIn((await visitor.visit(login, '/login')).location)
      back.searchParams.delete('code')
      back.searchParams.set('error', error)
      back.searchParams.set('error_description', '<script>alert("them")</script>')
      const visit = await visitor.comeBack(login, back)
      expect(visit).toMatchObject({ status, outcome: reason })
      expect(visit.text).not.toContain('them')
      expect(transactionCookies(visitor)).toEqual([])
    })
  }

  it('with an error from another issuer is not believed', async () => {
    const visitor = new Visitor()
    const login = start()
    const back = provider.signIn((await visitor.visit(login, '/login')).location)
    back.searchParams.delete('code')
    back.searchParams.set('error', 'access_denied')
    back.searchParams.set('iss', 'https://evil.example')
    expect((await visitor.comeBack(login, back)).outcome).toBe('sign_in_answer_invalid')
  })
})

describe('a provider that misbehaves', () => {
  const attempt = async (changes: LoginChanges = {}) => {
    const visitor = new Visitor()
    const visit = await visitor.signIn(start(changes), provider)
    if (visit.outcome !== 'ok') expect(sessionCookies(visitor)).toEqual([])
    return visit
  }

  const claims: [string, (claims: Claims) => Claims][] = [
    ['another issuer', (c) => ({ ...c, iss: 'https://evil.example' })],
    ['no subject', ({ sub: _, ...c }) => c],
    ['another audience', (c) => ({ ...c, aud: 'somebody' })],
    ['no audience', ({ aud: _, ...c }) => c],
    ['another party besides us', (c) => ({ ...c, aud: [CLIENT_ID, 'somebody'] })],
    ['another authorized party', (c) => ({ ...c, aud: [CLIENT_ID, 'somebody'], azp: 'somebody' })],
    ['no time of issue', ({ iat: _, ...c }) => c],
    ['no end', ({ exp: _, ...c }) => c],
    ['an end in the past', (c) => ({ ...c, exp: provider.nowSeconds() - 60 })],
    ['a start in the future', (c) => ({ ...c, nbf: provider.nowSeconds() + 600 })],
    ['another nonce', (c) => ({ ...c, nonce: 'other' })],
    ['no nonce', ({ nonce: _, ...c }) => c],
  ]
  for (const [what, change] of claims) {
    it(`is refused: an ID token with ${what}`, async () => {
      provider.does.idTokenClaims = change
      expect(await attempt()).toMatchObject({ status: 400, outcome: 'sign_in_answer_invalid' })
    })
  }

  const signatures: [string, (claims: Claims) => Promise<string>][] = [
    ['no signature', async (c) => unsignedJwt(c)],
    ['no signature, spelt otherwise', async (c) => unsignedJwt(c, 'nOnE')],
    [
      'a broken signature',
      async (c) => `${(await signToken(c, { key: provider.key, header: { typ: 'JWT' } })).slice(0, -4)}AAAA`,
    ],
    [
      'a signature by another key',
      async (c) => signToken(c, { key: await newIssuerKey('RS256', 'first'), header: { typ: 'JWT' } }),
    ],
    [
      'a signature by a key nobody knows',
      async (c) => signToken(c, { key: await newIssuerKey('RS256', 'x'), header: { typ: 'JWT' } }),
    ],
    [
      'an algorithm that was not agreed on',
      async (c) => signToken(c, { key: await newIssuerKey('ES256', 'first'), header: { typ: 'JWT' } }),
    ],
    ['a shared secret', (c) => hmacJwt(c, 'the-client-secret+of/the test')],
    [
      'a key of its own in the header',
      async (c) => {
        const key = await newIssuerKey('RS256', 'own')
        return signToken(c, { key, header: { typ: 'JWT', jwk: key.publicJwk } })
      },
    ],
    ['the type of access tokens', (c) => signToken(c, { key: provider.key, header: { typ: 'at+jwt' } })],
  ]
  for (const [what, sign] of signatures) {
    it(`is refused: an ID token with ${what}`, async () => {
      provider.does.signIdToken = sign
      expect(await attempt()).toMatchObject({ status: 400, outcome: 'sign_in_answer_invalid' })
    })
  }

  it('is accepted: an ID token without a key id while there is one key', async () => {
    provider.does.signIdToken = (c) =>
      signToken(c, { key: provider.key, header: { typ: 'JWT', kid: undefined } })
    expect((await attempt()).outcome).toBe('ok')
  })

  it('is refused: an ID token without a key id among several keys', async () => {
    provider.publishedKeys = [provider.key.publicJwk, (await newIssuerKey('RS256', 'second')).publicJwk]
    provider.does.signIdToken = (c) =>
      signToken(c, { key: provider.key, header: { typ: 'JWT', kid: undefined } })
    expect(await attempt()).toMatchObject({ outcome: 'sign_in_answer_invalid' })
  })

  it('is accepted: a key that was replaced just before it signed', async () => {
    const login = start()
    expect((await new Visitor().signIn(login, provider)).outcome).toBe('ok')
    const next = await newIssuerKey('RS256', 'next')
    provider.publishedKeys = [next.publicJwk]
    provider.does.signIdToken = (c) => signToken(c, { key: next, header: { typ: 'JWT' } })
    expect((await new Visitor().signIn(login, provider)).outcome).toBe('ok')
  })

  it('is accepted: a key that was replaced by and by', async () => {
    const login = start()
    expect((await new Visitor().signIn(login, provider)).outcome).toBe('ok')
    const next = await newIssuerKey('RS256', 'next')
    provider.publishedKeys = [provider.key.publicJwk, next.publicJwk]
    expect((await new Visitor().signIn(login, provider)).outcome).toBe('ok')
    later(700)
    provider.does.signIdToken = (c) => signToken(c, { key: next, header: { typ: 'JWT' } })
    expect((await new Visitor().signIn(login, provider)).outcome).toBe('ok')
  })

  const answers: [string, () => void, string, number][] = [
    [
      'userinfo about somebody else',
      () => (provider.does.userinfo = (c) => ({ ...c, sub: 'eve' })),
      'sign_in_answer_invalid',
      400,
    ],
    [
      'userinfo about nobody',
      () => (provider.does.userinfo = ({ sub: _, ...c }) => c),
      'sign_in_answer_invalid',
      400,
    ],
    ['a page for userinfo', () => (provider.does.answers.userinfo = html), 'provider_answer_invalid', 503],
    [
      'an outage of userinfo',
      () => (provider.does.answers.userinfo = broken),
      'provider_answer_invalid',
      503,
    ],
    ['a page for a token', () => (provider.does.answers.token = html), 'provider_answer_invalid', 503],
    [
      'an outage of the token endpoint',
      () => (provider.does.answers.token = broken),
      'provider_answer_invalid',
      503,
    ],
    [
      'a refusal of this client',
      () => (provider.does.answers.token = json({ error: 'invalid_client' }, 401)),
      'provider_refused',
      503,
    ],
    [
      'no ID token',
      () => (provider.does.tokenAnswer = ({ id_token: _, ...a }) => a),
      'sign_in_answer_invalid',
      400,
    ],
    [
      'no access token',
      () => (provider.does.tokenAnswer = ({ access_token: _, ...a }) => a),
      'sign_in_answer_invalid',
      400,
    ],
    [
      'a token of another type',
      () => (provider.does.tokenAnswer = (a) => ({ ...a, token_type: 'mac' })),
      'sign_in_answer_invalid',
      400,
    ],
    ['no keys', () => (provider.does.answers.jwks = json({ keys: [] })), 'keys_unavailable', 503],
    ['an outage of its keys', () => (provider.does.answers.jwks = broken), 'keys_unavailable', 503],
  ]
  for (const [what, misbehave, reason, status] of answers) {
    it(`is refused: ${what}`, async () => {
      misbehave()
      expect(await attempt()).toMatchObject({ status, outcome: reason })
    })
  }

  it('shows nothing of what it said', async () => {
    provider.does.answers.token = json(
      { error: 'invalid_request', error_description: 'the secret is xyzzy' },
      400,
    )
    const visit = await attempt()
    expect(visit.outcome).toBe('provider_refused')
    expect(visit.text).not.toContain('xyzzy')
    expect(visit.call.notes).toEqual({})
  })
})
