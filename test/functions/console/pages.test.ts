/** One run, who am I, connect and signing out, over load balancer events. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AlbAnswer, type AlbRequest, callThrough } from '../../support/alb-event.ts'
import { NOW_SECONDS, PUBLIC_URL } from '../../support/identity-fixture.ts'
import { type ConsoleFunction, ISSUER, startConsole } from './console-function.ts'

let site: ConsoleFunction

beforeAll(async () => {
  site = await startConsole()
})
afterAll(() => site.close())

const HOSTILE = `"><img src=x onerror='alert(1)'>`

describe('who am I', () => {
  it('says who, how that is known, and for how long', async () => {
    const { status, text } = await site.ask({ path: '/v2/whoami' })
    expect(status).toBe(200)
    expect(text).toContain('<h1 id="who">Ada Lovelace</h1>')
    expect(text).toContain('<dd><code>ada</code></dd>')
    expect(text).toContain(`<dd><code>${ISSUER}</code></dd>`)
    expect(text).toContain('The load balancer signed you in with login.example.com')
    expect(text).toContain('<dt>Scopes asked for</dt><dd>openid</dd>')
    expect(text).toContain('<dd>Up to 7 days after you signed in</dd>')
    expect(text).toContain(`datetime="${new Date((NOW_SECONDS + 120) * 1000).toISOString()}"`)
  })

  it('says so when only the subject is known', async () => {
    const headers = { accept: 'text/html', 'x-amzn-oidc-identity': 'ada' }
    const { text } = await callThrough(site.handlerWith(), { path: '/v2/whoami', access: 'oidc', headers })
    expect(text).toContain('<h1 id="who">ada</h1>')
    expect(text).toContain('no e-mail address known')
    expect(text).toContain('no name or e-mail')
    expect(text).not.toContain('<dt>This proof holds until</dt>')
  })

  it('offers to sign out, by a form and not by a link that others could plant', async () => {
    const { text } = await site.ask({ path: '/v2/whoami' })
    expect(text).toContain('<form class="sign-out" method="post" action="/v2/sign-out">')
    expect(text).not.toContain('href="/v2/sign-out"')
  })
})

describe('connect', () => {
  it('has the file and the commands of this deployment', async () => {
    const { text } = await site.ask({ path: '/v2/connect' })
    expect(text).toContain(
      [
        'admin:',
        '  endpoint: dns:///flyte.example.com',
        '  insecure: false',
        '  authType: Pkce',
        'task:',
        '  project: flytesnacks',
        '  domain: development',
        '</code>',
      ].join('\n'),
    )
    expect(text).toContain('flyte create config --endpoint dns:///flyte.example.com --auth-type pkce \\\n')
    expect(text).toContain(`curl -s ${PUBLIC_URL}/flyteidl2.auth.IdentityService/UserInfo`)
    expect(text).not.toContain('plain http')
    expect(text).not.toContain('npm run')
  })

  it('names no place that the settings do not have', async () => {
    const handler = site.handlerWith({ runs: { seedProjects: [], domains: ['one', 'two'] } })
    const { text } = await site.ask({ path: '/v2/connect' }, undefined, handler)
    expect(text).toContain('task:\n  domain: one\n')
    expect(text).not.toContain('--project')
  })

  it('says what to do where the SDK would send no credentials', async () => {
    const handler = site.handlerWith({ authorizedUris: ['http://localhost:8080'] })
    const { text } = await site.ask({ path: '/v2/connect' }, undefined, handler)
    expect(text).toContain('over which the SDK sends no credentials')
    expect(text).toContain('TOKEN=$(npm run --silent token -- ada --port 8080)')
    expect(text).toContain('--insecure')
  })

  for (const sub of ['ada; rm -rf ~', '$(id)', '`id`', '--help me', "a'b"]) {
    it(`puts no subject such as ${sub} into a command`, async () => {
      const handler = site.handlerWith({ authorizedUris: ['http://localhost:8080'] })
      const { text } = await site.ask({ path: '/v2/connect' }, { sub }, handler)
      expect(text).toContain('token -- ada --port 8080)')
    })
  }

  it('takes its address from the settings, whatever host a browser names', async () => {
    const { text } = await site.ask({ path: '/v2/connect', headers: { host: 'evil.example' } })
    expect(text).toContain('dns:///flyte.example.com')
    expect(text).not.toContain('evil.example')
  })
})

describe('the page of a run', () => {
  it('is the same whatever run its address names: nothing of the query is in it', async () => {
    const plain = await site.ask({ path: '/v2/run' })
    const named = await site.ask({ path: `/v2/run?name=${encodeURIComponent(HOSTILE)}&project=p&domain=d` })
    expect(named.status).toBe(200)
    expect(named.text).toBe(plain.text)
  })
})

describe('every page', () => {
  for (const path of ['/v2', '/v2/run', '/v2/whoami', '/v2/connect']) {
    it(`${path} shows hostile names as the text they are`, async () => {
      const claims = { sub: HOSTILE, name: HOSTILE, email: HOSTILE, preferred_username: HOSTILE }
      const { text } = await site.ask({ path }, claims)
      expect(text).toContain('&quot;&gt;&lt;img src=x')
      expect(text).not.toContain('<img')
      expect(text).not.toContain("'alert(1)'")
    })

    it(`${path} is for people who are signed in`, async () => {
      const request: AlbRequest = { path, access: 'oidc', headers: { accept: 'text/html' } }
      expect((await callThrough(site.handlerWith(), request)).status).toBe(401)
      expect((await site.ask({ path, access: 'open' })).status).toBe(403)
      expect((await site.ask({ path, method: 'POST' })).status).toBe(405)
    })
  }
})

describe('signing out', () => {
  const OWN: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin', origin: 'null' }
  const post = (headers: AlbRequest['headers']): AlbRequest => {
    return { path: '/v2/sign-out', access: 'open', method: 'POST', headers: { ...headers } }
  }
  const cookiesOf = ({ headerLines }: AlbAnswer) => headerLines['set-cookie'] ?? []

  it("expires every piece of the load balancer's session, and leads to a page that says so", async () => {
    const answer = await site.ask(post(OWN))
    expect([answer.status, answer.headers.location]).toEqual([303, '/signed-out'])
    expect(answer.headers['cache-control']).toBe('no-store')
    const names = cookiesOf(answer).map((cookie) => cookie.slice(0, cookie.indexOf('=')))
    expect(names).toEqual([0, 1, 2, 3].map((index) => `AWSELBAuthSessionCookie-${index}`))
    for (const cookie of cookiesOf(answer)) {
      expect(cookie).toMatch(
        /=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=\/; HttpOnly; Secure; SameSite=None$/,
      )
    }
  })

  it('goes by the name that the cookie has in this deployment', async () => {
    const handler = site.handlerWith({ loadBalancer: { sessionCookieName: 'FlyteSession' } })
    const answer = await site.ask(post(OWN), undefined, handler)
    expect(cookiesOf(answer)[3]).toMatch(/^FlyteSession-3=;/)
  })

  it('works over plain http, which keeps no secure cookies', async () => {
    const answer = await site.ask(post({ ...OWN, 'x-forwarded-proto': 'http' }))
    expect(cookiesOf(answer)[0]).not.toMatch(/Secure|SameSite/)
  })

  it('takes the word of an older browser for which page asked', async () => {
    expect((await site.ask(post({ origin: PUBLIC_URL }))).status).toBe(303)
  })

  const refused: readonly [string, Readonly<Record<string, string>>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    [
      'a neighbour on the same domain',
      { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' },
    ],
    ['a look-alike', { origin: `${PUBLIC_URL}.evil.example` }],
    ['the same host without https', { origin: PUBLIC_URL.replace('https', 'http') }],
    ['a page without an origin', { origin: 'null' }],
    ['nobody knows whom', {}],
  ]
  for (const [name, headers] of refused) {
    it(`is refused when ${name} asks for it`, async () => {
      const answer = await site.ask(post(headers))
      expect(answer.status).toBe(403)
      expect(cookiesOf(answer)).toEqual([])
      expect(answer.text).toContain('Another site asked for this')
      expect(site.ended.at(-1)?.call.outcome).toBe('cross_site_request')
    })
  }

  it('is not done by a link', async () => {
    const answer = await site.ask({ ...post(OWN), method: 'GET' })
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
    expect(cookiesOf(answer)).toEqual([])
  })

  it('ends on a page without a name, a script, or the need to be signed in', async () => {
    const headers = { accept: 'text/html' }
    const answer = await callThrough(site.handlerWith(), { path: '/signed-out', access: 'open', headers })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('You are signed out')
    expect(answer.text).toContain('You may still be signed in at login.example.com')
    expect(answer.text).not.toContain('<script')
  })
})

describe('somebody who is signed in and still refused', () => {
  it('is told why, and offered to sign out instead of to sign in once more', async () => {
    const data = site.region.data({}, { client: 'other' })
    const answer = await site.ask({ path: '/v2', headers: { 'x-amzn-oidc-data': data } })
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('You are signed in, but not let in')
    expect(answer.text).toContain('The identity header was signed for another client.')
    expect(answer.text).toContain('action="/v2/sign-out"')
    expect(answer.text).not.toMatch(/>Sign in</)
  })

  it('is told which setting it is where forwarded identities are not trusted', async () => {
    const handler = site.handlerWith({ runs: { trustForwardedIdentityHeaders: false } })
    const answer = await site.ask({ path: '/v2' }, undefined, handler)
    expect(answer.text).toContain('runs.trustForwardedIdentityHeaders')
    expect(answer.text).toContain('action="/v2/sign-out"')
  })

  it('may just try again if only the time was up', async () => {
    const data = site.region.data({ exp: NOW_SECONDS - 1 })
    const answer = await site.ask({ path: '/v2', headers: { 'x-amzn-oidc-data': data } })
    expect(answer.text).toContain('Your sign-in has just run out')
    expect(answer.text).not.toContain('action="/v2/sign-out"')
  })
})
