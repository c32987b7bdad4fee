import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Call, newCall } from '../../../../functions/shared/call.ts'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { MAX_REMEMBERED } from '../../../../functions/shared/identity/enrich.ts'
import { createIdentity, type Identity } from '../../../../functions/shared/identity/identity.ts'
import type { ClaimsStore, StoredClaims } from '../../../../functions/shared/stores/claims-store.ts'
import {
  type AlbRegion,
  functionSettings,
  NOW_MS,
  NOW_SECONDS,
  PUBLIC_URL,
  requestWith,
  type SettingsChanges,
  startAlbRegion,
} from '../../../support/identity-fixture.ts'
import {
  type Answer,
  broken,
  html,
  json,
  silent,
  startTestIssuer,
  type TestIssuer,
} from '../../../support/test-issuer.ts'

const MINUTE_MS = 60_000
const ADA = {
  sub: 'ada',
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  email: 'ada@example.com',
}
const ADAS_PROFILE = {
  name: 'Ada Lovelace',
  givenName: 'Ada',
  familyName: 'Lovelace',
  email: 'ada@example.com',
}

let provider: TestIssuer
let region: AlbRegion
let nowMs: number

beforeEach(async () => {
  provider = await startTestIssuer()
  provider.answers.userinfo = json(ADA)
  region = await startAlbRegion(provider.issuer)
  nowMs = NOW_MS
})
afterEach(() => Promise.all([provider.close(), region.close()]))

/** A store of this process, for the enricher's side of the contract; DynamoDB's own is tested beside it. */
class MemoryStore implements ClaimsStore {
  readonly kept = new Map<string, StoredClaims>()
  async get(token: string) {
    return this.kept.get(token)
  }
  async put(token: string, claims: StoredClaims) {
    this.kept.set(token, claims)
  }
}

interface Options {
  store?: ClaimsStore | null
  userinfoSubject?: 'match' | 'adopt'
  budgetMs?: number
  readonly proxyAuth?: SettingsChanges['proxyAuth']
}

/** One instance of a function. */
function instance(options: Options = {}): Identity {
  const { store = null, userinfoSubject = 'match', budgetMs, proxyAuth } = options
  return createIdentity({
    settings: functionSettings(provider.issuer, {
      runs: { userinfoSubject },
      ...(proxyAuth ? { proxyAuth } : {}),
    }),
    now: () => nowMs,
    claimsStore: store,
    fetch: region.fetch,
    ...(budgetMs === undefined ? {} : { enrichBudgetMs: budgetMs }),
  })
}

/** A token that carries only a subject; undefined leaves a claim out. */
function token(claims: Record<string, unknown> = {}): Promise<string> {
  const all = {
    iss: provider.issuer,
    sub: 'ada',
    client_id: 'flytectl',
    aud: PUBLIC_URL,
    exp: NOW_SECONDS + 3600,
    ...claims,
  }
  return provider.sign(JSON.parse(JSON.stringify(all)))
}

async function enriched(by: Identity, text: string, call: Call = newCall()): Promise<Caller> {
  const resolved = await by.resolveCaller(requestWith({ authorization: `Bearer ${text}` }), call)
  if (resolved === undefined) throw new Error('the token names nobody')
  return by.enrich(resolved, call)
}

describe('a caller whose token carries only a subject', () => {
  it('gets a name and an address from userinfo, asked with the caller’s own token', async () => {
    const text = await token()
    expect(await enriched(instance(), text)).toMatchObject({
      kind: 'user',
      subject: 'ada',
      profile: ADAS_PROFILE,
      source: 'bearer',
    })
    expect(provider.userinfoCredentials).toEqual([`Bearer ${text}`])
  })

  it('keeps what the token says, and gets only what it lacks', async () => {
    const text = await token({ email: 'ada@token.example', preferred_username: 'countess' })
    expect((await enriched(instance(), text)).profile).toEqual({
      ...ADAS_PROFILE,
      email: 'ada@token.example',
      preferredUsername: 'countess',
    })
  })

  for (const missing of ['email', 'given_name', 'family_name'] as const) {
    it(`is asked about if only ${missing} is missing`, async () => {
      const { sub, [missing]: _, ...rest } = ADA
      await enriched(instance(), await token(rest))
      expect(provider.asked.userinfo).toBe(1)
    })
  }

  it('is not asked about if address, given name and family name are there', async () => {
    const { email, given_name, family_name } = ADA
    await enriched(instance(), await token({ email, given_name, family_name }))
    expect(provider.asked.userinfo).toBe(0)
  })

  it('is asked about behind a proxy’s credential as well', async () => {
    const { trustedIssuers } = functionSettings(provider.issuer).auth
    const by = instance({ proxyAuth: { header: 'proxy-authorization', issuers: trustedIssuers } })
    const request = requestWith({ 'proxy-authorization': `Bearer ${await token()}` })
    const resolved = await by.resolveCaller(request, newCall())
    expect(resolved && (await by.enrich(resolved, newCall()))).toMatchObject({ profile: ADAS_PROFILE })
  })
})

describe('userinfo is not asked', () => {
  const services: Record<string, Record<string, unknown>> = {
    'about a service by its client': { sub: 'reporter', client_id: 'reporter' },
    'about a service of Okta': { sub: '0oa1', cid: '0oa1', client_id: undefined },
    'about a service of Entra': { sub: 'object', azp: 'client', client_id: undefined, idtyp: 'app' },
    'about a service of Auth0': {
      sub: 'c@clients',
      azp: 'c',
      client_id: undefined,
      gty: 'client-credentials',
    },
    'about a service of Keycloak': { sub: 'x', client_id: 'r', preferred_username: 'service-account-r' },
  }
  for (const [name, claims] of Object.entries(services)) {
    for (const userinfoSubject of ['match', 'adopt'] as const) {
      it(`${name} (${userinfoSubject})`, async () => {
        const text = await token(claims)
        expect(await enriched(instance({ userinfoSubject }), text)).toMatchObject({ kind: 'application' })
        expect(provider.asked).toMatchObject({ userinfo: 0 })
      })
    }
  }

  it('about somebody whom the load balancer signed in', async () => {
    const by = instance()
    const resolved = await by.resolveCaller(
      requestWith({ 'x-amzn-oidc-data': region.data() }, 'oidc'),
      newCall(),
    )
    expect(resolved && (await by.enrich(resolved, newCall()))).toMatchObject({ subject: 'ada', profile: {} })
    expect(provider.asked.userinfo).toBe(0)
  })

  it('about somebody whom the load balancer only names', async () => {
    const by = instance()
    const request = requestWith(
      { 'x-amzn-oidc-identity': 'ada', 'x-amzn-oidc-accesstoken': await token() },
      'oidc',
    )
    const resolved = await by.resolveCaller(request, newCall())
    expect(resolved && (await by.enrich(resolved, newCall()))).toMatchObject({ subject: 'ada', profile: {} })
    expect(provider.asked.userinfo).toBe(0)
  })
})

describe('the subject of userinfo', () => {
  it('takes the place of the token’s if it is Okta’s uid', async () => {
    provider.answers.userinfo = json({ ...ADA, sub: '00u1abcd' })
    const text = await token({ sub: 'ada@example.com', uid: '00u1abcd', cid: '0oa1' })
    expect(await enriched(instance(), text)).toMatchObject({ subject: '00u1abcd', profile: ADAS_PROFILE })
  })

  const strangers: Record<string, unknown> = {
    'another person’s': { ...ADA, sub: 'grace' },
    'the token’s in another case': { ...ADA, sub: 'ADA' },
    missing: { ...ADA, sub: undefined },
    empty: { ...ADA, sub: '' },
    'a number': { ...ADA, sub: 7 },
    'a list': { ...ADA, sub: ['ada'] },
  }
  for (const [name, userinfo] of Object.entries(strangers)) {
    it(`is rejected if it is ${name}: nothing is merged and nothing kept`, async () => {
      provider.answers.userinfo = json(userinfo)
      const store = new MemoryStore()
      const caller = await enriched(instance({ store }), await token())
      expect(caller).toMatchObject({ subject: 'ada', profile: {} })
      expect(store.kept.size).toBe(0)
    })
  }

  it('is rejected if it is the uid of a token whose uid is not text', async () => {
    provider.answers.userinfo = json({ ...ADA, sub: '7' })
    expect(await enriched(instance(), await token({ uid: 7 }))).toMatchObject({ subject: 'ada', profile: {} })
  })

  it('is not believed out of the table either', async () => {
    const store = new MemoryStore()
    const text = await token()
    await enriched(instance({ store }), text)
    for (const [hash, claims] of store.kept) store.kept.set(hash, { ...claims, subject: 'grace' })
    expect(await enriched(instance({ store }), text)).toMatchObject({ subject: 'ada' })
    expect(provider.asked.userinfo).toBe(2)
  })

  it('is adopted with the whole profile where the settings say so', async () => {
    const text = await token({ sub: 'client-7', email: 'client@token.example' })
    expect(await enriched(instance({ userinfoSubject: 'adopt' }), text)).toMatchObject({
      kind: 'user',
      subject: 'ada',
      profile: ADAS_PROFILE,
    })
  })

  it('makes a person of a token that names its client, where the settings say so and a person was asked for', async () => {
    const text = await token({ sub: 'flytectl', client_id: 'flytectl', scope: 'openid all' })
    expect(await enriched(instance({ userinfoSubject: 'adopt' }), text)).toMatchObject({
      kind: 'user',
      subject: 'ada',
      profile: ADAS_PROFILE,
    })
  })
})

describe('a failing provider', () => {
  const faults: Record<string, Answer> = {
    'is down': broken,
    'answers with a web page': html,
    'answers that the token is no good': json({ error: 'invalid_token' }, 401),
    redirects: (_request, response) => void response.writeHead(302, { location: '/me' }).end(),
    'answers with nothing': (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(),
    'answers with a list': json([ADA]),
    'answers with text': json('ada'),
    'answers with half a document': (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end('{"sub":"ada"'),
    'answers in another encoding': (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(Buffer.from('{"sub":"ada","name":"\xe9"}', 'latin1')),
    'signs its answer': json(ADA, 200, 'application/jwt'),
    'does not say what it answers with': (_request, response) =>
      void response.writeHead(200).end(JSON.stringify(ADA)),
    'sends too much': json({ ...ADA, padding: 'x'.repeat(65 * 1024) }),
    'breaks the connection': (request) => void request.socket.destroy(),
    'breaks the connection halfway': (request, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
        .write('{"sub":')
      setImmediate(() => request.socket.destroy())
    },
  }
  for (const [name, answer] of Object.entries(faults)) {
    it(`that ${name} leaves the caller as the token names it`, async () => {
      provider.answers.userinfo = answer
      expect(await enriched(instance(), await token())).toMatchObject({
        kind: 'user',
        subject: 'ada',
        profile: {},
      })
    })
  }

  it('that does not answer is given up on', async () => {
    provider.answers.userinfo = silent
    const call = newCall()
    expect(await enriched(instance({ budgetMs: 50 }), await token(), call)).toMatchObject({ profile: {} })
    expect(call.notes.userinfo).toBe('provider_unavailable')
    expect(call.outcome).toBe('ok')
  })

  it('that sends its answer byte by byte is given up on', async () => {
    provider.answers.userinfo = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(timer))
    }
    expect(await enriched(instance({ budgetMs: 60 }), await token())).toMatchObject({ profile: {} })
  })

  it('that has no userinfo endpoint is not asked', async () => {
    provider.answers.metadata = json({ issuer: provider.issuer, jwks_uri: `${provider.issuer}/keys` })
    expect(await enriched(instance(), await token())).toMatchObject({ profile: {} })
    expect(provider.asked.userinfo).toBe(0)
  })

  it('that sends the token to an insecure address does not get it', async () => {
    provider.answers.metadata = json({
      issuer: provider.issuer,
      jwks_uri: `${provider.issuer}/keys`,
      userinfo_endpoint: 'http://people.example/me',
    })
    expect(await enriched(instance(), await token())).toMatchObject({ profile: {} })
  })

  it('is asked once a minute about a token, not at every call', async () => {
    provider.answers.userinfo = broken
    const by = instance()
    const text = await token()
    for (let call = 0; call < 5; call += 1) await enriched(by, text)
    expect(provider.asked.userinfo).toBe(1)
    provider.answers.userinfo = json(ADA)
    nowMs += MINUTE_MS
    expect(await enriched(by, text)).toMatchObject({ profile: ADAS_PROFILE })
    expect(provider.asked.userinfo).toBe(2)
  })

  it('does not fail one person for another', async () => {
    provider.answers.userinfo = broken
    const by = instance()
    await enriched(by, await token())
    provider.answers.userinfo = json({ ...ADA, sub: 'grace' })
    expect(await enriched(by, await token({ sub: 'grace' }))).toMatchObject({ profile: ADAS_PROFILE })
  })
})

describe('an answer of userinfo', () => {
  it('is asked for once by many calls at once', async () => {
    const by = instance()
    const text = await token()
    const callers = await Promise.all(Array.from({ length: 30 }, () => enriched(by, text)))
    for (const caller of callers) expect(caller.profile).toEqual(ADAS_PROFILE)
    expect(provider.asked.userinfo).toBe(1)
  })

  it('is kept for ten minutes', async () => {
    const by = instance()
    const text = await token()
    await enriched(by, text)
    nowMs += 10 * MINUTE_MS - 1
    await enriched(by, text)
    expect(provider.asked.userinfo).toBe(1)
    nowMs += 1
    await enriched(by, text)
    expect(provider.asked.userinfo).toBe(2)
  })

  it('is kept in the table no longer than the token lives', async () => {
    const store = new MemoryStore()
    await enriched(instance({ store }), await token({ exp: NOW_SECONDS + 90 }))
    expect([...store.kept.values()]).toMatchObject([{ expiresAtEpochSeconds: NOW_SECONDS + 90 }])
  })

  it('is kept in the table for ten minutes at most', async () => {
    const store = new MemoryStore()
    await enriched(instance({ store }), await token())
    expect([...store.kept.values()]).toEqual([
      { subject: 'ada', profile: ADAS_PROFILE, expiresAtEpochSeconds: NOW_SECONDS + 600 },
    ])
  })

  it('is shared by the instances of a function', async () => {
    const store = new MemoryStore()
    const text = await token()
    await enriched(instance({ store }), text)
    const call = newCall()
    expect(await enriched(instance({ store }), text, call)).toMatchObject({ profile: ADAS_PROFILE })
    expect(call.notes.userinfo).toBe('store')
    expect(provider.asked.userinfo).toBe(1)
  })

  it('is filed under the token’s hash, and the token is nowhere in the table', async () => {
    const store = new MemoryStore()
    const text = await token()
    await enriched(instance({ store }), text)
    const kept = JSON.stringify([...store.kept])
    expect([...store.kept.keys()][0]).toMatch(/^[0-9a-f]{64}$/)
    for (const segment of text.split('.')) expect(kept).not.toContain(segment)
  })

  it('is one token’s, and not that of another person with the same client', async () => {
    const by = instance()
    await enriched(by, await token())
    provider.answers.userinfo = json({ sub: 'grace', given_name: 'Grace' })
    const grace = await enriched(by, await token({ sub: 'grace' }))
    expect(grace).toMatchObject({ subject: 'grace', profile: { givenName: 'Grace' } })
    expect(grace.profile.email).toBeUndefined()
  })

  it('is forgotten in the order of use when there are more than memory holds', async () => {
    const by = instance()
    const first = await token()
    const resolved = await by.resolveCaller(requestWith({ authorization: `Bearer ${first}` }), newCall())
    if (resolved?.bearer === undefined) throw new Error('the token names nobody')
    await by.enrich(resolved, newCall())
    for (let other = 0; other < MAX_REMEMBERED; other += 1) {
      const text = await token({ jti: String(other) })
      await enriched(by, text)
    }
    await by.enrich(resolved, newCall())
    expect(provider.asked.userinfo).toBe(MAX_REMEMBERED + 2)
  })
})

describe('a failing table', () => {
  const failing: ClaimsStore = {
    get: () => Promise.reject(new ServiceError('store_unavailable')),
    put: () => Promise.reject(new ServiceError('store_throttled')),
  }
  const hanging: ClaimsStore = {
    get: () => new Promise(() => undefined),
    put: () => new Promise(() => undefined),
  }
  const hangingOnWrite: ClaimsStore = { get: async () => undefined, put: () => new Promise(() => undefined) }

  it('takes no name away', async () => {
    expect(await enriched(instance({ store: failing }), await token())).toMatchObject({
      profile: ADAS_PROFILE,
    })
  })

  it('that hangs when it is read costs the budget, and the run goes on', async () => {
    const caller = await enriched(instance({ store: hanging, budgetMs: 50 }), await token())
    expect(caller).toMatchObject({ subject: 'ada' })
  })

  it('that hangs when it is written takes no name away', async () => {
    const caller = await enriched(instance({ store: hangingOnWrite, budgetMs: 200 }), await token())
    expect(caller).toMatchObject({ profile: ADAS_PROFILE })
  })
})
