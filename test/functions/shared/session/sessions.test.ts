import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import {
  ConfigError,
  type FunctionSettings,
  readConfig,
  type SignInSettings,
} from '../../../../functions/shared/config.ts'
import { createIdentity } from '../../../../functions/shared/identity/identity.ts'
import { createClientSecret } from '../../../../functions/shared/session/client-secret.ts'
import { startTestDatabase, type TestDatabase } from '../../../support/dynamodb.ts'
import { NOW_MS, requestWith } from '../../../support/identity-fixture.ts'
import { startOpenIdProvider, type TestOpenIdProvider } from '../../../support/openid-provider.ts'
import { browserWith } from '../../../support/session-fixture.ts'
import { SIGN_IN, sessionsOf, signInSettings } from '../../../support/sign-in-fixture.ts'

let provider: TestOpenIdProvider
let database: TestDatabase
const now = () => NOW_MS

beforeAll(async () => {
  database = await startTestDatabase()
  provider = await startOpenIdProvider(now)
})
afterAll(async () => {
  await provider.close()
  await database.close()
})

const settingsWith = (session: SignInSettings | undefined) => ({
  ...signInSettings(provider.issuer),
  session,
})
const sessions = (settings: FunctionSettings) => sessionsOf(settings, { database, now })
const signedIn = async () => browserWith(await provider.session('ada'), { now })

describe('a function whose deployment signs people in itself', () => {
  it('knows them by their session', async () => {
    const settings = settingsWith(SIGN_IN)
    const { sessionCaller } = sessions(settings)
    const { resolveCaller } = createIdentity({ settings, now, claimsStore: null, sessionCaller })
    const request = requestWith({ cookie: (await signedIn()).header(), 'sec-fetch-site': 'same-origin' })
    expect((await resolveCaller(request, newCall()))?.caller).toMatchObject({
      subject: 'ada',
      source: 'session',
    })
  })

  it('verifies by the algorithms of the provider, where they are set', async () => {
    const settings = settingsWith(SIGN_IN)
    const [trusted] = settings.auth.trustedIssuers
    if (trusted === undefined) throw new Error('the fixture trusts nobody')
    const other = { ...settings.auth, trustedIssuers: [{ ...trusted, algorithms: ['ES256' as const] }] }
    expect(sessions({ ...settings, auth: other }).provider.algorithms).toEqual(['ES256'])
    expect(sessions({ ...settings, auth: { ...other, trustedIssuers: [] } }).provider.algorithms).toEqual([
      'RS256',
    ])
  })
})

describe('a function whose load balancer signs people in', () => {
  it('has no sessions', () => {
    expect(() => sessions(settingsWith(undefined))).toThrow(ConfigError)
  })

  it('reads no cookie', async () => {
    const settings = settingsWith(undefined)
    const { resolveCaller } = createIdentity({ settings, now, claimsStore: null })
    const request = requestWith({ cookie: (await signedIn()).header(), 'sec-fetch-site': 'same-origin' })
    expect(await resolveCaller(request, newCall())).toBeUndefined()
  })
})

describe('the settings of a sign-in', () => {
  const read = (session: unknown) =>
    readConfig({ FLYTE_SETTINGS: JSON.stringify({ ...settingsWith(SIGN_IN), session }) }).settings.session

  it('are read as the stack wrote them, or are not there', () => {
    expect(read(SIGN_IN)).toEqual(SIGN_IN)
    expect(read(undefined)).toBeUndefined()
  })

  const refused: [string, Record<string, unknown>][] = [
    ['no landing page', { landingPath: '' }],
    ['another site rule', { cookie: { sameSite: 'lax', domain: null } }],
    ['no site rule', { cookie: { domain: null } }],
    ['an idle time of nothing', { idleSeconds: 0 }],
    ['a session without end', { absoluteSeconds: 31 * 86_400 }],
    ['a client secret in plain sight', { clientSecret: 'secret' }],
    ['no cookie keys', { cookieKeyNames: [] }],
    ['more secrets than there are keys', { cookieKeyNames: ['a', 'b', 'c'] }],
    ['something unknown', { secure: false }],
  ]
  for (const [what, change] of refused) {
    it(`are refused: ${what}`, () => expect(() => read({ ...SIGN_IN, ...change })).toThrow(ConfigError))
  }
})

describe('the client’s secret', () => {
  const secretOf = (text: string, key: string | null) =>
    createClientSecret(async () => text, { name: 'client', key })?.()

  it('is a text, or one key of a JSON object, or not there', async () => {
    expect(await secretOf('plain', null)).toBe('plain')
    expect(await secretOf('{"client_secret":"of json"}', 'client_secret')).toBe('of json')
    expect(createClientSecret(async () => '', null)).toBeNull()
  })

  for (const text of ['no JSON but a secret', 'null', '{}', '{"client_secret":""}', '{"client_secret":7}']) {
    it(`is refused, and not quoted: ${text}`, async () => {
      const error = await secretOf(text, 'client_secret')?.catch((thrown) => thrown)
      expect(error).toMatchObject({ reason: 'secret_unavailable' })
      expect(`${error.stack} ${error.cause}`).not.toContain('no JSON')
    })
  }
})
