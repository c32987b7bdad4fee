import { describe, expect, it } from 'vitest'
import { systemRandomBytes } from '../../../../functions/shared/random.ts'
import { sealCookie } from '../../../../functions/shared/session/secure-cookie.ts'
import { COOKIE_KEYS, OTHER_COOKIE_KEYS, type TestBrowser } from '../../../support/cookie-fixture.ts'
import { CLIENT_ID, hmacJwt, unsignedJwt } from '../../../support/openid-provider.ts'
import { browserWith, newInstance, type SessionContents } from '../../../support/session-fixture.ts'
import { startSessionsWorld } from '../../../support/sessions-world.ts'
import { newIssuerKey, signToken } from '../../../support/test-issuer.ts'

const { provider, database, now, later } = await startSessionsWorld()

const instance = (options: Partial<Parameters<typeof newInstance>[0]> = {}) =>
  newInstance({ provider, database, now, ...options })
const read = (browser: TestBrowser, reader = instance()) =>
  reader.readSession({ headers: { cookie: browser.header() } })

let sessions = 0
async function signedIn(claims: Record<string, unknown> = {}, contents: Partial<SessionContents> = {}) {
  sessions += 1
  const tokens = await provider.session('ada', { sid: `sid-${sessions}`, ...claims })
  const record = { id: `session-${sessions}`, ...contents.record }
  return browserWith({ ...tokens, ...contents, record }, { now })
}

/** A profile as Flyte 1 keeps it. */
function sealedUserInfo(userinfo: object): string {
  const sealed = { name: 'flyte_user_info', value: JSON.stringify(userinfo) }
  const nowEpochSeconds = Math.floor(now() / 1000)
  return sealCookie(sealed, COOKIE_KEYS, { nowEpochSeconds, random: systemRandomBytes })
}

describe('a session', () => {
  it('is read from its cookies', async () => {
    const session = await read(await signedIn({}, { userinfo: { sub: 'ada', name: 'Ada' } }))
    expect(session).toMatchObject({
      verified: { issuer: provider.issuer, subject: 'ada', isExpired: false },
      received: { userinfo: { name: 'Ada' } },
      setCookies: [],
    })
  })

  it('is none without cookies', async () => {
    expect(await instance().readSession({ headers: {} })).toBeUndefined()
    expect(await instance().readSession({ headers: { cookie: ['flyte_rt=x; other=y'] } })).toBeUndefined()
  })

  it('of a Flyte 1 neighbour is read as well, whose profile leaves the subject out', async () => {
    const browser = await signedIn()
    browser.cookies.set('flyte_user_info', sealedUserInfo({ name: 'Ada', email: 'ada@example.com' }))
    expect(await read(browser)).toMatchObject({
      verified: { subject: 'ada' },
      received: { userinfo: { sub: 'ada', name: 'Ada' }, record: { id: undefined } },
    })
  })

  it('is not read without its record, by which it is ended', async () => {
    const browser = await signedIn()
    browser.cookies.delete('flyte_user_info')
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_unreadable', status: 401 })
  })

  it('is not read when a chunk of its record is missing', async () => {
    const groups = Array.from({ length: 400 }, (_, index) => `group-${index}`)
    const browser = await signedIn({}, { userinfo: { sub: 'ada', groups } })
    expect(await read(browser)).toBeDefined()
    browser.cookies.delete('flyte_user_info_2')
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_unreadable' })
  })

  it('is not read with the record of somebody else’s session', async () => {
    const browser = await signedIn()
    const other = browserWith({ ...(await provider.session('grace')), userinfo: { sub: 'grace' } }, { now })
    browser.cookies.set('flyte_user_info', other.cookies.get('flyte_user_info') as string)
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_unreadable' })
  })

  it('is not read with other keys', async () => {
    await expect(read(await signedIn(), instance({ keys: OTHER_COOKIE_KEYS }))).rejects.toMatchObject({
      reason: 'session_unreadable',
      status: 401,
    })
  })

  it('is read while the keys are replaced', async () => {
    const keys = [OTHER_COOKIE_KEYS[0], COOKIE_KEYS[0]] as const
    expect((await read(await signedIn(), instance({ keys })))?.verified.subject).toBe('ada')
  })

  it('is not read when a chunk of its ID token is missing', async () => {
    const browser = await signedIn({ groups: Array.from({ length: 200 }, (_, i) => `group-${i}`) })
    expect(browser.names().filter((name) => name.startsWith('flyte_idt'))).toEqual([
      'flyte_idt_1',
      'flyte_idt_2',
    ])
    expect((await read(browser))?.verified.subject).toBe('ada')
    browser.cookies.delete('flyte_idt_1')
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_unreadable' })
  })

  it('is over when nothing was asked for too long', async () => {
    provider.idTokenSeconds = 100_000
    const browser = await signedIn()
    later(3_599)
    expect(await read(browser)).toBeDefined()
    later(1)
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired' })
  })

  it('goes on while it is used, and is over all the same at its end', async () => {
    provider.idTokenSeconds = 100_000
    const browser = await signedIn()
    for (let seconds = 0; seconds < 86_400 - 1800; seconds += 1800) {
      later(1800)
      browser.take((await read(browser))?.setCookies ?? [])
    }
    later(1800)
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired' })
  })

  it('is not written anew for every request', async () => {
    provider.idTokenSeconds = 1_000
    const browser = await signedIn()
    later(200)
    expect((await read(browser))?.setCookies).toEqual([])
    later(100)
    expect((await read(browser))?.setCookies.map((line) => line.split('=')[0])).toEqual(['flyte_user_info'])
  })
})

describe('an ID token in a session is refused', () => {
  const claimsOf = () => ({
    iss: provider.issuer,
    sub: 'ada',
    aud: CLIENT_ID,
    iat: provider.nowSeconds(),
    exp: provider.nowSeconds() + 300,
  })
  const changed: [string, Record<string, unknown>, string][] = [
    ['of another issuer', { iss: 'https://evil.example' }, 'issuer_untrusted'],
    ['without an issuer', { iss: undefined }, 'issuer_untrusted'],
    ['for another client', { aud: 'somebody' }, 'audience_mismatch'],
    ['for nobody', { aud: undefined }, 'audience_mismatch'],
    ['for us and somebody else', { aud: [CLIENT_ID, 'somebody'] }, 'audience_mismatch'],
    ['given to another client', { azp: 'somebody' }, 'audience_mismatch'],
    ['without a subject', { sub: undefined }, 'token_claims_invalid'],
    ['without a time of issue', { iat: undefined }, 'token_claims_invalid'],
    ['without an end', { exp: undefined }, 'token_claims_invalid'],
    ['from the future', { iat: 4_000_000_000 }, 'token_not_yet_valid'],
    ['that is not valid yet', { nbf: 4_000_000_000 }, 'token_not_yet_valid'],
    ['that is a logout token', { events: {} }, 'token_kind_refused'],
    ['that is an access token', { token_use: 'access' }, 'token_kind_refused'],
  ]
  for (const [what, changes, reason] of changed) {
    it(what, async () => {
      const idToken = await signToken(
        JSON.parse(
          JSON.stringify({
            ...claimsOf(),
            ...changes,
            ...(changes.iss === undefined && 'iss' in changes ? { iss: undefined } : {}),
          }),
        ),
        { key: provider.key, header: { typ: 'JWT' } },
      )
      await expect(read(browserWith({ idToken }, { now }))).rejects.toMatchObject({ reason, status: 401 })
    })
  }

  const made: [string, () => Promise<string> | string, string][] = [
    ['that is not signed', () => unsignedJwt(claimsOf()), 'token_algorithm_refused'],
    ['that is not signed, in capitals', () => unsignedJwt(claimsOf(), 'NONE'), 'token_algorithm_refused'],
    [
      'signed with HMAC by the public key',
      () => hmacJwt(claimsOf(), JSON.stringify(provider.key.publicJwk), { kid: provider.key.kid }),
      'token_algorithm_refused',
    ],
    [
      'signed with an algorithm of somebody else',
      async () =>
        signToken(claimsOf(), { key: await newIssuerKey('PS256', 'first'), header: { typ: 'JWT' } }),
      'token_algorithm_refused',
    ],
    [
      'signed with another key of that name',
      async () =>
        signToken(claimsOf(), { key: await newIssuerKey('RS256', 'first'), header: { typ: 'JWT' } }),
      'token_signature_invalid',
    ],
    [
      'signed with a key that nobody publishes',
      async () =>
        signToken(claimsOf(), { key: await newIssuerKey('RS256', 'unknown'), header: { typ: 'JWT' } }),
      'token_key_unknown',
    ],
    [
      'of the kind of access tokens',
      () => signToken(claimsOf(), { key: provider.key, header: { typ: 'at+jwt' } }),
      'token_kind_refused',
    ],
    ['that is no token', () => 'no token', 'token_malformed'],
  ]
  for (const [what, make, reason] of made) {
    it(what, async () => {
      await expect(read(browserWith({ idToken: await make() }, { now }))).rejects.toMatchObject({ reason })
    })
  }

  it('and one for several clients is accepted when it was given to us', async () => {
    const claims = { ...claimsOf(), aud: [CLIENT_ID, 'somebody'], azp: CLIENT_ID }
    const idToken = await signToken(claims, { key: provider.key, header: { typ: undefined } })
    expect((await read(browserWith({ idToken }, { now })))?.verified.subject).toBe('ada')
  })

  it('and one without a key id is accepted when the provider has one key, and not when it has two', async () => {
    const idToken = await signToken(claimsOf(), { key: provider.key, header: { typ: 'JWT', kid: undefined } })
    expect(await read(browserWith({ idToken }, { now }))).toBeDefined()
    provider.publishedKeys = [provider.key.publicJwk, (await newIssuerKey('RS256', 'second')).publicJwk]
    await expect(read(browserWith({ idToken }, { now }))).rejects.toMatchObject({
      reason: 'token_key_unknown',
    })
  })

  it('and one with a new key is accepted without a restart', async () => {
    const reader = instance()
    expect(await read(await signedIn(), reader)).toBeDefined()
    const second = await newIssuerKey('RS256', 'second')
    provider.publishedKeys = [second.publicJwk]
    const idToken = await signToken(claimsOf(), { key: second, header: { typ: 'JWT' } })
    expect((await read(browserWith({ idToken }, { now }), reader))?.verified.subject).toBe('ada')
  })
})

describe('an ended session', () => {
  it('is over for the instance that ended it at once, and for every other soon', async () => {
    const browser = await signedIn()
    const here = instance()
    const there = instance()
    expect(await read(browser, there)).toBeDefined()
    await here.ended.end({ issuer: provider.issuer, id: `session-${sessions}` }, provider.nowSeconds())
    await expect(read(browser, here)).rejects.toMatchObject({ reason: 'session_ended' })
    expect(await read(browser, there)).toBeDefined()
    later(15)
    await expect(read(browser, there)).rejects.toMatchObject({ reason: 'session_ended' })
  })

  for (const [what, names] of [
    ['subject', () => ({ subject: 'ada' })],
    ['sid', () => ({ sid: `sid-${sessions}` })],
  ] as const) {
    it(`can be named by its ${what}`, async () => {
      const browser = await signedIn()
      await instance().ended.end({ issuer: provider.issuer, ...names() }, provider.nowSeconds())
      await expect(read(browser)).rejects.toMatchObject({ reason: 'session_ended' })
    })
  }

  it('does not end what began afterwards, nor what another issuer calls by that name', async () => {
    await instance().ended.end({ issuer: provider.issuer, subject: 'ada' }, provider.nowSeconds() - 1)
    await instance().ended.end({ issuer: 'https://other.example', subject: 'ada' }, provider.nowSeconds())
    expect(await read(await signedIn())).toBeDefined()
  })

  it('stays ended when an older notice arrives later', async () => {
    const browser = await signedIn()
    const names = { issuer: provider.issuer, sid: `sid-${sessions}` }
    await instance().ended.end(names, provider.nowSeconds())
    await instance().ended.end(names, provider.nowSeconds() - 1000)
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_ended' })
  })

  it('is not taken for a live one while the database does not answer', async () => {
    const browser = await signedIn()
    database.failWith((operation) => (operation === 'GetItem' ? 'broken' : undefined))
    await expect(read(browser)).rejects.toMatchObject({ reason: 'store_unavailable', status: 503 })
  })
})
