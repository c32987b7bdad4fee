/** The console in a real browser, over the whole local stack, signed in by its load balancer. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { keepScreenshot, launchBrowser, type PageRecord, recordPage } from './support/chromium.ts'
import { readContrasts } from './support/contrast.ts'
import { abortRun, createRun } from './support/runs.ts'

const CREATE_RUN = '**/flyteidl2.workflow.RunService/CreateRun'
const LIST_RUNS = '**/flyteidl2.workflow.RunService/ListRuns'
const HOSTILE = `<img src=x onerror="alert(1)">`

let stack: Stack
let browser: Browser
let context: BrowserContext
let page: Page
let record: PageRecord

beforeAll(async () => {
  stack = await startStack({ port: 0 })
  browser = await launchBrowser()
  const refused = await createRun(stack, { person: 'grace' }, 'train_model')
  await abortRun(stack, { person: 'grace' }, refused, 'Wrong data set')
  await createRun(stack, { client: 'reporter' }, 'nightly_report')
  await createRun(stack, { person: 'ada' }, 'tokenize')
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})
beforeEach(() => openContext('light'))
afterEach(() => context.close())

async function openContext(colorScheme: 'light' | 'dark', width = 1200): Promise<void> {
  context = await browser.newContext({ colorScheme, viewport: { width, height: 760 } })
  page = await context.newPage()
  record = recordPage(page)
}

/** Opens the console and signs in as one of the provider's people. */
async function signIn(name: string): Promise<void> {
  await page.goto(`${stack.url}/v2`)
  await page.getByRole('button', { name }).click()
  await page.getByRole('table', { name: 'Newest runs' }).waitFor()
}

const startButton = () => page.getByRole('button', { name: 'Start a sample run' })
const newRow = () => page.locator('tr.new')
const notice = () => page.getByRole('status')
const details = () => page.getByRole('dialog')

async function startRun(): Promise<string> {
  await startButton().click()
  await notice().getByText('is recorded as made by').waitFor()
  return (await newRow().getByRole('button').textContent()) ?? ''
}

describe('somebody who opens the console', () => {
  it('signs in at the provider, comes back, and sees who they are', async () => {
    await page.goto(`${stack.url}/v2`)
    expect(new URL(page.url()).origin).toBe(stack.issuer)
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await page.waitForURL(`${stack.url}/v2`)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Ada Lovelace')
    const identity = await page.getByRole('region', { name: 'Ada Lovelace' }).textContent()
    expect(identity).toContain('ada@example.com')
    expect(identity).toContain(`The load balancer signed you in with ${new URL(stack.issuer).host}`)
  })

  it('is led there from /console', async () => {
    await signIn('Ada Lovelace')
    await page.goto(`${stack.url}/console`)
    expect(page.url()).toBe(`${stack.url}/v2`)
  })

  it('sees the newest runs and who made them, people and applications', async () => {
    await signIn('Grace Hopper')
    const row = (task: string) => page.getByRole('row').filter({ hasText: task }).textContent()
    expect(await row('tokenize')).toMatch(/Ada Lovelace\s*ada@example\.com.*Queued/)
    expect(await row('nightly_report')).toMatch(/reporter\s*Application/)
    expect(await row('train_model')).toMatch(/Grace Hopper\s*grace@example\.com.*Aborted/)
  })

  it('asks only this site for anything, and the browser has nothing to complain about', async () => {
    await signIn('Ada Lovelace')
    record.origins.clear()
    record.complaints.length = 0
    await page.reload()
    await startRun()
    await newRow().getByRole('button').click()
    await details().getByText('Executed by').waitFor()
    expect([...record.origins]).toEqual([stack.url])
    expect(record.complaints).toEqual([])
  })
})

describe('somebody who starts a sample run', () => {
  it('sees it first in the list, with their name and e-mail as its maker', async () => {
    await signIn('Ada Lovelace')
    const name = await startRun()
    expect(await notice().textContent()).toContain(
      `Run ${name} is recorded as made by Ada Lovelace (ada@example.com).`,
    )
    expect(await page.locator('tbody tr').first().textContent()).toMatch(
      /hello.*Ada Lovelace\s*ada@example\.com/,
    )
    await keepScreenshot(page, 'console')
  })

  it('reads the same in its details, where the service says executed_by', async () => {
    await signIn('Grace Hopper')
    const name = await startRun()
    const answer = page.waitForResponse((response) => response.url().endsWith('/GetRunDetails'))
    await newRow().getByRole('button').click()
    const message = (await (await answer).json()) as { details: { action: { metadata: object } } }
    expect(message.details.action.metadata).toMatchObject({
      executedBy: { user: { spec: { firstName: 'Grace', lastName: 'Hopper', email: 'grace@example.com' } } },
    })
    await details().getByText('Executed by').waitFor()
    const text = await details().textContent()
    expect(text).toContain(name)
    expect(text).toMatch(/Executed byGHGrace Hoppergrace@example\.com/)
    expect(text).toContain('echo Hello from the console')
    await keepScreenshot(page, 'details')
  })

  it('needs no mouse, and keeps the place they were at', async () => {
    await signIn('Ada Lovelace')
    await startButton().focus()
    await page.keyboard.press('Enter')
    await newRow().waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('start')
    await newRow().getByRole('button').focus()
    await page.keyboard.press('Enter')
    await details().getByText('Executed by').waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('details-title')
    await page.keyboard.press('Escape')
    expect(await details().count()).toBe(0)
    expect(await page.evaluate("document.activeElement.closest('tr').className")).toBe('new')
  })

  it('makes one run, even if the first answer was lost', async () => {
    await signIn('Ada Lovelace')
    const before = await page.locator('tbody tr').count()
    await page.route(CREATE_RUN, async (route) => {
      await route.fetch()
      await route.abort()
    })
    await startButton().click()
    await notice().getByText('does not answer').waitFor()
    await page.unroute(CREATE_RUN)
    await notice().getByRole('button', { name: 'Try again' }).click()
    await newRow().waitFor()
    expect(await page.locator('tbody tr').count()).toBe(before + 1)
  })

  it('is told in a sentence why it was refused', async () => {
    await signIn('Ada Lovelace')
    const json = { code: 'permission_denied', message: 'You may not start runs here.' }
    await page.route(CREATE_RUN, (route) => route.fulfill({ status: 403, json }))
    await startButton().click()
    await notice().getByText('You may not start runs here.').waitFor()
  })
})

describe('when something is not as it should be', () => {
  it('a session that has ended is said to have, and leads to a new sign-in', async () => {
    await signIn('Ada Lovelace')
    await context.clearCookies()
    await page.getByRole('button', { name: 'Refresh' }).click()
    await notice().getByText('Your session has ended.').waitFor()
    await keepScreenshot(page, 'session-ended')
    await notice().getByRole('button', { name: 'Sign in again' }).click()
    await page.waitForURL(`${stack.issuer}/**`)
    await page.getByRole('button', { name: 'Grace Hopper' }).click()
    await page.getByRole('heading', { level: 1, name: 'Grace Hopper' }).waitFor()
  })

  it('a call that is sent to the provider counts as an ended session', async () => {
    await signIn('Ada Lovelace')
    const headers = { location: `${stack.issuer}/auth` }
    await page.route(LIST_RUNS, (route) => route.fulfill({ status: 302, headers }))
    await page.getByRole('button', { name: 'Refresh' }).click()
    await notice().getByText('Your session has ended.').waitFor()
  })

  it('a service that is away can be asked again, and the list stays', async () => {
    await signIn('Ada Lovelace')
    const before = await page.locator('tbody tr').count()
    await page.route(LIST_RUNS, (route) => route.fulfill({ status: 502, body: '<html>Bad Gateway</html>' }))
    await page.getByRole('button', { name: 'Refresh' }).click()
    await notice().getByText('does not answer properly (status 502)').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(before)
    await page.unroute(LIST_RUNS)
    await notice().getByRole('button', { name: 'Try again' }).click()
    await notice().getByText('does not answer properly').waitFor({ state: 'detached' })
  })

  it('a task with a hostile name is shown as the text it is', async () => {
    await createRun(stack, { person: 'ada' }, HOSTILE)
    await signIn('Ada Lovelace')
    record.complaints.length = 0
    await page.reload()
    const row = page.getByRole('row').filter({ hasText: HOSTILE })
    await row.getByRole('button').click()
    await details().getByText('Executed by').waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(record.complaints).toEqual([])
  })

  it('another domain has its own runs, and is kept in the address', async () => {
    await signIn('Ada Lovelace')
    await page.getByLabel('Domain').selectOption('production')
    await page.getByText('No runs yet').waitFor()
    expect(new URL(page.url()).search).toBe('?project=flytesnacks&domain=production')
    await page.reload()
    await page.getByText('No runs yet').waitFor()
    await keepScreenshot(page, 'no-runs')
    await page.goto(`${stack.url}/v2?domain=nowhere`)
    await page.getByRole('table').waitFor()
  })

  it('a file of the page is no way around the sign-in', async () => {
    await page.goto(`${stack.url}/v2/console.js`)
    expect(new URL(page.url()).origin).toBe(stack.issuer)
  })
})

describe('the look of it', () => {
  for (const scheme of ['light', 'dark'] as const) {
    it(`has enough contrast in ${scheme}`, async () => {
      await context.close()
      await openContext(scheme)
      await page.emulateMedia({ reducedMotion: 'reduce' })
      await signIn('Ada Lovelace')
      await startRun()
      await keepScreenshot(page, `console-${scheme}`)
      const onPage = await readContrasts(page)
      await newRow().getByRole('button').click()
      await details().getByText('Executed by').waitFor()
      await keepScreenshot(page, `details-${scheme}`)
      const tooWeak = [...onPage, ...(await readContrasts(page))].filter(({ ratio }) => ratio < 4.5)
      expect(tooWeak).toEqual([])
    })
  }

  it('follows the colour scheme of the system', async () => {
    await signIn('Ada Lovelace')
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await ground()).not.toBe(light)
  })

  it('fits a narrow screen', async () => {
    await context.close()
    await openContext('light', 360)
    await signIn('Ada Lovelace')
    await startRun()
    await keepScreenshot(page, 'console-narrow')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    await newRow().getByRole('button').click()
    await details().getByText('Executed by').waitFor()
    await keepScreenshot(page, 'details-narrow')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  it('stands still for people who asked for that', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await signIn('Ada Lovelace')
    await startRun()
    expect(await page.evaluate('document.getAnimations().length')).toBe(0)
  })
})
