import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLambdaHandler } from '../../../functions/shared/lambda.ts'
import { type ListeningHandler, serveThrough } from '../../support/alb-event.ts'
import { TestBrowser } from '../../support/cookie-fixture.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { SITE, startLogin, type TestLogin, Visitor } from './fixture.ts'

const SECRET = 'a secret: with+signs/and=more'
let clockSkewMs = 0
let idTokenSeconds = 60
let database: TestDatabase
let server: Server
let behind: ListeningHandler
let login: TestLogin
let issuer: string

beforeAll(async () => {
  database = await startTestDatabase()
  let provider: Provider | undefined
  server = createServer((request, response) => provider?.callback()(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const now = () => Date.now() + clockSkewMs
  login = startLogin({ provider: { issuer }, database, now }, { clientSecret: SECRET })
  behind = await serveThrough(
    createLambdaHandler({ app: login.app, telemetry: { callEnded: () => undefined }, tracing: false }),
  )
  provider = await newProvider(behind.url)
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await behind.close()
  await database.close()
})

async function newProvider(backchannel: string): Promise<Provider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'flyte',
        client_secret: SECRET,
        redirect_uris: [`${SITE}/callback`],
        post_logout_redirect_uris: [`${SITE}/logout`],
        backchannel_logout_uri: `${backchannel}/backchannel-logout`,
        backchannel_logout_session_required: true,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' }] },
    cookies: { keys: ['of-the-test'] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Ada Lovelace', email: 'ada@example.com' }),
    }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: { IdToken: () => idTokenSeconds },
    // It calls nobody on its own machine, which is where this deployment is.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form
        },
      },
    },
  })
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, { login: { accountId: 'ada' } }))
  })
  return provider
}

/** A person's browser at the provider: follows redirects there, and submits the form that asks about signing out. */
class AtProvider {
  readonly #cookies = new TestBrowser()

  async follow(start: string): Promise<URL> {
    let url = start
    for (let step = 0; step < 10; step += 1) {
      if (url.startsWith(SITE)) return new URL(url)
      const response = await this.#ask(url)
      const location = response.headers.get('location')
      if (location === null) return new URL(await this.#submit(await response.text()))
      url = new URL(location, url).href
    }
    throw new Error('the provider redirects in a circle')
  }

  async #submit(page: string): Promise<string> {
    const secret = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? ''
    const body = new URLSearchParams({ xsrf: secret, logout: 'yes' })
    const response = await this.#ask(action, { method: 'POST', body })
    return new URL(response.headers.get('location') ?? '', issuer).href
  }

  async #ask(url: string, init: RequestInit = {}): Promise<Response> {
    const [cookie = ''] = this.#cookies.header()
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    this.#cookies.take(response.headers.getSetCookie().map((line) => line.replace('; path', '; Path')))
    return response
  }
}

async function signedIn() {
  const visitor = new Visitor()
  const atProvider = new AtProvider()
  const started = await visitor.visit(login, '/login?redirect_url=/v2')
  const finished = await visitor.comeBack(login, await atProvider.follow(started.location))
  return { visitor, atProvider, finished }
}

describe('with an OpenID provider that somebody else wrote', () => {
  it('a person signs in and is known by name', async () => {
    const { visitor, finished } = await signedIn()
    expect(finished).toMatchObject({ outcome: 'ok', status: 303, location: `${SITE}/v2` })
    expect(JSON.parse((await visitor.visit(login, '/me')).text)).toMatchObject({
      subject: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    })
  })

  it('a session goes on over refreshes that rotate, with many tabs at once', async () => {
    const { visitor } = await signedIn()
    idTokenSeconds = 600
    clockSkewMs = 120_000
    const tabs = await Promise.all(
      Array.from({ length: 6 }, () => new Visitor(visitor.browser.copy()).visit(login, '/me')),
    )
    expect(tabs.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200))
    visitor.browser.take(tabs[3]?.setCookies ?? [])
    idTokenSeconds = 3600
    clockSkewMs = 900_000
    expect((await visitor.visit(login, '/me')).status).toBe(200)
    clockSkewMs = 0
  })

  it('a person signs out here and there, and comes back to a page that says so', async () => {
    const { visitor, atProvider } = await signedIn()
    const out = await visitor.visit(login, '/logout', { headers: { 'sec-fetch-site': 'same-origin' } })
    const back = await atProvider.follow(out.location)
    expect(`${back.origin}${back.pathname}`).toBe(`${SITE}/logout`)
    const page = await visitor.visit(login, `${back.pathname}${back.search}`, {
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(page.text).toContain('You are signed out')
    expect(visitor.browser.names()).toEqual([])
  })

  it('signing out in one browser ends the session in a copy of it, because the provider says so', async () => {
    const { visitor, atProvider } = await signedIn()
    const copy = new Visitor(visitor.browser.copy())
    await atProvider.follow(`${issuer}/session/end?client_id=flyte&post_logout_redirect_uri=${SITE}/logout`)
    clockSkewMs = 20_000
    expect((await copy.visit(login, '/me')).outcome).toBe('session_ended')
    clockSkewMs = 0
  })
})
