import { describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { createOriginMatcher } from '../../../../functions/shared/http/authorized-origins.ts'
import { fetchDocument } from '../../../../functions/shared/http/fetch-document.ts'
import type { HttpRequest } from '../../../../functions/shared/http/message.ts'
import { createCallerResolver } from '../../../../functions/shared/identity/resolve-caller.ts'
import { createSessionCaller } from '../../../../functions/shared/identity/session-caller.ts'
import { answerEvent } from '../../../../functions/shared/lambda.ts'
import { createAccessTokenVerifier } from '../../../../functions/shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../../../../functions/shared/tokens/issuer-metadata.ts'
import { albEvent } from '../../../support/alb-event.ts'
import type { TestBrowser } from '../../../support/cookie-fixture.ts'
import { PUBLIC_URL, requestWith } from '../../../support/identity-fixture.ts'
import { CLIENT_ID } from '../../../support/openid-provider.ts'
import { browserWith, newInstance } from '../../../support/session-fixture.ts'
import { startSessionsWorld } from '../../../support/sessions-world.ts'

const { provider, database, now, later } = await startSessionsWorld()

function resolver() {
  const { readSession } = newInstance({ provider, database, now })
  const isOwnOrigin = createOriginMatcher([PUBLIC_URL, 'https://*.flyte.example.org'])
  return createCallerResolver({
    albIdentity: null,
    sessionCaller: createSessionCaller({ readSession, isOwnOrigin, clientId: CLIENT_ID }),
    verifyAccessToken: createAccessTokenVerifier({
      trustedIssuers: [
        {
          issuer: provider.issuer,
          jwksUri: null,
          algorithms: ['RS256'],
          audiences: ['x'],
          audienceClaim: 'aud',
        },
      ],
      fetch: fetchDocument,
      metadata: createIssuerMetadata({ fetch: fetchDocument, now }),
      now,
    }),
  })
}

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }
const request = (
  browser: TestBrowser,
  headers: Readonly<Record<string, string | readonly string[]>> = OWN_PAGE,
  change: Partial<HttpRequest> = {},
) => ({ ...requestWith({ cookie: browser.header(), ...headers }), ...change })

async function signedIn(userinfo: Record<string, unknown> = { sub: 'ada' }): Promise<TestBrowser> {
  return browserWith({ ...(await provider.session('ada', { name: 'Ada L.' })), userinfo }, { now })
}

describe('a caller with a session', () => {
  it('is a person with a name, from the ID token first', async () => {
    const browser = await signedIn({ sub: 'ada', name: 'somebody', email: 'ada@example.com' })
    const call = newCall()
    const resolved = await resolver()(request(browser), call)
    expect(resolved?.bearer).toBeUndefined()
    expect(resolved?.caller).toEqual({
      kind: 'user',
      issuer: provider.issuer,
      subject: 'ada',
      clientId: CLIENT_ID,
      scopes: [],
      profile: { name: 'Ada L.', email: 'ada@example.com' },
      source: 'session',
      expiresAtEpochSeconds: Math.floor(now() / 1000) + 300,
    })
    expect(call.notes).toMatchObject({ caller: 'session', callerKind: 'user' })
  })

  it('is nobody with what userinfo said of somebody else', async () => {
    const browser = await signedIn({ sub: 'eve', email: 'eve@example.com' })
    await expect(resolver()(request(browser), newCall())).rejects.toMatchObject({
      reason: 'session_unreadable',
    })
  })

  it('is whoever the bearer token names, if there is one as well', async () => {
    const headers = { ...OWN_PAGE, authorization: 'Bearer bad' }
    await expect(resolver()(request(await signedIn(), headers), newCall())).rejects.toMatchObject({
      reason: 'token_malformed',
    })
  })

  it('is nobody on the way that is for tasks', async () => {
    expect(
      await resolver()(request(await signedIn(), OWN_PAGE, { access: 'internal' }), newCall()),
    ).toBeUndefined()
  })

  it('gets the cookies of a refresh with whatever is answered', async () => {
    const browser = await signedIn()
    later(400)
    const resolve = resolver()
    const app = async (received: HttpRequest, call: ReturnType<typeof newCall>) => {
      await resolve(received, call)
      return { status: 404, headers: {}, body: '' }
    }
    const event = albEvent({ path: '/x', headers: { cookie: browser.header() } })
    const result = await answerEvent({ app, telemetry: { callEnded: () => undefined } }, event)
    const cookies = (result.multiValueHeaders?.['set-cookie'] ?? []) as string[]
    expect(cookies.map((line) => line.split('=')[0])).toContain('flyte_idt')
    expect(result.multiValueHeaders?.['cache-control']).toEqual(['no-store'])
  })
})

describe('a request that changes something with a session', () => {
  const accepted: [string, Record<string, string>][] = [
    ['our own page, as the browser says', { 'sec-fetch-site': 'same-origin' }],
    ['our own page without a referrer', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
    ['our own origin, from a browser that says no more', { origin: PUBLIC_URL }],
    ['another authorizedUri', { 'sec-fetch-site': 'cross-site', origin: 'https://a.flyte.example.org' }],
  ]
  for (const [what, headers] of accepted) {
    it(`is accepted from ${what}`, async () => {
      expect((await resolver()(request(await signedIn(), headers), newCall()))?.caller.subject).toBe('ada')
    })
  }

  const refused: [string, Record<string, string | readonly string[]>][] = [
    ['a browser that says nothing', {}],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another origin of this site', { 'sec-fetch-site': 'same-site' }],
    ['no page', { 'sec-fetch-site': 'none' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another site and no origin', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['our host without TLS', { origin: 'http://flyte.example.com' }],
    ['our host on another port', { origin: 'https://flyte.example.com:8443' }],
    ['a host that ends like ours', { origin: 'https://evilflyte.example.com' }],
    ['two levels below a wildcard', { origin: 'https://a.b.flyte.example.org' }],
    ['what a wildcard is below', { origin: 'https://flyte.example.org' }],
    ['something that is no origin', { origin: 'flyte' }],
    ['two sites at once', { 'sec-fetch-site': ['same-origin', 'cross-site'] }],
    ['two origins at once', { origin: [PUBLIC_URL, 'https://evil.example'] }],
  ]
  for (const [what, headers] of refused) {
    it(`is refused from ${what}`, async () => {
      await expect(resolver()(request(await signedIn(), headers), newCall())).rejects.toMatchObject({
        reason: 'cross_site_request',
        status: 403,
      })
    })
  }

  it('may come from anywhere if it only reads', async () => {
    const reading = request(await signedIn(), { 'sec-fetch-site': 'cross-site' }, { method: 'GET' })
    expect((await resolver()(reading, newCall()))?.caller.subject).toBe('ada')
  })
})
