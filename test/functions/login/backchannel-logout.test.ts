import { describe, expect, it } from 'vitest'
import type { AlbRequest } from '../../support/alb-event.ts'
import { hmacJwt, LOGOUT_EVENT, unsignedJwt } from '../../support/openid-provider.ts'
import { startSessionsWorld } from '../../support/sessions-world.ts'
import { broken, newIssuerKey } from '../../support/test-issuer.ts'
import { startLogin, Visitor } from './fixture.ts'

const { provider, database, now, later } = await startSessionsWorld()

const start = () => startLogin({ provider, database, now })
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const send = (body: string, request: Partial<AlbRequest> = {}, login = start()) =>
  new Visitor().visit(login, '/backchannel-logout', { body, headers: FORM, ...request })
const notify = (token: string, login = start()) => send(`logout_token=${token}`, {}, login)

async function signedIn(subject = 'ada', sid = 'sid-1'): Promise<Visitor> {
  provider.does.idTokenClaims = (claims) => ({ ...claims, sid })
  const visitor = new Visitor()
  await visitor.signIn(start(), provider, { subject })
  return visitor
}
const isIn = async (visitor: Visitor) => (await visitor.visit(start(), '/me')).status === 200

describe('a logout token', () => {
  it('of a subject ends all sessions of that subject', async () => {
    const [one, two, other] = [
      await signedIn(),
      await signedIn('ada', 'sid-2'),
      await signedIn('bob', 'sid-3'),
    ]
    expect(await notify(await provider.logoutToken())).toMatchObject({ status: 200, text: '' })
    expect([await isIn(one), await isIn(two), await isIn(other)]).toEqual([false, false, true])
  })

  it('of a session of the provider ends that one', async () => {
    const [one, two] = [await signedIn(), await signedIn('ada', 'sid-2')]
    await notify(await provider.logoutToken({ sub: undefined, sid: 'sid-2' }))
    expect([await isIn(one), await isIn(two)]).toEqual([true, false])
  })

  it('of a session and a subject ends that session', async () => {
    const [one, two] = [await signedIn(), await signedIn('ada', 'sid-2')]
    await notify(await provider.logoutToken({ sid: 'sid-1' }))
    expect([await isIn(one), await isIn(two)]).toEqual([false, true])
  })

  it('ends a session that is refreshed just then', async () => {
    const visitor = await signedIn()
    later(400)
    await notify(await provider.logoutToken())
    expect((await visitor.visit(start(), '/me')).outcome).toBe('session_ended')
    expect(provider.tokenRequests.filter(({ form }) => form.has('refresh_token'))).toEqual([])
  })

  it('does not end what begins after it', async () => {
    await notify(await provider.logoutToken())
    later(1)
    expect(await isIn(await signedIn())).toBe(true)
  })

  it('is good once', async () => {
    const token = await provider.logoutToken()
    expect((await notify(token)).status).toBe(200)
    later(1)
    const visitor = await signedIn()
    expect(await notify(token)).toMatchObject({ status: 400, outcome: 'logout_token_invalid' })
    expect(await isIn(visitor)).toBe(true)
  })

  it('may come again when it could not be carried out', async () => {
    const visitor = await signedIn()
    const token = await provider.logoutToken()
    database.failWith((operation) => (operation === 'PutItem' ? 'broken' : undefined))
    expect((await notify(token)).status).toBe(503)
    database.failWith(undefined)
    expect((await notify(token)).status).toBe(200)
    expect(await isIn(visitor)).toBe(false)
  })

  it('of a provider that predates its type is accepted', async () => {
    for (const typ of [undefined, 'JWT', 'application/logout+jwt']) {
      expect((await notify(await provider.logoutToken({}, { header: { typ } }))).status).toBe(200)
    }
  })

  const token = (changes: Record<string, unknown>) => () => provider.logoutToken(changes)
  const claims = () => ({ iss: provider.issuer, aud: 'flyte', sub: 'ada', events: { [LOGOUT_EVENT]: {} } })
  const refused: [string, () => Promise<string> | string][] = [
    ['without a signature', () => unsignedJwt({ ...claims(), iat: provider.nowSeconds(), jti: 'x' })],
    [
      'signed with a shared secret',
      () => hmacJwt({ ...claims(), jti: 'x' }, 'the-client-secret+of/the test'),
    ],
    [
      'signed with an algorithm not agreed on',
      async () => provider.logoutToken({}, { key: await newIssuerKey('ES256', 'first') }),
    ],
    [
      'signed with another key',
      async () => provider.logoutToken({}, { key: await newIssuerKey('RS256', 'first') }),
    ],
    ['without an event', token({ events: undefined })],
    ['with another event', token({ events: { 'http://example.com/event': {} } })],
    ['with an event that is no object', token({ events: { [LOGOUT_EVENT]: true } })],
    ['with an event that is a list', token({ events: { [LOGOUT_EVENT]: [] } })],
    ['with events that are none', token({ events: LOGOUT_EVENT })],
    ['with a nonce', token({ nonce: 'x' })],
    ['with an empty nonce', token({ nonce: '' })],
    ['for another client', token({ aud: 'somebody' })],
    ['for nobody', token({ aud: undefined })],
    ['from another issuer', token({ iss: 'https://evil.example' })],
    ['from no issuer', token({ iss: undefined })],
    ['that has ended', token({ exp: 1_000_000_000 })],
    ['without an end', token({ exp: undefined })],
    ['without a time of issue', token({ iat: undefined })],
    ['from the future', token({ iat: 4_000_000_000 })],
    [
      'of yesterday, when nobody knows any more whether it was used',
      () => provider.logoutToken({ iat: provider.nowSeconds() - 86_400, exp: 4_000_000_000 }),
    ],
    ['without an id', token({ jti: undefined })],
    ['with an id that is no text', token({ jti: 7 })],
    ['that names nobody', token({ sub: undefined })],
    ['whose subject is no text', token({ sub: 7 })],
    ['whose session is no text', token({ sid: ['sid-1'] })],
    ['of the type of access tokens', () => provider.logoutToken({}, { header: { typ: 'at+jwt' } })],
    ['of a type that is no text', () => provider.logoutToken({}, { header: { typ: 7 } })],
    ['that is an ID token', async () => (await provider.session('ada')).idToken],
    ['that is no token', () => 'x'],
  ]
  for (const [what, make] of refused) {
    it(`is refused: ${what}`, async () => {
      const visitor = await signedIn()
      const visit = await notify(await make())
      expect(visit).toMatchObject({ status: 400, outcome: 'logout_token_invalid' })
      expect(JSON.parse(visit.text).error).toBe('invalid_request')
      expect(visit.headers['cache-control']).toBe('no-store')
      expect(await isIn(visitor)).toBe(true)
    })
  }

  it('is not believed, nor refused for good, while the keys cannot be read', async () => {
    provider.does.answers.jwks = broken
    expect(await notify(await provider.logoutToken())).toMatchObject({
      status: 503,
      outcome: 'keys_unavailable',
    })
  })
})

describe('a notice without a logout token', () => {
  const refused: [string, string, Partial<AlbRequest>, string][] = [
    ['an empty form', '', {}, 'logout_token_invalid'],
    ['two of them', 'logout_token=x&logout_token=y', {}, 'logout_token_invalid'],
    ['JSON', '{}', { headers: { 'content-type': 'application/json' } }, 'content_type_unsupported'],
    ['nothing that says what it is', 'logout_token=x', { headers: {} }, 'content_type_unsupported'],
    ['a form without end', `logout_token=${'x'.repeat(40_000)}`, {}, 'request_too_large'],
  ]
  for (const [what, body, request, reason] of refused) {
    it(`is refused: ${what}`, async () => {
      expect(await send(body, request)).toMatchObject({ status: 400, outcome: reason })
    })
  }
})
