/** Looking into tokens and taking them back (RFC 7662, RFC 7009): whose they are, and what is none. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { openBrowser } from './support/browser.ts'
import {
  basic,
  claimsOf,
  codeFor,
  headerOf,
  postForm,
  redeem,
  refresh,
  refusalOf,
  type Tokens,
  tokensOf,
} from './support/flow.ts'
import {
  DASHBOARD,
  DASHBOARD_SECRET,
  REPORTER,
  REPORTER_SECRET,
  startTestServer,
  type TestServer,
} from './support/server.ts'

let database: TestDatabase
let server: TestServer
let tokens: Tokens

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  server = startTestServer(database)
  tokens = tokensOf(await redeem(server, await codeFor(openBrowser(server.handler))))
})

const introspect = (token: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  postForm(server, '/oauth2/introspect', { ...form, token }, headers)

const revoke = (token: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  postForm(server, '/oauth2/revoke', { ...form, token }, headers)

const FLYTECTL = { client_id: 'flytectl' }
const isKnown = async (token: string) =>
  ((await introspect(token, FLYTECTL)).json() as { active: boolean }).active

describe('a token of one client', () => {
  it('is nothing to another client that anybody could be', async () => {
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      expect((await introspect(token, { client_id: 'flyte-cli' })).json()).toEqual({ active: false })
    }
  })

  it('is known to a service that proves itself, as whoever is sent it has to be', async () => {
    const authorization = basic(REPORTER, REPORTER_SECRET)
    const known = (await introspect(tokens.access_token, {}, { authorization })).json()
    expect(known).toMatchObject({ active: true, sub: 'ada', client_id: 'flytectl' })
  })

  it('is known to nobody who does not say who they are, or does not prove it', async () => {
    expect(refusalOf(await introspect(tokens.access_token, {}))).toMatchObject({ error: 'invalid_request' })
    expect(refusalOf(await introspect(tokens.access_token, { client_id: REPORTER }))).toEqual({
      status: 401,
      error: 'invalid_client',
    })
  })

  it('is not taken back by another client, and that is not told', async () => {
    const others: readonly [Record<string, string>, Record<string, string>][] = [
      [{ client_id: 'flyte-cli' }, {}],
      [{}, { authorization: basic(DASHBOARD, DASHBOARD_SECRET) }],
    ]
    for (const [form, headers] of others) {
      for (const token of [tokens.access_token, tokens.refresh_token]) {
        expect((await revoke(token, form, headers)).status).toBe(200)
      }
    }
    expect(await isKnown(tokens.access_token)).toBe(true)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(200)
  })

  it('is taken back by its own, whatever it is said to be', async () => {
    await revoke(tokens.access_token, { ...FLYTECTL, token_type_hint: 'refresh_token' })
    expect(await isKnown(tokens.access_token)).toBe(false)
    await revoke(tokens.refresh_token, { ...FLYTECTL, token_type_hint: 'something' })
    expect(refusalOf(await refresh(server, tokens.refresh_token))).toEqual({
      status: 400,
      error: 'invalid_grant',
    })
  })
})

describe('an access token that somebody changed', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  type Change = (token: string) => string
  const withHeader =
    (changes: object): Change =>
    (token) =>
      [part({ ...headerOf(token), ...changes }), ...token.split('.').slice(1)].join('.')
  const withClaims =
    (changes: object): Change =>
    (token) => {
      const [header, , signature] = token.split('.')
      return [header, part({ ...claimsOf(token), ...changes }), signature].join('.')
    }
  const changed: readonly [string, Change][] = [
    ['to need no signature', (token) => `${withHeader({ alg: 'none' })(token).replace(/[^.]+$/, '')}`],
    ['to need none, in other letters', withHeader({ alg: 'nOnE' })],
    ['to be signed with the public key as a secret', withHeader({ alg: 'HS256' })],
    ['to be a token of another kind', withHeader({ typ: 'JWT' })],
    ['to name a file as its key', withHeader({ kid: '../../etc/passwd' })],
    [
      'to bring its own key',
      withHeader({ kid: undefined, jwk: { kty: 'RSA' }, jku: 'https://evil.example' }),
    ],
    ['to ask for an extension', withHeader({ crit: ['x'], x: 1 })],
    ['to be somebody else', withClaims({ sub: 'root' })],
    ['to live longer', withClaims({ exp: 4_000_000_000 })],
    ['to go on', (token) => `${token}.x`],
  ]
  for (const [name, change] of changed) {
    it(`${name} is none (RFC 8725)`, async () => {
      const { access_token: token } = tokens
      expect((await introspect(change(token), FLYTECTL)).json()).toEqual({ active: false })
      await revoke(change(token), FLYTECTL)
      expect(await isKnown(token)).toBe(true)
    })
  }
})
