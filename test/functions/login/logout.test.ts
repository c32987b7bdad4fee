import { describe, expect, it } from 'vitest'
import type { AlbRequest } from '../../support/alb-event.ts'
import { CLIENT_ID } from '../../support/openid-provider.ts'
import { startSessionsWorld } from '../../support/sessions-world.ts'
import { type LoginChanges, SITE, startLogin, type TestLogin, Visitor } from './fixture.ts'

const { provider, database, now } = await startSessionsWorld()

const OWN: AlbRequest['headers'] = { 'sec-fetch-site': 'same-origin' }
const start = (changes: LoginChanges = {}) => startLogin({ provider, database, now }, changes)

async function signedIn(login: TestLogin = start()): Promise<Visitor> {
  const visitor = new Visitor()
  await visitor.signIn(login, provider)
  return visitor
}

const post = (visitor: Visitor, login: TestLogin, body = '', headers = OWN) =>
  visitor.visit(login, '/logout', {
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
const get = (visitor: Visitor, login: TestLogin, path = '/logout', headers = OWN) =>
  visitor.visit(login, path, { headers: headers ?? {} })

describe('signing out', () => {
  it('by a link of our own site leads to the provider, and back to the signed-out page', async () => {
    const login = start()
    const visitor = await signedIn(login)
    const idToken = (await visitor.visit(login, '/me')).text
    expect(idToken).toContain('ada')
    const { status, location } = await get(visitor, login)
    const url = new URL(location)
    expect(status).toBe(303)
    expect(`${url.origin}${url.pathname}`).toBe(`${provider.issuer}/end`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: CLIENT_ID,
      id_token_hint: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/),
      post_logout_redirect_uri: `${SITE}/logout`,
      state: expect.stringMatching(/^[\w-]{43}$/),
    })
    const back = await get(visitor, login, `/logout?state=${url.searchParams.get('state')}`, {
      'sec-fetch-site': 'cross-site',
    })
    expect(back.status).toBe(200)
    expect(back.text).toContain('You are signed out')
    expect(visitor.browser.names()).toEqual([])
  })

  it('by a form does the same, by way of a page, which forms cannot be kept from leaving', async () => {
    const login = start()
    const { status, text, headers } = await post(await signedIn(login), login)
    expect(status).toBe(200)
    expect(text).toMatch(/<meta http-equiv="refresh" content="0;url=http:\/\/127\.0\.0\.1:\d+\/end\?/)
    expect(headers['content-security-policy']).toContain("form-action 'self'")
  })

  it('leads on to where the person wanted to go', async () => {
    const login = start()
    const visitor = await signedIn(login)
    const { location } = await get(visitor, login, '/logout?redirect_url=/bye')
    const state = new URL(location).searchParams.get('state')
    const back = await get(visitor, login, `/logout?state=${state}`, { 'sec-fetch-site': 'cross-site' })
    expect(back).toMatchObject({ status: 303, location: `${SITE}/bye` })
    expect(visitor.browser.names()).toEqual([])
  })

  it('expires every cookie, every piece of it, and those of the load balancer', async () => {
    const login = start()
    const visitor = await signedIn(login)
    await visitor.visit(login, '/login?redirect_url=/x', { headers: { cookie: '' } })
    const strangers = ['flyte_at_1', 'flyte_at_2', 'flyte_idt_3', 'flyte_auth_code', 'flyte_csrf_state']
    const pieces = [0, 1, 2, 3].map((number) => `AWSELBAuthSessionCookie-${number}`)
    for (const name of [...strangers, ...pieces]) visitor.browser.cookies.set(name, 'x')
    visitor.browser.cookies.set('of_somebody_else', 'x')
    provider.does.metadata = ({ end_session_endpoint: _, ...rest }) => rest
    await get(visitor, start())
    expect(visitor.browser.names()).toEqual(['of_somebody_else'])
  })

  it('expires them on the domain as well as on the host', async () => {
    const settings = { cookie: { sameSite: 'Lax', domain: 'example.com' } as const }
    const login = start({ settings })
    const { setCookies } = await get(await signedIn(login), login)
    const ofIdToken = setCookies.filter((line) => line.startsWith('flyte_idt='))
    expect(ofIdToken.map((line) => line.includes('Domain=example.com'))).toEqual([true, false])
  })

  it('ends the session for copies of its cookies too', async () => {
    const login = start()
    const visitor = await signedIn(login)
    const copy = new Visitor(visitor.browser.copy())
    expect((await copy.visit(start(), '/me')).status).toBe(200)
    await get(visitor, login)
    expect(await copy.visit(start(), '/me')).toMatchObject({ status: 401, outcome: 'session_ended' })
  })

  it('does not end the person’s other sessions', async () => {
    const login = start()
    const elsewhere = await signedIn(login)
    await get(await signedIn(login), login)
    expect((await elsewhere.visit(start(), '/me')).status).toBe(200)
  })

  it('happens here when the provider has no such place', async () => {
    provider.does.metadata = ({ end_session_endpoint: _, ...rest }) => rest
    const login = start()
    const visitor = await signedIn(login)
    expect(await get(visitor, login)).toMatchObject({ status: 200 })
    expect(visitor.browser.names()).toEqual([])
  })

  it('happens here when the provider is down', async () => {
    const visitor = await signedIn()
    provider.does.metadata = () => ({})
    const { status, text } = await post(visitor, start())
    expect(status).toBe(200)
    expect(text).toContain('You are signed out')
    expect(visitor.browser.names()).toEqual([])
  })

  it('does not put an ID token into an address that servers would refuse', async () => {
    provider.does.idTokenClaims = (claims) => ({ ...claims, groups: 'x'.repeat(4_000) })
    const login = start()
    const { location } = await get(await signedIn(login), login)
    expect(new URL(location).searchParams.has('id_token_hint')).toBe(false)
  })

  it('works with cookies that nobody can read', async () => {
    const visitor = new Visitor()
    visitor.browser.cookies.set('flyte_idt', 'garbage')
    const login = start()
    expect((await get(visitor, login)).location).not.toContain('id_token_hint')
    expect(visitor.browser.cookies.has('flyte_idt')).toBe(false)
  })

  it('is not said to be done when it could not be', async () => {
    const visitor = await signedIn()
    database.failWith((operation) => (operation === 'PutItem' ? 'broken' : undefined))
    const { status, outcome, text } = await post(visitor, start())
    expect({ status, outcome }).toEqual({ status: 503, outcome: 'store_unavailable' })
    expect(text).toMatch(/<h1>You are not signed out<\/h1>.*href="\/logout">Try again/s)
    expect(visitor.browser.cookies.has('flyte_idt')).toBe(true)
  })
})

describe('signing out that nobody here asks for', () => {
  for (const [what, headers] of [
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a browser that does not say', {}],
  ] as const) {
    it(`by a link of ${what} asks the person first`, async () => {
      const login = start()
      const visitor = await signedIn(login)
      const { status, text } = await get(visitor, login, '/logout', headers)
      expect(status).toBe(403)
      expect(text).toMatch(/<form class="actions" method="post" action="\/logout">.*Stay signed in/)
      expect((await visitor.visit(login, '/me')).status).toBe(200)
    })
  }

  for (const [what, request] of [
    ['a page that is loaded before it is asked for', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['a request for the headers alone', { method: 'HEAD', headers: {} }],
  ] as const) {
    it(`is not what ${what} does`, async () => {
      const login = start()
      const visitor = await signedIn(login)
      const headers = { 'sec-fetch-site': 'none', ...request.headers }
      expect((await visitor.visit(login, '/logout', { ...request, headers })).status).toBe(403)
      expect((await visitor.visit(login, '/me')).status).toBe(200)
    })
  }

  const refused: [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a sister host', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }],
    ['a browser that does not say', {}],
    ['a page without an origin', { origin: 'null' }],
  ]
  for (const [what, headers] of refused) {
    it(`by a form of ${what} is refused`, async () => {
      const login = start()
      const visitor = await signedIn(login)
      expect(await post(visitor, login, '', headers)).toMatchObject({
        status: 403,
        outcome: 'cross_site_request',
      })
      expect((await visitor.visit(login, '/me')).status).toBe(200)
    })
  }

  it('tells whoever is not signed in that they are not', async () => {
    const visit = await get(new Visitor(), start(), '/logout', { 'sec-fetch-site': 'cross-site' })
    expect(visit.status).toBe(200)
    expect(visit.text).toContain('You are signed out')
  })

  it('is not made good by somebody else’s state', async () => {
    const login = start()
    const visitor = await signedIn(login)
    for (const state of ['x'.repeat(43), '']) {
      const visit = await get(visitor, login, `/logout?state=${state}`, { 'sec-fetch-site': 'cross-site' })
      expect(visit.status).toBe(403)
    }
    expect((await visitor.visit(login, '/me')).status).toBe(200)
  })

  it('does not lead on with the state of a sign-in', async () => {
    const login = start()
    const visitor = new Visitor()
    const { location } = await visitor.visit(login, '/login?redirect_url=/x')
    const state = new URL(location).searchParams.get('state')
    const visit = await get(visitor, login, `/logout?state=${state}`, { 'sec-fetch-site': 'cross-site' })
    expect(visit).toMatchObject({ status: 200, location: '' })
  })

  it('cannot be the end of a sign-in', async () => {
    const login = start()
    const visitor = await signedIn(login)
    const { location } = await get(visitor, login)
    const back = provider.signIn((await new Visitor().visit(login, '/login')).location)
    back.searchParams.set('state', new URL(location).searchParams.get('state') ?? '')
    expect((await visitor.comeBack(login, back)).outcome).toBe('sign_in_unknown')
  })

  for (const target of ['//evil.example', '/\\evil.example', 'http:/evil.example', 'https://evil.example']) {
    it(`is not led on to ${target}`, async () => {
      const login = start()
      const visitor = await signedIn(login)
      const query = `redirect_url=${encodeURIComponent(target)}`
      for (const visit of [
        await get(visitor, login, `/logout?${query}`),
        await post(visitor, login, query),
      ]) {
        expect(visit).toMatchObject({ status: 400, outcome: 'redirect_refused' })
      }
      expect((await visitor.visit(login, '/me')).status).toBe(200)
    })
  }

  it('does not read a form without end', async () => {
    const visit = await post(new Visitor(), start(), 'x'.repeat(20_000))
    expect(visit).toMatchObject({ status: 400, outcome: 'request_too_large' })
  })
})
