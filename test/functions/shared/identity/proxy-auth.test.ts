/** A deployment behind an identity-aware proxy: whose tokens it passes on, and which of two names the caller. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { createIdentity, type Identity } from '../../../../functions/shared/identity/identity.ts'
import type { SessionCallerReader } from '../../../../functions/shared/identity/session-caller.ts'
import type { Access } from '../../../../functions/shared/routes.ts'
import {
  type AlbRegion,
  functionSettings,
  NOW_MS,
  NOW_SECONDS,
  PUBLIC_URL,
  requestWith,
  startAlbRegion,
} from '../../../support/identity-fixture.ts'
import { newIssuerKey, startTestIssuer, type TestIssuer } from '../../../support/test-issuer.ts'

const PROXY_AUDIENCE = 'the-proxy'
const ASSERTION = 'x-goog-iap-jwt-assertion'

let provider: TestIssuer
let proxy: TestIssuer
let region: AlbRegion
let identity: Identity
let asserting: Identity
let withSession: Identity
let graces: string
let adas: string

beforeAll(async () => {
  ;[provider, proxy] = await Promise.all([startTestIssuer(), startTestIssuer()])
  region = await startAlbRegion(provider.issuer)
  identity = identityWith('proxy-authorization')
  asserting = identityWith(ASSERTION)
  withSession = identityWith('proxy-authorization', async ({ headers }) =>
    headers.cookie === undefined ? undefined : { ...SESSION_CALLER, issuer: provider.issuer },
  )
  adas = await provider.sign({
    iss: provider.issuer,
    sub: 'ada',
    aud: PUBLIC_URL,
    exp: NOW_SECONDS + 600,
  })
  graces = await idTokenOf('grace')
})
afterAll(() => Promise.all([provider.close(), proxy.close(), region.close()]))

const SESSION_CALLER: Omit<Caller, 'issuer'> = {
  kind: 'user',
  subject: 'in-session',
  clientId: undefined,
  scopes: [],
  profile: {},
  source: 'session',
  expiresAtEpochSeconds: undefined,
}

function identityWith(header: string, sessionCaller: SessionCallerReader | null = null): Identity {
  const rules = {
    issuer: proxy.issuer,
    jwksUri: null,
    algorithms: ['RS256' as const],
    audiences: [PROXY_AUDIENCE],
    audienceClaim: 'aud' as const,
  }
  return createIdentity({
    settings: functionSettings(provider.issuer, { proxyAuth: { header, issuers: [rules] } }),
    now: () => NOW_MS,
    claimsStore: null,
    fetch: region.fetch,
    sessionCaller,
  })
}

/** What such a proxy is shown: an ID token with everything that makes it one. */
function idTokenOf(sub: string, changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) {
  return proxy.sign(
    {
      iss: proxy.issuer,
      sub,
      aud: PROXY_AUDIENCE,
      exp: NOW_SECONDS + 600,
      nonce: 'n',
      at_hash: 'h',
      email: `${sub}@example.com`,
      ...changes,
    },
    { header: { typ: 'JWT', ...header } },
  )
}

type Headers = Record<string, string | string[]>
type Outcome = Partial<Caller> | Reason | 'nobody'

async function resolve(headers: Headers, by = identity, access: Access = 'open'): Promise<Outcome> {
  try {
    const resolved = await by.resolveCaller(requestWith(headers, access), newCall())
    return resolved ? { subject: resolved.caller.subject, source: resolved.caller.source } : 'nobody'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

const toProxy = (token: string): Headers => ({ 'proxy-authorization': `Bearer ${token}` })

describe('a caller behind an identity-aware proxy', () => {
  it('is named by the token for the proxy where nothing else names one', async () => {
    expect(await resolve(toProxy(graces))).toEqual({ subject: 'grace', source: 'proxy-bearer' })
  })

  it('is described by it, and userinfo is not asked with it', async () => {
    const resolved = await identity.resolveCaller(requestWith(toProxy(graces)), newCall())
    expect(resolved?.caller).toMatchObject({ issuer: proxy.issuer, profile: { email: 'grace@example.com' } })
    expect(resolved?.bearer).toBeUndefined()
  })

  it('is named by authorization where both were sent', async () => {
    const both = { ...toProxy(graces), authorization: `Bearer ${adas}` }
    expect(await resolve(both)).toEqual({ subject: 'ada', source: 'bearer' })
  })

  it('is named by the session of a browser where both were sent', async () => {
    const both = { ...toProxy(graces), cookie: 'session' }
    expect(await resolve(both, withSession)).toEqual({ subject: 'in-session', source: 'session' })
  })

  it('is named by an access token for the proxy as well', async () => {
    const token = await proxy.sign({
      iss: proxy.issuer,
      sub: 'grace',
      aud: PROXY_AUDIENCE,
      exp: NOW_SECONDS + 9,
    })
    expect(await resolve(toProxy(token))).toMatchObject({ subject: 'grace' })
  })

  it('is nobody with a password for another proxy', async () => {
    expect(await resolve({ 'proxy-authorization': 'Basic YTpi' })).toBe('nobody')
  })

  it('is whoever the load balancer signed in, where it did', async () => {
    const headers = { ...toProxy(graces), 'x-amzn-oidc-data': region.data() }
    expect(await resolve(headers, identity, 'oidc')).toEqual({ subject: 'ada', source: 'alb-claims' })
  })

  it('is nobody by it inside the network of the tasks', async () => {
    expect(await resolve(toProxy(graces), identity, 'internal')).toBe('nobody')
  })
})

describe('a token for the proxy', () => {
  const refusals: [name: string, token: () => Promise<string> | string, reason: Reason][] = [
    ['that has expired', () => idTokenOf('grace', { exp: NOW_SECONDS - 1 }), 'token_expired'],
    ['for somebody else', () => idTokenOf('grace', { aud: 'another' }), 'audience_mismatch'],
    ['for this deployment instead', () => idTokenOf('grace', { aud: PUBLIC_URL }), 'audience_mismatch'],
    ['of the issuer of bearer tokens', () => adas, 'issuer_untrusted'],
    [
      'that another key signed',
      async () => {
        const key = { ...(await newIssuerKey('RS256')), kid: proxy.key.kid }
        return proxy.sign(
          { iss: proxy.issuer, sub: 'grace', aud: PROXY_AUDIENCE, exp: NOW_SECONDS + 9 },
          { key },
        )
      },
      'token_signature_invalid',
    ],
    ['that is a refresh token', () => idTokenOf('grace', { typ: 'Refresh' }), 'token_kind_refused'],
    ['of another use', () => idTokenOf('grace', { token_use: 'refresh' }), 'token_kind_refused'],
    ['that is a logout token', () => idTokenOf('grace', { events: {} }), 'token_kind_refused'],
    ['of another type', () => idTokenOf('grace', {}, { typ: 'logout+jwt' }), 'token_kind_refused'],
    ['that is bound to a key', () => idTokenOf('grace', { cnf: { jkt: 'x' } }), 'token_kind_refused'],
    ['without a subject', () => idTokenOf('grace', { sub: undefined }), 'token_claims_invalid'],
    ['that is none', () => 'abc', 'token_malformed'],
  ]
  for (const [name, token, reason] of refusals) {
    it(`is refused when it is one ${name} (${reason})`, async () => {
      expect(await resolve(toProxy(await token()))).toBe(reason)
    })

    it(`is refused when it is one ${name}, also beside a good bearer token`, async () => {
      const both = { ...toProxy(await token()), authorization: `Bearer ${adas}` }
      expect(await resolve(both)).toBe(reason)
    })
  }

  it('is refused when there are two', async () => {
    const two = { 'proxy-authorization': [`Bearer ${graces}`, `Bearer ${graces}`] }
    expect(await resolve(two)).toBe('credentials_duplicated')
  })

  it('is refused without a token in it', async () => {
    expect(await resolve({ 'proxy-authorization': 'Bearer' })).toBe('credentials_malformed')
  })

  it('does not make a bad bearer token good', async () => {
    expect(await resolve({ ...toProxy(graces), authorization: 'Bearer x.y.z' })).toBe('token_malformed')
  })

  it('is no bearer token: in authorization it is refused', async () => {
    expect(await resolve({ authorization: `Bearer ${graces}` })).toBe('token_kind_refused')
  })

  it('does not make its issuer one of bearer tokens', async () => {
    const access = { iss: proxy.issuer, sub: 'grace', aud: PROXY_AUDIENCE, exp: NOW_SECONDS + 9 }
    expect(await resolve({ authorization: `Bearer ${await proxy.sign(access)}` })).toBe('issuer_untrusted')
  })
})

describe('a header of another name', () => {
  it('may have the token by itself', async () => {
    expect(await resolve({ [ASSERTION]: graces }, asserting)).toMatchObject({ subject: 'grace' })
  })

  it('may have it as a bearer token', async () => {
    expect(await resolve({ [ASSERTION]: `Bearer ${graces}` }, asserting)).toMatchObject({ subject: 'grace' })
  })

  it('describes the caller by itself: userinfo is not asked with it', async () => {
    const claims = { iss: proxy.issuer, sub: 'grace', aud: PROXY_AUDIENCE, exp: NOW_SECONDS + 9 }
    const request = requestWith({ [ASSERTION]: await proxy.sign(claims) })
    expect((await asserting.resolveCaller(request, newCall()))?.bearer).toBeUndefined()
  })

  const refusals: [string, () => string | string[], Reason][] = [
    ['a password', () => 'Basic YTpi', 'credentials_malformed'],
    ['nothing in it', () => '', 'credentials_malformed'],
    ['two tokens', () => [graces, graces], 'credentials_duplicated'],
    ['something with dots', () => 'a.b.c', 'token_malformed'],
  ]
  for (const [name, value, reason] of refusals) {
    it(`is refused with ${name} (${reason})`, async () => {
      expect(await resolve({ [ASSERTION]: value() }, asserting)).toBe(reason)
    })
  }

  it('takes the place of proxy-authorization, which is not read then', async () => {
    expect(await resolve(toProxy('abc'), asserting)).toBe('nobody')
  })

  it('is not read where it is not the one', async () => {
    expect(await resolve({ [ASSERTION]: 'abc' })).toBe('nobody')
  })
})

describe('a change that a page of another site asks for', () => {
  const gate = (headers: Headers) =>
    identity
      .gate({ values: { set: () => undefined } } as never, requestWith(headers), newCall())
      .then(() => 'passed')
      .catch((error: ServiceError) => error.reason)

  it('is refused to a browser that came through the proxy with its session', async () => {
    expect(await gate({ ...toProxy(graces), 'sec-fetch-site': 'cross-site' })).toBe('cross_site_request')
    expect(await gate({ ...toProxy(graces), origin: 'https://evil.example.com' })).toBe('cross_site_request')
  })

  it('is none when a program asks, or a page of ours', async () => {
    expect(await gate(toProxy(graces))).toBe('passed')
    expect(await gate({ ...toProxy(graces), 'sec-fetch-site': 'same-origin', origin: PUBLIC_URL })).toBe(
      'passed',
    )
  })
})
