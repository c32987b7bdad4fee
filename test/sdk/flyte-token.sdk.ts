/** flyte-token as the command that the SDK calls for its token, and both tokens through an identity-aware proxy. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type IdentityAwareProxy, startIdentityAwareProxy } from '../../local/identity-aware-proxy/index.ts'
import { behindProxy, PROXY_AUDIENCE } from '../../local/identity-aware-proxy/settings.ts'
import { COMMAND_LINE_CLIENT_ID } from '../../local/identity-provider/clients.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { type Admin, createSdk, json, type Sdk } from './support/sdk.ts'

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'flyte-token.ts')

let stack: Stack
let proxy: IdentityAwareProxy
let sdk: Sdk

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true, settings: behindProxy() })
  const { issuer, authority, url } = stack
  proxy = await startIdentityAwareProxy({
    port: 0,
    issuer,
    audience: PROXY_AUDIENCE,
    jwksUri: `${issuer}/jwks`,
    passesOn: 'token',
    tls: await authority.issue(['localhost']),
  })
  proxy.forwardTo({ url, ca: authority.certificate })
})
afterAll(() => Promise.all([proxy?.close(), stack?.close()]))
beforeEach(async () => {
  sdk = await createSdk(stack)
})
afterEach(() => sdk.dispose())

const flags = () => ['user-id-token', '--issuer', stack.issuer, '--client-id', COMMAND_LINE_CLIENT_ID]

describe('the SDK with flyte-token for its command', () => {
  it('is a person who signed in once, however many commands follow', async () => {
    const command = [process.execPath, COMMAND, ...flags(), '--access-token']
    const admin: Admin = { authType: 'ExternalCommand', command }
    const whoami = async () =>
      sdk.flyte(['--config', await sdk.configure(admin), '-of', 'json', 'whoami'], {
        env: sdk.browserOf('ada'),
      })
    expect(json(await whoami())).toMatchObject({ subject: 'ada', name: 'Ada Lovelace' })
    expect(json(await whoami())).toMatchObject({ subject: 'ada' })
    expect(await sdk.browserOpenings()).toBe(1)
  })
})

describe('the SDK behind an identity-aware proxy', () => {
  /** Prints a person's token into a file, as the command does it for a shell. */
  async function tokenFile(person: string, ...more: string[]): Promise<string> {
    const env = { PATH: process.env.PATH, HOME: sdk.home, ...sdk.browserOf(person) }
    const args = [COMMAND, ...flags(), '--account', person, ...more]
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    const file = join(sdk.home, `${person}${more.join('')}.token`)
    await writeFile(file, stdout)
    return file
  }

  const whoami = (...headers: string[]) =>
    sdk.python('passthrough.py', [`dns:///localhost:${proxy.port}`, stack.authority.file ?? '', ...headers])

  it('is who Flyte’s token names, with a second token that opens the proxy', async () => {
    const outer = `proxy-authorization=${await tokenFile('grace')}`
    const inner = `authorization=${await tokenFile('ada', '--access-token')}`
    expect((await whoami(outer, inner)).stdout).toContain('subject ada')
  })

  it('is who came through the proxy, with that token alone', async () => {
    const outer = `proxy-authorization=${await tokenFile('grace')}`
    expect((await whoami(outer)).stdout).toContain('subject grace')
  })

  it('does not come through with Flyte’s token alone', async () => {
    const inner = `authorization=${await tokenFile('ada', '--access-token')}`
    const { status, stdout } = await whoami(inner)
    expect(status).not.toBe(0)
    expect(stdout).not.toContain('subject')
  })

  /** flytekit, whose `proxyCommand` is flyte-token for that person. */
  const withFlytekit = (person: string, inner: string) => {
    const command = [process.execPath, COMMAND, ...flags(), '--account', person]
    return sdk.python('flytekit_session.py', [`localhost:${proxy.port}`, inner, ...command], {
      env: { ...sdk.browserOf(person), REQUESTS_CA_BUNDLE: stack.authority.file ?? '' },
    })
  }

  it('is who it should be in flytekit, too, whose proxyCommand is flyte-token', async () => {
    expect((await withFlytekit('grace', '')).stdout).toContain('subject grace')
    const inner = await tokenFile('ada', '--access-token')
    expect((await withFlytekit('grace', inner)).stdout).toContain('subject ada')
  })
})
