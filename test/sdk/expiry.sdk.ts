/** Tokens that end while the SDK is at work. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from '../../local/identity-provider/clients.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { createSdk, type Sdk } from './support/sdk.ts'

const LIFETIME_SECONDS = 3
/** Not where the SDK of another test may be listening. */
const REDIRECT_URI = 'http://localhost:53594/callback'
const USER_INFO = '/flyteidl2.auth.IdentityService/UserInfo'
/** Refused without a token, answered with one, refused when that has ended, answered with the next. */
const TWO_TOKENS = [401, 200, 401, 200]

let stack: Stack
let sdk: Sdk
let answers: number[]

beforeAll(async () => {
  stack = await startStack({
    port: 0,
    tls: true,
    accessTokenSeconds: LIFETIME_SECONDS,
    settings: { auth: { appAuth: { thirdPartyConfig: { flyteClient: { redirectUri: REDIRECT_URI } } } } },
    onRequest: ({ path, status }) => {
      if (path === USER_INFO) answers.push(status)
    },
  })
})
afterAll(() => stack?.close())
beforeEach(async () => {
  answers = []
  sdk = await createSdk(stack)
})
afterEach(() => sdk.dispose())

describe('a token that ends in the middle of a program', () => {
  it('is replaced without a second look at the browser', async () => {
    const args = [await sdk.configure({ authType: 'Pkce' }), String(LIFETIME_SECONDS + 1)]
    const outcome = await sdk.python('whoami_twice.py', args, { env: sdk.browserOf('ada') })
    expect(outcome).toMatchObject({ status: 0, stdout: 'before ada\nafter ada\n' })
    expect(answers).toEqual(TWO_TOKENS)
    expect(await sdk.browserOpenings()).toBe(1)
  })

  it('is replaced with another one of the service', async () => {
    const admin = {
      authType: 'ClientSecret',
      clientId: SERVICE_CLIENT_ID,
      clientSecretEnvVar: 'SECRET',
    } as const
    const args = [await sdk.configure(admin), String(LIFETIME_SECONDS + 1)]
    const outcome = await sdk.python('whoami_twice.py', args, { env: { SECRET: SERVICE_CLIENT_SECRET } })
    expect(outcome).toMatchObject({ status: 0, stdout: 'before reporter\nafter reporter\n' })
    expect(answers).toEqual(TWO_TOKENS)
  })
})
