/** The console over load balancer events, with identities signed as the load balancer signs them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConsoleApp } from '../../../functions/console/app.ts'
import { createLambdaHandler } from '../../../functions/shared/lambda.ts'
import { type AlbAnswer, type AlbRequest, callThrough, type EventHandler } from '../../support/alb-event.ts'
import { functionSettings, NOW_SECONDS } from '../../support/identity-fixture.ts'
import { ADA, type ConsoleFunction, ISSUER, startConsole } from './console-function.ts'

/** What a browser sends along when a page of this site asks. */
const OWN_PAGE = { 'sec-fetch-site': 'same-origin', origin: 'null' }
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

let site: ConsoleFunction
let handler: EventHandler

beforeAll(async () => {
  site = await startConsole()
  handler = site.handlerWith()
})
afterAll(() => site.close())

/** Asks as a browser whose person the load balancer has signed in. */
function ask(request: AlbRequest, claims?: Readonly<Record<string, unknown>>): Promise<AlbAnswer> {
  return site.ask(request, claims, handler)
}

describe('the first page', () => {
  it('says who is signed in', async () => {
    const { status, headers, text } = await ask({ path: '/v2' })
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(text).toContain('<span class="who-name">Ada Lovelace</span>')
    expect(text).toContain('ada@example.com')
    expect(text).toContain('href="/v2/whoami"')
    expect(text).toContain('data-subject="ada"')
  })

  it('offers the projects and domains of the deployment, development first', async () => {
    handler = site.handlerWith({
      runs: { seedProjects: ['one', 'two'], domains: ['production', 'development'] },
    })
    const { text } = await ask({ path: '/v2' })
    handler = site.handlerWith()
    expect(text).toContain('<option>one</option><option>two</option>')
    expect(text).toContain('<option>production</option><option selected>development</option>')
  })

  it('names people by their subject when nothing else is known', async () => {
    const headers = { accept: 'text/html', 'x-amzn-oidc-identity': 'ada' }
    const { status, text } = await callThrough(handler, { path: '/v2', access: 'oidc', headers })
    expect(status).toBe(200)
    expect(text).toContain('<span class="who-name">ada</span>')
  })

  it('shows hostile names as the text they are', async () => {
    const name = `<script>alert(1)</script>" onload='x'&amp;`
    const { text } = await ask({ path: '/v2' }, { sub: `"><img src=x>`, name, email: '<b>@example.com' })
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39;&amp;amp;')
    expect(text).toContain('&quot;&gt;&lt;img src=x&gt;')
    expect(text).toContain('&lt;b&gt;@example.com')
    expect(text).not.toContain('<script>')
    expect(text).not.toContain('<img')
    expect(text.match(/<script/g)).toHaveLength(1)
  })

  it('has no script or style of its own, and asks nobody else for anything', async () => {
    const { text } = await ask({ path: '/v2' })
    expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/i)
    const addresses = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? '')
    expect(addresses.length).toBeGreaterThan(3)
    expect(addresses.filter((address) => !/^(?:\/v2|#main$|data:image\/svg\+xml,)/.test(address))).toEqual([])
  })

  it('is never stored', async () => {
    const { headers } = await ask({ path: '/v2' })
    expect(headers['cache-control']).toBe('no-store')
  })

  it('answers HEAD without the page', async () => {
    const { status, text, headers } = await ask({ path: '/v2', method: 'HEAD' })
    expect({ status, text, type: headers['content-type'] }).toEqual({
      status: 200,
      text: '',
      type: 'text/html; charset=utf-8',
    })
  })

  it('notes the caller by source and kind only', async () => {
    await ask({ path: '/v2' })
    expect(site.ended.at(-1)?.call).toMatchObject({
      operation: '/v2',
      outcome: 'ok',
      notes: { caller: 'alb-claims', callerKind: 'user' },
    })
  })
})

describe('the headers of every answer', () => {
  const answers: readonly [string, AlbRequest][] = [
    ['the page', { path: '/v2' }],
    ['a run', { path: '/v2/run' }],
    ['who am I', { path: '/v2/whoami' }],
    ['connect', { path: '/v2/connect' }],
    ['signed out', { path: '/signed-out', access: 'open' }],
    ['signing out', { path: '/v2/sign-out', access: 'open', method: 'POST', headers: OWN_PAGE }],
    ['the style sheet', { path: '/v2/console.css', access: 'open' }],
    ['the script', { path: '/v2/console.js' }],
    ['the redirect', { path: '/console' }],
    ['an error page', { path: '/nothing' }],
    ['an error sentence', { path: '/nothing', headers: { accept: '*/*' } }],
  ]
  for (const [name, request] of answers) {
    it(`keep ${name} to itself`, async () => {
      const { headers } = await ask(request)
      expect(headers['content-security-policy']).toBe(POLICY)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
      })
    })
  }

  it('ask for https only of browsers that came by https', async () => {
    const { headers } = await ask({ path: '/v2', headers: { 'x-forwarded-proto': 'http' } })
    expect(headers['strict-transport-security']).toBeUndefined()
  })

  it('are the same in single-value target groups', async () => {
    const { status, headers } = await ask({ path: '/v2', multiValue: false })
    expect([status, headers['content-security-policy']]).toEqual([200, POLICY])
  })
})

describe('the files of the page', () => {
  const files = [
    ['/v2/console.css', 'text/css; charset=utf-8', '--accent'],
    ['/v2/console.js', 'text/javascript; charset=utf-8', 'flyteidl2.workflow.RunService/ListRuns'],
  ] as const
  /** The style sheet dresses the page for people who signed out, too. */
  const askFile = (request: AlbRequest) =>
    ask({ ...request, access: request.path?.startsWith('/v2/console.css') ? 'open' : 'oidc' })
  for (const [path, type, content] of files) {
    it(`${path} is one file, kept for a short while by the browser alone`, async () => {
      const { status, headers, text } = await askFile({ path })
      expect([status, headers['content-type']]).toEqual([200, type])
      expect(headers['cache-control']).toBe('private, max-age=300')
      expect(text).toContain(content)
      // The name of SVG is an address that nobody asks for anything.
      const without = text.replaceAll('http://www.w3.org/2000/svg', '')
      expect(without).not.toMatch(/@import|\bimport\s*[({"']|https?:\/\//)
    })

    it(`${path} is not sent again to a browser that has it`, async () => {
      const { etag = '' } = (await askFile({ path })).headers
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await askFile({ path, headers: { 'if-none-match': known } })
        expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag])
      }
      const changed = await askFile({ path, headers: { 'if-none-match': '"other"' } })
      expect(changed.status).toBe(200)
    })

    it(`${path} is linked with its version`, async () => {
      const { etag = '' } = (await askFile({ path })).headers
      const { text } = await ask({ path: '/v2' })
      expect(text).toContain(`"${path}?v=${etag.slice(1, -1)}"`)
      const linked = await askFile({ path: `${path}?v=${etag.slice(1, -1)}` })
      expect(linked.status).toBe(200)
    })
  }

  it('the script never turns text into markup', async () => {
    const { text } = await ask({ path: '/v2/console.js' })
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|new Function/,
    )
  })

  it('all of it is less than 100 KB', async () => {
    const sizes = await Promise.all(
      ['/v2', '/v2/console.css', '/v2/console.js'].map(async (path) => (await askFile({ path })).body.length),
    )
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(100_000)
  })
})

it('/console leads to the first page', async () => {
  const { status, headers } = await ask({ path: '/console', method: 'GET' })
  expect([status, headers.location]).toEqual([303, '/v2'])
})

describe('a link that the SDK prints', () => {
  const PLACE = '/v2/domain/development/project/flytesnacks'
  const links: readonly [string, string, string][] = [
    [
      'of a run leads to its page',
      `${PLACE}/runs/rabc`,
      '/v2/run?project=flytesnacks&domain=development&name=rabc',
    ],
    [
      'of an action leads to the page of its run',
      `${PLACE}/runs/rabc?i=a0`,
      '/v2/run?project=flytesnacks&domain=development&name=rabc',
    ],
    [
      'of a task leads to the runs of its project',
      `${PLACE}/tasks/hello.main`,
      '/v2?project=flytesnacks&domain=development',
    ],
    [
      'of a trigger leads there too',
      `${PLACE}/triggers/hello.main/nightly`,
      '/v2?project=flytesnacks&domain=development',
    ],
    [
      'cannot lead anywhere else, whatever its parts are',
      '/v2/domain/d%26name=x/project/%2F%2Fevil.example/runs/%22%0D%0A',
      '/v2/run?project=%2F%2Fevil.example&domain=d%26name%3Dx&name=%22%0D%0A',
    ],
  ]
  for (const [title, path, location] of links) {
    it(title, async () => {
      const { status, headers } = await ask({ path, method: 'GET' })
      expect([status, headers.location]).toEqual([303, location])
    })
  }

  const others = [
    `${PLACE}/runs`,
    `${PLACE}/runs/`,
    `${PLACE}/runs/a/b`,
    `${PLACE}/apps/x`,
    `${PLACE}/runs/%E0%A4`,
  ]
  for (const path of others) {
    it(`is not ${path}`, async () => {
      expect((await ask({ path, method: 'GET' })).status).toBe(404)
    })
  }
})

describe('a refusal', () => {
  const refusals: readonly [string, AlbRequest, number, string, string][] = [
    ['an address that is not there', { path: '/v2/other' }, 404, 'path_unknown', 'There is nothing here'],
    [
      'a form',
      { path: '/v2', body: 'a=b' },
      405,
      'method_not_allowed',
      'This page cannot be opened like that',
    ],
    [
      'the open way in',
      { path: '/v2', access: 'open' },
      403,
      'service_refused',
      'cannot be reached this way',
    ],
    [
      'the open way in for a file',
      { path: '/v2/console.js', access: 'open' },
      403,
      'service_refused',
      'cannot be reached this way',
    ],
    [
      'an identity that is no token',
      { path: '/v2', headers: { 'x-amzn-oidc-data': 'ada' } },
      401,
      'token_malformed',
      'You are signed in, but not let in',
    ],
    [
      'two identities',
      { path: '/v2', headers: { 'x-amzn-oidc-data': ['one', 'two'] } },
      401,
      'credentials_duplicated',
      'You are signed in, but not let in',
    ],
  ]
  for (const [name, request, status, reason, title] of refusals) {
    it(`of ${name} is a page that says what to do`, async () => {
      const answer = await ask(request)
      expect(answer.status).toBe(status)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.text).toContain(title)
      expect(answer.text).toContain('href="/v2">')
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(site.ended.at(-1)?.call.outcome).toBe(reason)
    })
  }

  const identities: readonly [string, () => string, string][] = [
    ['expired', () => site.region.data({ ...ADA, exp: NOW_SECONDS - 1 }), 'token_expired'],
    [
      'signed for another load balancer',
      () => site.region.data(ADA, { signer: 'arn:other' }),
      'alb_signer_mismatch',
    ],
    ['signed for another client', () => site.region.data(ADA, { client: 'other' }), 'alb_client_mismatch'],
    ['of another issuer', () => site.region.data(ADA, { iss: 'https://evil.example' }), 'issuer_untrusted'],
    ['unsigned', () => site.region.data(ADA, { alg: 'none' }), 'token_algorithm_refused'],
    ['tampered with', () => tampered(site.region.data(ADA)), 'token_signature_invalid'],
  ]
  for (const [name, data, reason] of identities) {
    it(`of an identity that is ${name} shows nobody's name`, async () => {
      const answer = await ask({ path: '/v2', headers: { 'x-amzn-oidc-data': data() } })
      expect(answer.status).toBe(401)
      expect(answer.text).not.toContain('Ada')
      expect(answer.headers['www-authenticate']).toContain('/.well-known/oauth-protected-resource')
      expect(site.ended.at(-1)?.call.outcome).toBe(reason)
    })
  }

  it('of nobody at all carries the challenge', async () => {
    const answer = await callThrough(handler, {
      path: '/v2',
      access: 'oidc',
      headers: { accept: 'text/html' },
    })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
    expect(answer.text).toContain('does not take its word for who you are')
  })

  it('meets everybody where forwarded identities are not trusted', async () => {
    handler = site.handlerWith({ runs: { trustForwardedIdentityHeaders: false } })
    const answer = await ask({ path: '/v2' })
    handler = site.handlerWith()
    expect(answer.status).toBe(401)
    expect(answer.text).not.toContain('Ada')
  })

  it('names the methods there are', async () => {
    const { status, headers } = await ask({ path: '/v2', method: 'DELETE' })
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it('is one sentence for programs', async () => {
    const { status, headers, text } = await ask({ path: '/nothing', headers: { accept: 'application/json' } })
    expect([status, headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8'])
    expect(text).toBe('There is nothing at this path.\n')
    expect(headers.vary).toBe('accept')
  })

  it('repeats nothing of what was asked', async () => {
    const { text } = await ask({ path: '/%3Cscript%3Ealert(1)', headers: { 'x-request-id': '"><script>' } })
    expect(text).not.toMatch(/alert|script%3E|<script/i)
  })

  it('has no body for HEAD', async () => {
    const { status, text } = await ask({ path: '/nothing', method: 'HEAD' })
    expect([status, text]).toEqual([404, ''])
  })

  it('is a page even when something breaks inside', async () => {
    const settings = functionSettings(ISSUER)
    const broken = createLambdaHandler({
      app: createConsoleApp({ settings, resolveCaller: () => Promise.reject(new Error('secret detail')) }),
      telemetry: { callEnded: () => {} },
      tracing: false,
    })
    const answer = await callThrough(broken, {
      path: '/v2',
      access: 'oidc',
      headers: { accept: 'text/html' },
    })
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('Something went wrong on our side')
    expect(answer.text).not.toContain('secret detail')
  })
})

/** The same header and signature over another payload. */
function tampered(data: string): string {
  const [header, payload = '', signature] = data.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'grace' })).toString('base64url')
  return [header, changed, signature].join('.')
}
