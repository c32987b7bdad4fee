/** The console in a real browser where the deployment signs people in itself, over the whole local stack. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { keepScreenshot, launchBrowser, recordPage } from './support/chromium.ts'
import { readContrasts, type TextContrast } from './support/contrast.ts'
import { createRun } from './support/runs.ts'
import { openVisitor, type Visitor, type VisitorOptions } from './support/visitor.ts'

/** How long the provider's proof holds here, so that it runs out while a test looks. */
const ID_TOKEN_SECONDS = 5
const SCOPES = ['openid', 'profile', 'email', 'offline_access']

let stack: Stack
let browser: Browser
let visitor: Visitor

beforeAll(async () => {
  stack = await startStack({
    port: 0,
    browserAuth: 'service',
    idTokenSeconds: ID_TOKEN_SECONDS,
    settings: { auth: { userAuth: { openId: { scopes: SCOPES } } } },
  })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})
beforeEach(() => open())
afterEach(() => visitor.close())

async function open(options?: VisitorOptions): Promise<void> {
  visitor = await openVisitor({ browser, stack }, options)
}

const runAddress = (name: string) =>
  `/v2/run?${new URLSearchParams({ project: 'flytesnacks', domain: 'development', name })}`
const notice = () => visitor.page.getByRole('status')
const heading = (name: string, page = visitor.page) => page.getByRole('heading', { level: 1, name })
const chip = (name: string, page = visitor.page) => page.getByRole('link', { name: `Signed in as ${name}` })
const idTokenRunsOut = () => visitor.page.waitForTimeout((ID_TOKEN_SECONDS + 1) * 1_000)

async function cookieNames(): Promise<string[]> {
  const cookies = await visitor.context.cookies(stack.url)
  return cookies.map(({ name }) => name).filter((name) => name.startsWith('flyte_'))
}

async function sessionCookie(): Promise<string | undefined> {
  const cookies = await visitor.context.cookies(stack.url)
  return cookies.find(({ name }) => name === 'flyte_idt')?.value
}

/** Signs out here, and at the provider, which asks. */
async function signOut(page: Page): Promise<void> {
  await page.goto(`${stack.url}/v2/whoami`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(`${stack.issuer}/**`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await heading('You are signed out', page).waitFor()
}

describe('somebody who comes without a session', () => {
  it('signs in at the provider and is where they wanted to go, with cookies that no script reads', async () => {
    const { page, context, record } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', runAddress(name))
    await heading('train_model').waitFor()
    expect(await chip('Ada Lovelace').textContent()).toContain('ada@example.com')
    const cookies = (await context.cookies(stack.url)).filter(({ name: one }) => one.startsWith('flyte_'))
    expect(cookies.map((one) => one.name).toSorted()).toEqual([
      'flyte_at',
      'flyte_idt',
      'flyte_rt',
      'flyte_signed_in',
      'flyte_user_info',
    ])
    for (const one of cookies) expect(one).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(record.complaints.filter((text) => !text.includes('favicon') && !text.includes('404'))).toEqual([])
  })

  it('does so in three tabs at once, each of which goes its own way', async () => {
    const paths = ['/v2', '/v2/connect', '/v2/whoami']
    const tabs = await Promise.all(paths.map(() => visitor.context.newPage()))
    await Promise.all(tabs.map((tab, index) => tab.goto(`${stack.url}${paths[index]}`)))
    for (const tab of tabs) expect(new URL(tab.url()).origin).toBe(stack.issuer)
    for (const [index, tab] of tabs.entries()) {
      await tab.getByRole('button', { name: 'Ada Lovelace' }).click()
      await tab.waitForURL(`${stack.url}${paths[index]}`)
      await chip('Ada Lovelace', tab).waitFor()
    }
    expect((await cookieNames()).filter((name) => /csrf|redirect/.test(name))).toEqual([])
  })

  it('is told on a page when they did not want to sign in after all', async () => {
    const { page } = visitor
    await page.goto(`${stack.url}/v2`)
    await page
      .getByRole('link', { name: /cancel/i })
      .or(page.getByRole('button', { name: /cancel/i }))
      .click()
    await heading('You were not signed in').waitFor()
    await keepScreenshot(page, 'service-not-signed-in')
    await page.getByRole('link', { name: 'Sign in' }).click()
    expect(new URL(page.url()).origin).toBe(stack.issuer)
  })

  it('is not led to another site', async () => {
    const { page } = visitor
    for (const target of ['//evil.example', '/%5Cevil.example', 'http:%2Fevil.example']) {
      await page.goto(`${stack.url}/login?redirect_url=${target}`)
      await heading('This link leads elsewhere').waitFor()
    }
  })
})

describe('somebody with a session', () => {
  it('starts a run, sees themselves as its maker, and aborts it after a question', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await page.getByRole('button', { name: 'Start a sample run' }).click()
    await notice().getByText('is recorded as made by Ada Lovelace (ada@example.com).').waitFor()
    await keepScreenshot(page, 'service-run-started')
    await notice().getByRole('link', { name: 'Open the run' }).click()
    await heading('hello').waitFor()
    await page.getByRole('button', { name: 'Abort', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Why').fill('Only a sample')
    await dialog.getByRole('button', { name: 'Abort the run' }).click()
    await notice().getByText('The run is aborted').waitFor()
    const aborted = await page.getByRole('region', { name: 'Aborted' }).textContent()
    expect(aborted).toMatch(/Ada Lovelace.*Only a sample/)
  })

  it('reads how it is known who they are', async () => {
    const { page } = visitor
    await visitor.signIn('Grace Hopper', '/v2/whoami')
    const known = page.getByRole('region', { name: 'How that is known' })
    expect(await known.textContent()).toMatch(/A session of this deployment.*openid, profile, email/)
    await page.getByLabel('The answer as JSON').getByText('"email": "grace@example.com"').waitFor()
    await keepScreenshot(page, 'service-whoami')
  })

  it('goes on when the proof of the provider runs out, in three tabs at once', async () => {
    const { page, context } = visitor
    await visitor.signIn('Ada Lovelace')
    const before = await sessionCookie()
    const others = [await context.newPage(), await context.newPage()]
    for (const tab of others) await tab.goto(`${stack.url}/v2`)
    const tabs = [page, ...others]
    const records = tabs.map(recordPage)
    await idTokenRunsOut()
    await Promise.all(tabs.map((tab) => tab.reload()))
    await idTokenRunsOut()
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Refresh' }).click()))
    for (const tab of tabs) {
      await tab.locator('#runs[aria-busy="false"]').waitFor()
      expect(await tab.getByText('Your session has ended').count()).toBe(0)
      await chip('Ada Lovelace', tab).waitFor()
    }
    expect(await sessionCookie()).not.toBe(before)
    expect(records.flatMap(({ complaints }) => complaints)).toEqual([])
  })
})

describe('a session that is over', () => {
  /** Without the means to renew it, the session ends with the proof. */
  async function sessionRunsOut(): Promise<void> {
    await visitor.context.clearCookies({ name: 'flyte_rt' })
    await idTokenRunsOut()
  }

  it('is said to be by the page that is open, and leads to a new one and back', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace', '/v2?status=aborted')
    await sessionRunsOut()
    await page.getByRole('button', { name: 'Refresh' }).click()
    await notice().getByText('Your session has ended. Sign in again to go on.').waitFor()
    await keepScreenshot(page, 'service-session-ended')
    await page.getByLabel('Domain').selectOption('production')
    await notice().getByRole('button', { name: 'Sign in again' }).click()
    await page.waitForURL((url) => url.pathname === '/v2')
    await chip('Ada Lovelace').waitFor()
    expect(new URL(page.url()).search).toBe('?project=flytesnacks&domain=production&status=aborted')
    await page.locator('#runs[aria-busy="false"]').waitFor()
  })

  it('is said to be by a page that is opened, and leads to a new one and back', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await sessionRunsOut()
    await page.goto(`${stack.url}/v2/connect`)
    await heading('Your session has ended').waitFor()
    await keepScreenshot(page, 'service-expired')
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await page.waitForURL(`${stack.url}/v2/connect`)
    await heading('Connect the SDK').waitFor()
  })

  it('is one that the person ended at the provider, which tells this deployment', async () => {
    const { page, context } = visitor
    await visitor.signIn('Ada Lovelace')
    const atProvider = await context.newPage()
    await atProvider.goto(`${stack.issuer}/session/end`)
    await atProvider.getByRole('button', { name: 'Sign out' }).click()
    const title = async () => {
      await page.goto(`${stack.url}/v2/connect`)
      return page.getByRole('heading', { level: 1 }).textContent()
    }
    await expect.poll(title, { timeout: 30_000, interval: 1_000 }).toMatch(/^Your session (was|has) ended$/)
  })

  it('is no loop in a browser that keeps no cookies of it', async () => {
    const { page, context } = visitor
    await visitor.signIn('Ada Lovelace')
    for (const name of ['flyte_idt', 'flyte_at', 'flyte_rt', 'flyte_user_info']) {
      await context.clearCookies({ name })
    }
    await page.goto(`${stack.url}/v2`)
    await heading('Your browser did not keep the session').waitFor()
  })
})

describe('signing out', () => {
  it('leaves no cookie of a session, here or at the provider, and the next one asks who it is', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await signOut(page)
    expect(await cookieNames()).toEqual([])
    await keepScreenshot(page, 'service-signed-out')
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await page.getByRole('button', { name: 'Grace Hopper' }).click()
    await page.waitForURL(`${stack.url}/v2`)
    await chip('Grace Hopper').waitFor()
  })

  it('is noticed by a tab that is still open', async () => {
    const { page, context } = visitor
    await visitor.signIn('Ada Lovelace')
    const other = await context.newPage()
    await signOut(other)
    await page.getByRole('button', { name: 'Refresh' }).click()
    await notice().getByText('Your session has ended.').waitFor()
  })

  it('by a link that somebody planted asks first', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await page.goto('data:text/html,<title>elsewhere</title>')
    await page.setContent(`<a href="${stack.url}/logout">Win a prize</a>`)
    await page.getByRole('link').click()
    await heading('Do you want to sign out?').waitFor()
    await keepScreenshot(page, 'service-ask-to-sign-out')
    await page.goto(`${stack.url}/v2`)
    await chip('Ada Lovelace').waitFor()
  })

  it('works without JavaScript, as signing in does', async () => {
    await visitor.close()
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    visitor = { ...visitor, page, context, close: () => context.close() }
    await page.goto(`${stack.url}/v2/whoami`)
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await heading('Ada Lovelace').waitFor()
    await signOut(page)
  })
})

describe('a page of another site', () => {
  const CREATE_RUN = '/flyteidl2.workflow.RunService/CreateRun'
  const calls: [string, string][] = [
    [
      'asks before it calls',
      "{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }",
    ],
    ['calls without asking', "{ method: 'POST', body: '{}' }"],
    ['only reads', '{}'],
  ]
  for (const [what, request] of calls) {
    it(`cannot use the session of somebody who looks at it when it ${what}`, async () => {
      const { page } = visitor
      await visitor.signIn('Ada Lovelace')
      await page.goto('data:text/html,<title>elsewhere</title>')
      const url = JSON.stringify(`${stack.url}${CREATE_RUN}`)
      const answer = await page.evaluate(
        `fetch(${url}, { credentials: 'include', ...${request} }).then(() => 'read', () => 'refused')`,
      )
      expect(answer).toBe('refused')
    })
  }

  it('is told so by the API, and a page of this one is not', async () => {
    const ask = (origin: string) =>
      fetch(`${stack.url}${CREATE_RUN}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    expect((await ask('https://evil.example')).status).toBe(403)
    const ours = await ask(stack.url)
    expect([ours.status, ours.headers.get('access-control-allow-origin')]).toEqual([204, stack.url])
  })
})

describe('cookies that are for this site alone', () => {
  it('are there after a sign-in, which comes from another one', async () => {
    const strict = await startStack({
      port: 0,
      browserAuth: 'service',
      settings: { auth: { userAuth: { cookieSetting: { sameSitePolicy: 'StrictMode' } } } },
    })
    const ofStrict = await openVisitor({ browser, stack: strict })
    try {
      await ofStrict.signIn('Ada Lovelace', '/v2/whoami')
      await heading('Ada Lovelace', ofStrict.page).waitFor()
      const cookies = await ofStrict.context.cookies(strict.url)
      expect(cookies.find(({ name }) => name === 'flyte_idt')?.sameSite).toBe('Strict')
    } finally {
      await ofStrict.close()
      await strict.close()
    }
  })
})

describe('the look of it', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast in ${colorScheme}`, async () => {
      await visitor.close()
      await open({ colorScheme })
      const { page } = visitor
      const found: TextContrast[] = []
      const look = async (name: string) => {
        found.push(...(await readContrasts(page)))
        await keepScreenshot(page, `service-${name}-${colorScheme}`)
      }
      await page.goto(`${stack.url}/login?redirect_url=//evil.example`)
      await look('refused')
      await page.goto(`${stack.url}/callback?state=x`)
      await heading('This sign-in cannot go on').waitFor()
      await look('unknown')
      await visitor.signIn('Ada Lovelace', '/v2/whoami')
      await look('whoami')
      await visitor.context.clearCookies({ name: 'flyte_rt' })
      await idTokenRunsOut()
      await page.goto(`${stack.url}/v2`)
      await look('expired')
      await page.getByRole('link', { name: 'Sign in again' }).click()
      await page.waitForURL(`${stack.url}/v2`)
      await signOut(page)
      await look('signed-out')
      expect(found.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    })
  }

  it('fits a narrow screen', async () => {
    await visitor.close()
    await open({ width: 360 })
    const { page } = visitor
    await page.goto(`${stack.url}/login?redirect_url=//evil.example`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    await visitor.signIn('Ada Lovelace', '/v2/whoami')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    await signOut(page)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    await keepScreenshot(page, 'service-narrow')
  })
})
