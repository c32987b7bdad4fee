/** Keycloak signs people and services in: the recipe of `docs/identity-providers/keycloak.md`, carried out. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { launchBrowser } from '../browser/support/chromium.ts'
import { freePort } from '../end-to-end/support/ports.ts'
import { checkProvider } from './support/check.ts'
import { signInAsService, signInOnCommandLine, signInOnDevice } from './support/command-line.ts'
import { type Keycloak, prepareKeycloak, startKeycloak } from './support/keycloak.ts'
import { flyteRealm, PASSWORD, SECRETS } from './support/realm.ts'
import { makerInBrowser, makerWithToken } from './support/runs.ts'

const ADA = { kind: 'user', firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' }

let keycloak: Keycloak
let stack: Stack
/** One that signs browsers in itself. */
let service: Stack
let browser: Browser

beforeAll(async () => {
  const home = await prepareKeycloak(() => undefined)
  keycloak = await startKeycloak(home, await freePort())
  const [port, servicePort] = [await freePort(), await freePort()]
  const publicUrl = `http://localhost:${port}`
  const otherUrls = [`http://localhost:${servicePort}`]
  const commandLineRedirectUri = `http://localhost:${await freePort()}/callback`
  const url = await keycloak.importRealm(flyteRealm({ publicUrl, otherUrls, commandLineRedirectUri }))
  const provider = {
    url,
    clientId: 'flyte-load-balancer',
    clientSecret: SECRETS.loadBalancer,
    commandLineClientId: 'flyte-cli',
  }
  service = await startStack({ port: servicePort, browserAuth: 'service', provider })
  stack = await startStack({
    port,
    provider,
    settings: {
      auth: { appAuth: { thirdPartyConfig: { flyteClient: { redirectUri: commandLineRedirectUri } } } },
    },
  })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([stack?.close(), service?.close()])
  await keycloak?.close()
})

/** Does what a person does on Keycloak's page. */
async function fillIn(page: Page): Promise<void> {
  await page.locator('#username').fill('ada')
  await page.locator('#password').fill(PASSWORD)
  await page.locator('#kc-login').click()
}

async function openPage(address: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(address)
  return page
}

async function signInAsAda() {
  return signInOnCommandLine(stack, async (address) => {
    const page = await openPage(address)
    await fillIn(page)
    await page.getByText('You can close this window.').waitFor()
    await page.context().close()
  })
}

describe('with Keycloak', () => {
  it('a browser is signed in by the load balancer, and its runs are the person’s', async () => {
    const page = await openPage(`${stack.url}/v2`)
    await fillIn(page)
    await page.waitForURL(`${stack.url}/v2**`)
    expect(await makerInBrowser(page)).toMatchObject(ADA)
    await page.context().close()
  })

  it('a command line that knows only the host signs in, and its runs are the same person’s', async () => {
    const page = await openPage(`${stack.url}/v2`)
    await fillIn(page)
    await page.waitForURL(`${stack.url}/v2**`)
    const inBrowser = await makerInBrowser(page)
    await page.context().close()
    const { accessToken } = await signInAsAda()
    expect(await makerWithToken(stack, accessToken)).toEqual(inBrowser)
  })

  it('a command line refreshes its token', async () => {
    const { refresh } = await signInAsAda()
    expect(await makerWithToken(stack, await refresh())).toMatchObject(ADA)
  })

  it('a command line without a browser signs in with one elsewhere', async () => {
    const token = await signInOnDevice(stack, async (address) => {
      const page = await openPage(address)
      await fillIn(page)
      await page.locator('#kc-login[name="accept"]').click()
      await page.getByText('Device Login Successful').waitFor()
      await page.context().close()
    })
    expect(await makerWithToken(stack, token)).toMatchObject(ADA)
  })

  it('a browser is signed in by the deployment itself, and signed out here and there', async () => {
    const page = await openPage(`${service.url}/v2/whoami`)
    await fillIn(page)
    await page.waitForURL(`${service.url}/v2/whoami`)
    expect(await makerInBrowser(page)).toMatchObject(ADA)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor()
    await page.goto(`${service.url}/v2`)
    // Keycloak knows nobody any more: it asks for the password again.
    await page.locator('#password').waitFor()
    await page.context().close()
  })

  it('a service’s runs are an application’s', async () => {
    const token = await signInAsService({
      stack,
      clientId: 'Flyte-Reporter',
      clientSecret: SECRETS.reporter,
    })
    expect(await makerWithToken(stack, token)).toMatchObject({ kind: 'application', name: 'Flyte-Reporter' })
  })

  it('nothing has to change, says the check, with a token of the person', async () => {
    const { accessToken } = await signInAsAda()
    const args = [stack.issuer, '--client-id', 'flyte-load-balancer', '--public-url', stack.url]
    const { ok, changes } = await checkProvider(args, accessToken)
    expect({ ok, changes }).toEqual({ ok: true, changes: [] })
  })
})
