/** Every way to sign in that the SDK has, where the deployment is its own authorization server. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { answerDevice } from './support/device.ts'
import { type Admin, createSdk, json, type Outcome, type RunOptions, type Sdk } from './support/sdk.ts'

const ADA = {
  subject: 'ada',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  additionalClaims: { kind: 'user', source: 'bearer', client_id: 'flytectl' },
}
const SERVICE = { subject: 'flytepropeller', additionalClaims: { kind: 'application' } }

let stack: Stack
let sdk: Sdk

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true, self: true })
})
afterAll(() => stack?.close())
beforeEach(async () => {
  sdk = await createSdk(stack)
})
afterEach(() => sdk.dispose())

async function whoami(admin: Admin, options: RunOptions = {}): Promise<Outcome> {
  return sdk.flyte(['--config', await sdk.configure(admin), '-of', 'json', 'whoami'], options)
}

describe('a person', () => {
  it('signs in with the browser, and is known by name and e-mail', async () => {
    expect(json(await whoami({ authType: 'Pkce' }, { env: sdk.browserOf('ada') }))).toMatchObject(ADA)
    expect(await sdk.browserOpenings()).toBe(1)
  })

  it('confirms the code of a device in a browser elsewhere', async () => {
    const answering = answerDevice('ada', 'confirm')
    const outcome = await whoami({ authType: 'DeviceFlow' }, { onOutput: answering.read })
    expect(outcome.status).toBe(0)
    expect(outcome.text).toContain('"name": "Ada Lovelace"')
  })

  it('does not let a device in that somebody else started', async () => {
    const answering = answerDevice('ada', 'refuse')
    const { status, text } = await whoami({ authType: 'DeviceFlow' }, { onOutput: answering.read })
    expect(status).toBe(1)
    expect(text).toContain('The request was denied on the other device')
  })
})

describe('a service', () => {
  const admin = (): Admin => ({
    authType: 'ClientSecret',
    clientId: String(stack.service?.clientId),
    clientSecretEnvVar: 'SERVICE_SECRET',
  })

  it('is known as an application by its client secret', async () => {
    const env = { SERVICE_SECRET: String(stack.service?.clientSecret) }
    expect(json(await whoami(admin(), { env }))).toMatchObject(SERVICE)
  })

  it('is known as an application by its API key', async () => {
    const key = `localhost:${stack.service?.clientId}:${stack.service?.clientSecret}:`
    const config = await sdk.configure({ authType: 'Pkce' })
    const endpoint = ['--endpoint', `localhost:${stack.port}`]
    const outcome = await sdk.flyte(['--config', config, ...endpoint, '-of', 'json', 'whoami'], {
      env: { FLYTE_API_KEY: Buffer.from(key).toString('base64') },
    })
    expect(json(outcome)).toMatchObject(SERVICE)
  })

  it('is told so with a wrong secret', async () => {
    const { status, text } = await whoami(admin(), { env: { SERVICE_SECRET: 'wrong' } })
    expect(status).toBe(1)
    expect(text).toContain('invalid_client')
  })
})
