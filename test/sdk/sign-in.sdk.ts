/** Every way to sign in that the SDK has, and what somebody reads who cannot. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from '../../local/identity-provider/clients.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { requestToken } from '../../local/token.ts'
import { answerDevice } from './support/device.ts'
import { type Admin, createSdk, json, type Outcome, type RunOptions, type Sdk } from './support/sdk.ts'

const REPORTER = { subject: 'reporter', name: 'reporter', additionalClaims: { kind: 'application' } }
const ADA = {
  subject: 'ada',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  additionalClaims: { kind: 'user', source: 'bearer' },
}
const PKCE: Admin = { authType: 'Pkce' }
const SERVICE: Admin = {
  authType: 'ClientSecret',
  clientId: SERVICE_CLIENT_ID,
  clientSecretEnvVar: 'REPORTER_SECRET',
}
const secret = (value: string) => ({ REPORTER_SECRET: value })

let stack: Stack
let sdk: Sdk

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true })
})
afterAll(() => stack?.close())
beforeEach(async () => {
  sdk = await createSdk(stack)
})
afterEach(() => sdk.dispose())

async function whoami(admin: Admin, options: RunOptions = {}): Promise<Outcome> {
  return sdk.flyte(['--config', await sdk.configure(admin), '-of', 'json', 'whoami'], options)
}

/** A command that prints a token, and the text that it prints. */
async function commandThatPrints(text: string): Promise<Admin> {
  const file = join(sdk.home, 'token.txt')
  await writeFile(file, text)
  return { authType: 'ExternalCommand', command: ['cat', file] }
}

function apiKey(clientSecret: string): { FLYTE_API_KEY: string } {
  return {
    FLYTE_API_KEY: Buffer.from(`localhost:${SERVICE_CLIENT_ID}:${clientSecret}:`).toString('base64'),
  }
}

describe('flyte create config', () => {
  it('writes all that a laptop needs: the next command signs in with the browser', async () => {
    const file = join(sdk.home, 'config.yaml')
    const place = ['--project', 'flytesnacks', '--domain', 'development']
    const endpoint = ['--endpoint', `localhost:${stack.port}`]
    const made = await sdk.flyte(['create', 'config', ...endpoint, ...place, '--output', file])
    expect(made.status).toBe(0)
    expect(await readFile(file, 'utf8')).toContain(`dns:///localhost:${stack.port}`)
    const outcome = await sdk.flyte(['--config', file, '-of', 'json', 'whoami'], {
      env: sdk.browserOf('ada'),
    })
    expect(json(outcome)).toMatchObject(ADA)
    expect(await sdk.browserOpenings()).toBe(1)
  })
})

describe('somebody is known by name and e-mail', () => {
  it('after signing in with the browser', async () => {
    expect(json(await whoami(PKCE, { env: sdk.browserOf('ada') }))).toMatchObject(ADA)
  })

  it('after confirming the code of a device in a browser elsewhere', async () => {
    const answering = answerDevice('ada', 'confirm')
    const outcome = await whoami({ authType: 'DeviceFlow' }, { onOutput: answering.read })
    expect(outcome.status).toBe(0)
    expect(outcome.text).toContain('"name": "Ada Lovelace"')
    expect(await sdk.browserOpenings()).toBe(0)
  })

  it('with the token that a command prints', async () => {
    const token = await requestToken({ help: false, port: stack.port, person: 'ada', client: undefined })
    expect(json(await whoami(await commandThatPrints(`${token}\n`)))).toMatchObject(ADA)
  })
})

describe('a service is known as an application', () => {
  it('with its client secret', async () => {
    expect(json(await whoami(SERVICE, { env: secret(SERVICE_CLIENT_SECRET) }))).toMatchObject(REPORTER)
  })

  it('with an API key', async () => {
    // An API key has no room for a port, which only a stack on one's own machine has.
    const config = await sdk.configure(PKCE)
    const endpoint = ['--endpoint', `localhost:${stack.port}`]
    const outcome = await sdk.flyte(['--config', config, ...endpoint, '-of', 'json', 'whoami'], {
      env: apiKey(SERVICE_CLIENT_SECRET),
    })
    expect(json(outcome)).toMatchObject(REPORTER)
  })
})

describe('wrong credentials', () => {
  it('are named as such for a wrong client secret', async () => {
    const { status, text } = await whoami(SERVICE, { env: secret('wrong') })
    expect(status).toBe(1)
    expect(text).toContain('invalid_client')
    expect(text).not.toContain('"subject"')
  })

  it('are named as such for a wrong API key', async () => {
    const config = await sdk.configure(PKCE)
    const endpoint = ['--endpoint', `localhost:${stack.port}`]
    const { status, text } = await sdk.flyte(['--config', config, ...endpoint, 'whoami'], {
      env: apiKey('wrong'),
    })
    expect(status).toBe(1)
    expect(text).toContain('invalid_client')
  })

  it('are named as such for a command that prints no token of ours', async () => {
    const { status, text } = await whoami(await commandThatPrints('not-a-token'))
    expect(status).toBe(1)
    expect(text).toContain('ConnectError: Unauthorized')
    expect(text).not.toContain('"subject"')
  })

  it('are named as such for a command that fails', async () => {
    const { status, text } = await whoami({ authType: 'ExternalCommand', command: ['false'] })
    expect(status).toBe(1)
    expect(text).toContain('Failed to refresh token with command `false`')
  })

  it('are named as such for a device that somebody else started', async () => {
    const answering = answerDevice('ada', 'refuse')
    const { status, text } = await whoami({ authType: 'DeviceFlow' }, { onOutput: answering.read })
    expect(status).toBe(1)
    expect(text).toContain('The request was denied on the other device')
  })
})
