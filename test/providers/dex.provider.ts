/** Dex signs people in: the recipe of `docs/identity-providers/dex.md`, carried out, both ways to issue tokens. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { launchBrowser } from '../browser/support/chromium.ts'
import { freePort } from '../end-to-end/support/ports.ts'
import { checkProvider } from './support/check.ts'
import { type CommandLineTokens, signInOnCommandLine } from './support/command-line.ts'
import { type Dex, prepareDex, startDex } from './support/dex.ts'
import { makerInBrowser, makerWithToken } from './support/runs.ts'

const USER = { email: 'ada@example.com', username: 'Ada Lovelace', password: 'correct horse battery staple' }
/** Dex knows no given and family names; the first name of a run is then the whole one. */
const ADA = { kind: 'user', firstName: 'Ada Lovelace', lastName: '', email: 'ada@example.com' }
const LOAD_BALANCER_SECRET = 'secret-of-the-load-balancer'

let dex: Dex
let external: Stack
let self: Stack
let browser: Browser

beforeAll(async () => {
  const program = await prepareDex(() => undefined)
  const [externalPort, selfPort] = [await freePort(), await freePort()]
  const redirectUri = `http://localhost:${await freePort()}/callback`
  dex = await startDex(program, {
    port: await freePort(),
    users: [USER],
    clients: [
      {
        id: 'flyte-load-balancer',
        name: 'Flyte',
        secret: LOAD_BALANCER_SECRET,
        redirectURIs: [externalPort, selfPort].map((port) => `http://localhost:${port}/oauth2/idpresponse`),
      },
      { id: 'flyte-cli', name: 'Flyte command line', public: true, redirectURIs: [redirectUri] },
    ],
  })
  const provider = {
    url: dex.issuer,
    clientId: 'flyte-load-balancer',
    clientSecret: LOAD_BALANCER_SECRET,
    commandLineClientId: 'flyte-cli',
    audience: 'flyte-cli',
  }
  const flyteClient = { redirectUri, scopes: ['openid', 'profile', 'email', 'offline_access'], audience: '' }
  external = await startStack({
    port: externalPort,
    provider,
    settings: {
      auth: {
        appAuth: { externalAuthServer: { acceptIdTokens: true }, thirdPartyConfig: { flyteClient } },
      },
    },
  })
  self = await startStack({ port: selfPort, self: true, provider, settings: ownTokens(redirectUri) })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([external?.close(), self?.close()])
  await dex?.close()
})

/** A deployment that issues its own tokens, for whoever Dex signs in. */
function ownTokens(redirectUri: string) {
  const staticClients = { 'flyte-test': { public: true, redirect_uris: [redirectUri] } }
  return {
    auth: {
      appAuth: {
        selfAuthServer: { staticClients },
        thirdPartyConfig: { flyteClient: { clientId: 'flyte-test', redirectUri } },
      },
    },
  }
}

async function fillIn(page: Page): Promise<void> {
  await page.locator('input[name="login"]').fill(USER.email)
  await page.locator('input[name="password"]').fill(USER.password)
  await page.locator('#submit-login').click()
}

async function openPage(address: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(address)
  return page
}

async function signInAsAda(stack: Stack, finish?: (page: Page) => Promise<void>): Promise<CommandLineTokens> {
  return signInOnCommandLine(stack, async (address) => {
    const page = await openPage(address)
    await fillIn(page)
    await finish?.(page)
    await page.getByText('You can close this window.').waitFor()
    await page.context().close()
  })
}

async function makerOfBrowser(stack: Stack) {
  const page = await openPage(`${stack.url}/v2`)
  await fillIn(page)
  await page.waitForURL(`${stack.url}/v2**`)
  const maker = await makerInBrowser(page)
  await page.context().close()
  return maker
}

describe('with Dex', () => {
  it('a browser is signed in by the load balancer, and its runs are the person’s', async () => {
    expect(await makerOfBrowser(external)).toMatchObject(ADA)
  })

  it('a command line that knows only the host signs in with Dex’s tokens, as the same person', async () => {
    const { accessToken } = await signInAsAda(external)
    expect(await makerWithToken(external, accessToken)).toEqual(await makerOfBrowser(external))
  })

  it('a command line refreshes a token of Dex', async () => {
    const { refresh } = await signInAsAda(external)
    expect(await makerWithToken(external, await refresh())).toMatchObject(ADA)
  })

  it('nothing has to change, says the check, where the form of its access tokens is accepted', async () => {
    const { accessToken } = await signInAsAda(external)
    const args = [dex.issuer, '--audience', 'flyte-cli']
    expect(await checkProvider([...args, '--accept-id-tokens'], accessToken)).toEqual({
      ok: true,
      changes: [],
    })
    const { changes } = await checkProvider(args, accessToken)
    expect(changes).toEqual([expect.stringContaining('ID token')])
  })
})

describe('with Dex and tokens of our own', () => {
  it('a command line signs in with what this deployment issues, as the person that Dex names', async () => {
    const { accessToken } = await signInAsAda(self, (page) =>
      page.getByRole('button', { name: 'Allow', exact: true }).click(),
    )
    expect(await makerWithToken(self, accessToken)).toEqual(await makerOfBrowser(self))
  })
})
