import { beforeEach, describe, expect, it } from 'vitest'
import { startSessionsWorld } from '../../support/sessions-world.ts'
import { signToken } from '../../support/test-issuer.ts'
import { SITE, startLogin, type TestLogin, Visitor } from './fixture.ts'

const { provider, database, now, later } = await startSessionsWorld()
let login: TestLogin

beforeEach(() => {
  login = startLogin({ provider, database, now })
})

const me = (visitor: Visitor, headers: Record<string, string> = {}) =>
  visitor.visit(login, '/me', { headers: { accept: 'application/json', ...headers } })

async function signedIn(): Promise<Visitor> {
  const visitor = new Visitor()
  await visitor.signIn(login, provider)
  return visitor
}

describe('who is signed in', () => {
  it('is answered as Flyte 1 answers it', async () => {
    const { status, text, headers } = await me(await signedIn())
    const claims = { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', given_name: 'Ada' }
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      subject: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      given_name: 'Ada',
      additional_claims: claims,
    })
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json',
      'x-user-subject': 'ada',
      'x-user-claim-sub': '"ada"',
      'x-user-claim-name': '"Ada Lovelace"',
      'x-user-claim-given-name': '"Ada"',
      'x-user-claim-email': '"ada@example.com"',
    })
  })

  it('has every claim in its header, whatever it is made of', async () => {
    provider.does.userinfo = (claims) => ({
      ...claims,
      name: 'Adélaïde 🚀',
      email_verified: true,
      groups: ['a', 'b'],
      Address: { city: 'Zürich' },
      'https://example.com/role': 'admin',
      'x\r\nset-cookie': 'y',
      long: 'x'.repeat(2_000),
      lines: 'a\r\nb',
    })
    const { headers, text } = await me(await signedIn())
    expect(headers).toMatchObject({
      'x-user-claim-name': '"Ad\\u00e9la\\u00efde \\ud83d\\ude80"',
      'x-user-claim-email-verified': 'true',
      'x-user-claim-groups': '["a","b"]',
      'x-user-claim-address': '{"city":"Z\\u00fcrich"}',
      'x-user-claim-lines': '"a\\r\\nb"',
    })
    const names = Object.keys(headers).filter((name) => name.startsWith('x-user-claim-'))
    expect(names).not.toContain('x-user-claim-long')
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/)
    expect(JSON.parse(JSON.parse(headers['x-user-claim-name'] as string) && text).name).toBe('Adélaïde 🚀')
  })

  it('has no more headers of claims than the load balancer passes on', async () => {
    const many = Object.fromEntries(Array.from({ length: 450 }, (_, index) => [`role${index}`, 1]))
    provider.does.userinfo = (claims) => ({ ...claims, ...many })
    const { headers, text } = await me(await signedIn())
    const lines = Object.entries(headers).filter(([name]) => name.startsWith('x-user-claim-'))
    expect(lines.flat().join('').length).toBeLessThanOrEqual(8_192)
    expect(JSON.parse(text).additional_claims).toMatchObject({ role449: 1 })
  })

  it('is nobody without a session', async () => {
    const { status, outcome, headers } = await me(new Visitor())
    expect({ status, outcome }).toEqual({ status: 401, outcome: 'credentials_missing' })
    expect(headers['www-authenticate']).toContain(
      `resource_metadata="${SITE}/.well-known/oauth-protected-resource"`,
    )
    expect(headers['x-user-subject']).toBeUndefined()
  })

  it('is known after a refresh in passing', async () => {
    const visitor = await signedIn()
    later(400)
    const { status, setCookies } = await me(visitor)
    expect(status).toBe(200)
    expect(setCookies.length).toBeGreaterThan(0)
    expect((await me(visitor)).setCookies).toEqual([])
  })

  it('is whoever a bearer token names', async () => {
    const claims = { iss: provider.issuer, sub: 'reporter', aud: SITE, client_id: 'reporter' }
    const times = { iat: provider.nowSeconds(), exp: provider.nowSeconds() + 60 }
    const token = await signToken({ ...claims, ...times }, { key: provider.key })
    const { headers, text } = await me(await signedIn(), { authorization: `Bearer ${token}` })
    expect(headers['x-user-subject']).toBe('reporter')
    expect(JSON.parse(text).subject).toBe('reporter')
  })

  it('is nobody with a bearer token that does not hold, session or not', async () => {
    const visit = await me(await signedIn(), { authorization: 'Bearer x.y.z' })
    expect(visit).toMatchObject({ status: 401, outcome: 'token_malformed' })
  })

  it('is told to pages of the authorizedUris, and of nobody else', async () => {
    const visitor = await signedIn()
    const ours = await me(visitor, { origin: 'https://a.apps.example.com' })
    expect(ours.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.apps.example.com',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    for (const origin of ['https://evil.example', 'https://a.b.apps.example.com', 'null']) {
      const { headers } = await me(visitor, { origin })
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers.vary).toBe('Origin')
    }
    const elsewhere = await visitor.visit(login, '/login', { headers: { origin: SITE } })
    expect(elsewhere.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('is not told to a session that is over', async () => {
    const visitor = await signedIn()
    later(90_000)
    expect(await me(visitor)).toMatchObject({ status: 401, outcome: 'session_expired' })
  })
})
