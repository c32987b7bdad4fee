/** A stack that is its own authorization server, stopped in the middle of everything and started again. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as oauth from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { type Browser, createBrowser } from '../support/web-browser.ts'
import {
  beginSignIn,
  CALLBACK,
  connectDevice,
  deviceToken,
  discover,
  makerOfRun,
  openAs,
  tokensOf,
} from './support/own-tokens.ts'
import { freePort } from './support/ports.ts'

let directory: string
let stack: Stack
let config: oauth.Configuration

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'self-restart-'))
})
afterAll(async () => {
  await stack?.close()
  await rm(directory, { recursive: true })
})

async function start(port: number): Promise<void> {
  stack = await startStack({ port, dataDirectory: directory, self: true })
  config = await discover(stack)
}

const keysOf = async () => (await fetch(`${stack.url}/oauth2/jwks`)).text()

describe('a restart with kept data', () => {
  const ada: Browser = createBrowser({ stopAt: [CALLBACK] })
  let grace: Browser
  let begun: Awaited<ReturnType<typeof beginSignIn>>
  let beforeSignIn: URL
  let answered: { back: URL; checks: oauth.AuthorizationCodeGrantChecks }
  let device: oauth.DeviceAuthorizationResponse
  let tokens: Awaited<ReturnType<typeof tokensOf>>
  let before: { keys: string; service: Stack['service'] }

  beforeAll(async () => {
    const port = await freePort()
    await start(port)
    tokens = await tokensOf(config, ada, 'ada')
    const { url, checks } = await beginSignIn(config)
    answered = { back: (await ada.open(url)).url, checks }
    begun = await beginSignIn(config)
    const returning = `${stack.url}/oauth2/authorize_callback`
    grace = createBrowser({ stopAt: [returning, CALLBACK] })
    beforeSignIn = (await grace.open(begun.url)).url
    device = await oauth.initiateDeviceAuthorization(config, { scope: 'all offline' })
    before = { keys: await keysOf(), service: stack.service }
    await stack.close()
    await start(port)
  })

  it('keeps the signing keys and the secret of the service', async () => {
    expect({ keys: await keysOf(), service: stack.service }).toEqual(before)
  })

  it('keeps access tokens good, and refresh tokens', async () => {
    expect(await makerOfRun(stack, tokens.access_token)).toMatchObject({ subject: 'ada' })
    const next = await oauth.refreshTokenGrant(config, String(tokens.refresh_token))
    expect(await makerOfRun(stack, next.access_token)).toMatchObject({ subject: 'ada' })
  })

  it('lets a code be redeemed that was given before', async () => {
    const { access_token } = await oauth.authorizationCodeGrant(config, answered.back, answered.checks)
    expect(await makerOfRun(stack, access_token)).toMatchObject({ subject: 'ada' })
  })

  it('lets a person sign in who was on the way there', async () => {
    const returning = await openAs(grace, 'grace', beforeSignIn.href)
    const back = await grace.open(returning.url.href)
    const { access_token } = await oauth.authorizationCodeGrant(config, back.url, begun.checks)
    expect(await makerOfRun(stack, access_token)).toMatchObject({ subject: 'grace' })
  })

  it('lets a device be connected that had asked before', async () => {
    expect((await connectDevice(ada, device)).status).toBe(200)
    expect(await makerOfRun(stack, await deviceToken(config, device))).toMatchObject({ subject: 'ada' })
  })

  it('has no secret of a client in what authorization servers read, but a hash', async () => {
    const kept = JSON.parse(await readFile(join(directory, 'secrets.json'), 'utf8')) as Record<string, string>
    const values = Object.values(kept)
    expect(values.some((value) => value.includes('token_rsa_key.pem'))).toBe(true)
    expect(values.join('\n')).not.toContain(stack.service?.clientSecret)
  })
})
