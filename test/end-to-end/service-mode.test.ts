/** Browsers that the deployment signs in itself, from the sign-in to the sign-out, through the template's own rules. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Code } from '@connectrpc/connect'
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startIdentityProvider } from '../../local/identity-provider/index.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { type Browser, createBrowser, type Page } from '../support/web-browser.ts'
import { bearer, client, describeMaker, type Headers, PROJECT, sampleRun } from './support/clients.ts'
import { freePort } from './support/ports.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ port: 0, browserAuth: 'service' })
})
afterAll(() => stack?.close())

/** Opens an address that leads to the provider, and signs in there. */
async function signIn(
  person: string,
  { at = stack, path = '/login' }: { at?: Stack; path?: string } = {},
): Promise<{ browser: Browser; page: Page }> {
  const browser = createBrowser()
  const question = await browser.open(`${at.url}${path}`)
  expect(question.url.origin).toBe(at.issuer)
  const page = await browser.open(question.url.href, new URLSearchParams({ person }))
  return { browser, page }
}

/** What the pages of a browser send with a call to the API. */
const fromPage = (browser: Browser): Headers => ({ cookie: browser.cookies(stack.url), origin: stack.url })

/** What a browser does with an address that somebody typed in. Node's `fetch` always says that it is a script's. */
async function navigate(url: string): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { headers: { accept: 'text/html' } }), 'response')) as [
    IncomingMessage,
  ]
  response.resume()
  return response
}

const me = (cookie: string) => fetch(`${stack.url}/me`, { headers: { cookie } })

/** Answers the provider's question whether to sign out. */
async function confirmSignOut(browser: Browser, page: Page): Promise<Page> {
  const [, action = ''] = /action="([^"]+)"/.exec(page.text) ?? []
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? []
  return browser.open(action, new URLSearchParams({ xsrf, logout: 'yes' }))
}

describe('signing in', () => {
  it('leads through the provider to the page that was asked for', async () => {
    const asked = await navigate(`${stack.url}/v2/whoami`)
    expect(asked.statusCode).toBe(303)
    const { page } = await signIn('ada', { path: asked.headers.location ?? '' })
    expect(page).toMatchObject({ status: 200, url: new URL(`${stack.url}/v2/whoami`) })
    expect(page.text).toContain('Ada Lovelace')
  })

  it('leads to the console where nothing was asked for', async () => {
    const { page } = await signIn('grace')
    expect(page).toMatchObject({ status: 200, url: new URL(`${stack.url}/v2`) })
  })

  for (const target of ['/v2?domain=staging', '/v2/whoami#top'])
    it(`leads to a redirect_url of ours: ${target}`, async () => {
      const { page } = await signIn('ada', { path: `/login?redirect_url=${encodeURIComponent(target)}` })
      expect(page).toMatchObject({ status: 200, url: new URL(target, stack.url) })
    })

  it('leads to an address of ours in full', async () => {
    const target = encodeURIComponent(`${stack.url}/v2/connect`)
    const { page } = await signIn('ada', { path: `/login?redirect_url=${target}` })
    expect(page).toMatchObject({ status: 200, url: new URL(`${stack.url}/v2/connect`) })
  })

  it('does not ask again while there is a session', async () => {
    const { browser } = await signIn('ada')
    const page = await browser.open(`${stack.url}/login?redirect_url=/v2/connect`)
    expect(page).toMatchObject({ status: 200, url: new URL(`${stack.url}/v2/connect`) })
  })

  const elsewhere = [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'http:/evil.example',
    'javascript:1',
  ]
  for (const target of elsewhere)
    it(`refuses a redirect_url that leads elsewhere: ${target}`, async () => {
      const url = `${stack.url}/login?redirect_url=${encodeURIComponent(target)}`
      const response = await fetch(url, { redirect: 'manual' })
      expect(response.status).toBe(400)
      expect(response.headers.get('location')).toBeNull()
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.text()).not.toContain('evil.example')
    })

  it('refuses a look-alike of our host', async () => {
    const { host } = new URL(stack.url)
    for (const target of [`http://${host}.evil.example/`, `http://${host}@evil.example/`]) {
      const url = `${stack.url}/login?redirect_url=${encodeURIComponent(target)}`
      expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
    }
  })

  it('ends in a page when the person cancels', async () => {
    const browser = createBrowser()
    const question = await browser.open(`${stack.url}/login`)
    const page = await browser.open(question.url.href, new URLSearchParams({ cancel: 'yes' }))
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.url.origin).toBe(stack.url)
    expect((await me(browser.cookies(stack.url))).status).toBe(401)
  })

  it('takes no answer of the provider that this browser did not ask for', async () => {
    const stranger = createBrowser()
    const page = await stranger.open(`${stack.url}/callback?code=a&state=b&iss=${stack.issuer}`)
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect((await me(stranger.cookies(stack.url))).status).toBe(401)
  })
})

describe('who is signed in', () => {
  it('is said by /me, as JSON and as headers', async () => {
    const { browser } = await signIn('ada')
    const response = await me(browser.cookies(stack.url))
    expect(response.status).toBe(200)
    expect(response.headers.get('x-user-subject')).toBe('ada')
    expect(response.headers.get('x-user-claim-email')).toBe('"ada@example.com"')
    expect(await response.json()).toMatchObject({ subject: 'ada', name: 'Ada Lovelace' })
  })

  it('is nobody without a session, or with one that was tampered with', async () => {
    expect((await me('')).status).toBe(401)
    const { browser } = await signIn('ada')
    const cookies = browser.cookies(stack.url)
    const tampered = cookies.replace(/(flyte_idt(?:_1)?=.{40})./, (_, before: string) => `${before}!`)
    expect(tampered).not.toBe(cookies)
    expect((await me(tampered)).status).toBe(401)
  })
})

describe('the API', () => {
  it('records a run as made by whoever is signed in', async () => {
    const { browser } = await signIn('grace')
    const runs = client(stack, RunService, fromPage(browser))
    const { run } = await runs.createRun(sampleRun())
    expect(describeMaker(run?.action?.metadata?.executedBy)).toEqual({
      kind: 'user',
      subject: 'grace',
      firstName: 'Grace',
      lastName: 'Hopper',
      email: 'grace@example.com',
    })
    const page = await runs.listRuns({ scopeBy: { case: 'projectId', value: PROJECT } })
    expect(page.runs.map((one) => one.action?.id?.run?.name)).toContain(run?.action?.id?.run?.name)
  })

  it('is not reached by pages of other sites', async () => {
    const { browser } = await signIn('ada')
    const cookie = browser.cookies(stack.url)
    for (const headers of [{ cookie }, { cookie, origin: 'https://evil.example' }] as Headers[]) {
      await expect(client(stack, RunService, headers).createRun(sampleRun())).rejects.toMatchObject({
        code: Code.PermissionDenied,
      })
    }
  })

  it('still takes bearer tokens, before any session', async () => {
    const { browser } = await signIn('ada')
    const headers = { ...fromPage(browser), ...(await bearer(stack, { person: 'grace' })) }
    expect(await client(stack, IdentityService, headers).userInfo({})).toMatchObject({ subject: 'grace' })
  })

  it('believes no header that a load balancer would have set', async () => {
    const headers = { 'x-amzn-oidc-identity': 'ada', 'x-amzn-oidc-data': 'a.b.c' }
    await expect(client(stack, IdentityService, headers).userInfo({})).rejects.toMatchObject({
      code: Code.Unauthenticated,
    })
  })

  it('asks whoever has neither to sign in, and pages lead there', async () => {
    const response = await fetch(`${stack.url}/flyteidl2.workflow.RunService/ListRuns`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
    expect((await navigate(`${stack.url}/v2`)).headers.location).toMatch(/^\/login\?redirect_url=/)
  })

  it('has no callback of the load balancer', async () => {
    expect((await fetch(`${stack.url}/oauth2/idpresponse`)).status).toBe(404)
  })
})

describe('signing out', () => {
  /** Signs out here and at the provider. */
  async function signOut(browser: Browser): Promise<Page> {
    const page = await browser.open(`${stack.url}/logout`, new URLSearchParams())
    const [, next = ''] = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(page.text) ?? []
    const question = await browser.open(next.replaceAll('&amp;', '&'))
    expect(question.url.origin).toBe(stack.issuer)
    return confirmSignOut(browser, question)
  }

  it('ends the session here and at the provider, and says so', async () => {
    const { browser } = await signIn('ada')
    const before = browser.cookies(stack.url)
    const page = await signOut(browser)
    expect(page.status).toBe(200)
    expect(page.url.href).toMatch(`${stack.url}/logout?state=`)
    expect(page.text).toContain('You are signed out')
    expect(browser.cookies(stack.url)).not.toMatch(/flyte_(at|rt|idt|user_info)/)
    expect((await browser.open(`${stack.url}/login`)).url.origin).toBe(stack.issuer)
    // A copy of the cookies is worth nothing any more.
    expect((await me(before)).status).toBe(401)
  })

  it('asks first when another page led there', async () => {
    const { browser } = await signIn('ada')
    const page = await browser.open(`${stack.url}/logout`)
    expect(page.status).toBe(403)
    expect((await me(browser.cookies(stack.url))).status).toBe(200)
  })

  it('is refused to the form of another site', async () => {
    const { browser } = await signIn('ada')
    const headers = { cookie: browser.cookies(stack.url), origin: 'https://evil.example' }
    const response = await fetch(`${stack.url}/logout`, { method: 'POST', headers, redirect: 'manual' })
    expect(response.status).toBe(403)
    expect((await me(headers.cookie)).status).toBe(200)
  })

  it('at the provider ends the session here, which the provider tells', async () => {
    const { browser } = await signIn('grace')
    const other = await signIn('grace')
    const question = await browser.open(`${stack.issuer}/session/end`)
    await confirmSignOut(browser, question)
    expect((await me(browser.cookies(stack.url))).status).toBe(401)
    // Another browser of the same person has a session of its own.
    expect((await me(other.browser.cookies(stack.url))).status).toBe(200)
  })

  it('is not believed of somebody who only says to be the provider', async () => {
    const { browser } = await signIn('ada')
    const body = new URLSearchParams({ logout_token: 'e30.e30.' })
    const response = await fetch(`${stack.url}/backchannel-logout`, { method: 'POST', body })
    expect(response.status).toBe(400)
    expect((await me(browser.cookies(stack.url))).status).toBe(200)
  })
})

it('another identity provider signs people in', async () => {
  const port = await freePort()
  const registered = { clientId: 'somebody', clientSecret: 'b'.repeat(32) }
  const other = await startIdentityProvider({
    port: 0,
    publicUrl: 'urn:elsewhere',
    webClient: { ...registered, redirectUris: [`http://localhost:${port}/callback`] },
    keysFile: null,
  })
  try {
    const provider = { url: other.issuer, ...registered, audience: 'urn:elsewhere' }
    const own = await startStack({ port, browserAuth: 'service', provider })
    try {
      expect(own).toMatchObject({ provider: undefined, callbackUrl: `http://localhost:${port}/callback` })
      const { page } = await signIn('ada', { at: own, path: '/login?redirect_url=/v2/whoami' })
      expect(page).toMatchObject({ status: 200, url: new URL(`${own.url}/v2/whoami`) })
    } finally {
      await own.close()
    }
  } finally {
    await other.close()
  }
})

it('a session outlasts a restart where data is kept', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'service-mode-'))
  const options = { port: await freePort(), dataDirectory, browserAuth: 'service' } as const
  try {
    const first = await startStack(options)
    const { browser } = await signIn('ada', { at: first }).finally(() => first.close())
    const second = await startStack(options)
    try {
      const cookie = browser.cookies(second.url)
      expect((await fetch(`${second.url}/me`, { headers: { cookie } })).status).toBe(200)
    } finally {
      await second.close()
    }
  } finally {
    await rm(dataDirectory, { recursive: true })
  }
})
