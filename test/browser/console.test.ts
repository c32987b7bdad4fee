/** The runs page in a real browser, over the whole local stack, signed in by its load balancer. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { keepScreenshot, launchBrowser } from './support/chromium.ts'
import { readContrasts } from './support/contrast.ts'
import { abortRun, createRun } from './support/runs.ts'
import { openVisitor, type Visitor, type VisitorOptions } from './support/visitor.ts'

const CREATE_RUN = '**/flyteidl2.workflow.RunService/CreateRun'
const LIST_RUNS = '**/flyteidl2.workflow.RunService/ListRuns'
const HOSTILE = `<img src=x onerror="alert(1)">`

let stack: Stack
let browser: Browser
let visitor: Visitor

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
beforeEach(() => open())
afterEach(() => visitor.close())

async function open(options?: VisitorOptions): Promise<void> {
  visitor = await openVisitor({ browser, stack }, options)
}

const startButton = () => visitor.page.getByRole('button', { name: 'Start a sample run' })
const newRow = () => visitor.page.locator('tr.new')
const rows = () => visitor.page.locator('#runs tbody tr')
const row = (text: string) => rows().filter({ hasText: text })
const notice = () => visitor.page.getByRole('status')
const refresh = () => visitor.page.getByRole('button', { name: 'Refresh' }).click()

async function startRun(): Promise<string> {
  await startButton().click()
  await notice().getByText('is recorded as made by').waitFor()
  return (await newRow().getByRole('link').textContent()) ?? ''
}

describe('somebody who opens the console', () => {
  it('signs in at the provider, comes back, and sees who they are', async () => {
    const { page } = visitor
    await page.goto(`${stack.url}/v2`)
    expect(new URL(page.url()).origin).toBe(stack.issuer)
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await page.waitForURL(`${stack.url}/v2`)
    const chip = page.getByRole('link', { name: 'Signed in as Ada Lovelace' })
    expect(await chip.textContent()).toContain('ada@example.com')
  })

  it('is led there from /console', async () => {
    await visitor.signIn('Ada Lovelace')
    await visitor.page.goto(`${stack.url}/console`)
    expect(visitor.page.url()).toBe(`${stack.url}/v2`)
  })

  it('sees the newest runs and who made them, people and applications', async () => {
    await visitor.signIn('Grace Hopper')
    expect(await row('tokenize').textContent()).toMatch(/Ada Lovelace\s*ada@example\.com.*Queued/)
    expect(await row('nightly_report').textContent()).toMatch(/reporter\s*Application/)
    expect(await row('train_model').textContent()).toMatch(/Grace Hopper\s*grace@example\.com.*Aborted/)
  })

  it('asks only this site for anything, and the browser has nothing to complain about', async () => {
    const { page, record } = visitor
    await visitor.signIn('Ada Lovelace')
    record.origins.clear()
    record.complaints.length = 0
    await page.reload()
    await startRun()
    for (const path of ['/v2/whoami', '/v2/connect']) await page.goto(`${stack.url}${path}`)
    await page.goBack()
    await page.getByText('"subject": "ada"').waitFor()
    expect([...record.origins]).toEqual([stack.url])
    expect(record.complaints).toEqual([])
  })
})

describe('somebody who starts a sample run', () => {
  it('sees it first in the list, with their name and e-mail as its maker', async () => {
    await visitor.signIn('Ada Lovelace')
    const name = await startRun()
    expect(await notice().textContent()).toContain(
      `Run ${name} is recorded as made by Ada Lovelace (ada@example.com).`,
    )
    expect(await rows().first().textContent()).toMatch(/hello.*Ada Lovelace\s*ada@example\.com/)
    await keepScreenshot(visitor.page, 'console')
  })

  it('needs no mouse, and keeps the place they were at', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await startButton().focus()
    await page.keyboard.press('Enter')
    await newRow().waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('start')
    await newRow().getByRole('link').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Executed by' }).waitFor()
  })

  it('makes one run, even if the first answer was lost', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    const before = await rows().count()
    await page.route(CREATE_RUN, async (route) => {
      await route.fetch()
      await route.abort()
    })
    await startButton().click()
    await notice().getByText('does not answer').waitFor()
    await page.unroute(CREATE_RUN)
    await notice().getByRole('button', { name: 'Try again' }).click()
    await newRow().waitFor()
    expect(await rows().count()).toBe(before + 1)
  })

  it('is told in a sentence why it was refused, and that another try would not help', async () => {
    await visitor.signIn('Ada Lovelace')
    const json = { code: 'permission_denied', message: 'You may not start runs here.' }
    await visitor.page.route(CREATE_RUN, (route) => route.fulfill({ status: 403, json }))
    await startButton().click()
    await notice().getByText('You may not start runs here.').waitFor()
    expect(await notice().getByRole('button').count()).toBe(0)
    expect(await notice().getByRole('link', { name: 'Who am I here?' }).count()).toBe(1)
  })
})

describe('the filters', () => {
  it('show only what was made by whoever looks, and keep that in the address', async () => {
    const { page } = visitor
    await visitor.signIn('Grace Hopper')
    await page.getByLabel('Made by').selectOption('mine')
    await row('train_model').waitFor()
    expect(await row('tokenize').count()).toBe(0)
    expect(new URL(page.url()).searchParams.get('owner')).toBe('mine')
    await page.reload()
    await row('train_model').waitFor()
    expect(await rows().filter({ hasText: 'Ada Lovelace' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await row('tokenize').waitFor()
    expect(new URL(page.url()).searchParams.has('owner')).toBe(false)
  })

  it('offer the people and applications of the list, by name', async () => {
    const { page } = visitor
    await visitor.signIn('Grace Hopper')
    await page.getByLabel('Made by').selectOption({ label: 'reporter' })
    await row('nightly_report').waitFor()
    expect(await rows().count()).toBe(1)
  })

  it('show only runs that went one way, and say so if there is none', async () => {
    const { page } = visitor
    await visitor.signIn('Grace Hopper', '/v2?status=aborted')
    expect(await page.getByLabel('Status').inputValue()).toBe('aborted')
    expect(await rows().allTextContents()).toEqual([expect.stringContaining('train_model')])
    await page.getByLabel('Status').selectOption('failed')
    await page.getByText('No runs like that').waitFor()
  })

  it('take nothing from an address that is not one of their choices', async () => {
    await visitor.signIn('Ada Lovelace', '/v2?status=everything&domain=nowhere')
    expect(await visitor.page.getByLabel('Status').inputValue()).toBe('')
    expect(await visitor.page.getByLabel('Domain').inputValue()).toBe('development')
  })

  it('lead to another domain, with runs of its own', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await page.getByLabel('Domain').selectOption('production')
    await page.getByText('No runs yet').waitFor()
    expect(new URL(page.url()).search).toBe('?project=flytesnacks&domain=production')
    await page.reload()
    await page.getByText('No runs yet').waitFor()
    await keepScreenshot(page, 'no-runs')
  })
})

describe('the list, while somebody looks at it', () => {
  it('shows by itself what others start, and says it aloud', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await createRun(stack, { person: 'grace' }, 'started_elsewhere')
    await row('started_elsewhere').waitFor({ timeout: 15_000 })
    await page.locator('#changes', { hasText: 'New run of started_elsewhere by Grace Hopper.' }).waitFor()
  })

  it('leaves the focus where it is', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await row('train_model').getByRole('link').focus()
    await createRun(stack, { person: 'grace' }, 'pushes_down')
    await row('pushes_down').waitFor({ timeout: 15_000 })
    expect(await page.evaluate("document.activeElement.closest('tr').textContent")).toContain('train_model')
  })

  it('stands still once somebody asks for that', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    const live = page.getByRole('button', { name: 'Live' })
    await live.click()
    expect(await live.getAttribute('aria-pressed')).toBe('false')
    let asked = 0
    await page.route(LIST_RUNS, (route) => {
      asked += 1
      return route.continue()
    })
    await page.waitForTimeout(7_000)
    expect(asked).toBe(0)
    await live.click()
    await page.waitForResponse((response) => response.url().endsWith('/ListRuns'))
  })

  it('goes on with older runs, and keeps them when newer ones come', async () => {
    const { page } = visitor
    for (let i = 0; i < 21; i++) await createRun(stack, { person: 'grace' }, `older_${i}`, 'staging')
    await visitor.signIn('Ada Lovelace', '/v2?domain=staging')
    expect(await rows().count()).toBe(20)
    await page.getByRole('button', { name: 'Show older runs' }).click()
    await row('older_0').waitFor()
    expect(await rows().count()).toBe(21)
    await createRun(stack, { person: 'grace' }, 'one_more', 'staging')
    await refresh()
    await row('one_more').waitFor()
    expect(await rows().count()).toBe(22)
  })
})

describe('the chart', () => {
  it('says in words and in a table what it shows', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace', '/v2?owner=reporter')
    const picture = page.getByRole('img', { name: /^Runs over time\./ })
    expect(await picture.getAttribute('aria-label')).toMatch(/1 run: In progress 1\.$/)
    await page.getByText('As a table').click()
    const table = page.getByRole('region', { name: 'Runs over time as a table' })
    expect(await table.getByRole('columnheader').allTextContents()).toEqual(['Time', 'In progress', 'All'])
    expect(await table.getByRole('row').count()).toBe(8)
  })

  it('is coloured by person, and covers another time, when asked to', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await page.getByText('By person').click()
    const legend = page.locator('.legend li')
    expect((await legend.allTextContents()).join(' ')).toMatch(
      /Grace Hopper.*reporter|reporter.*Grace Hopper/,
    )
    await page.getByText('24 hours').click()
    await page.locator('#chart-summary', { hasText: 'in the last 24 hours' }).waitFor()
    await keepScreenshot(page, 'chart-by-person')
  })
})

describe('when something is not as it should be', () => {
  it('a session that has ended is said to have, and leads to a new sign-in', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    await visitor.context.clearCookies()
    await refresh()
    await notice().getByText('Your session has ended.').waitFor()
    await keepScreenshot(page, 'session-ended')
    await notice().getByRole('button', { name: 'Sign in again' }).click()
    await page.waitForURL(`${stack.issuer}/**`)
    await page.getByRole('button', { name: 'Grace Hopper' }).click()
    await page.getByRole('link', { name: 'Signed in as Grace Hopper' }).waitFor()
  })

  it('a session that the API does not accept is no loop of signing in', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    const json = { code: 'unauthenticated', message: 'The identity header was signed for another client.' }
    await page.route('**/flyteidl2.**', (route) => route.fulfill({ status: 401, json }))
    await refresh()
    await notice().getByRole('button', { name: 'Sign in again' }).click()
    await notice().getByText('the service does not accept it. The identity header was signed').waitFor()
    expect(await notice().getByRole('button').count()).toBe(0)
    expect(await notice().getByRole('link', { name: 'Who am I here?' }).count()).toBe(1)
  })

  it('a call that is sent to the provider counts as an ended session', async () => {
    await visitor.signIn('Ada Lovelace')
    const headers = { location: `${stack.issuer}/auth` }
    await visitor.page.route(LIST_RUNS, (route) => route.fulfill({ status: 302, headers }))
    await refresh()
    await notice().getByText('Your session has ended.').waitFor()
  })

  it('a service that is away can be asked again, and the list stays', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    const before = await rows().count()
    await page.route(LIST_RUNS, (route) => route.fulfill({ status: 502, body: '<html>Bad Gateway</html>' }))
    await refresh()
    await notice().getByText('does not answer properly (status 502)').waitFor()
    expect(await rows().count()).toBe(before)
    await page.unroute(LIST_RUNS)
    await notice().getByRole('button', { name: 'Try again' }).click()
    await notice().getByText('does not answer properly').waitFor({ state: 'detached' })
  })

  it('a task with a hostile name is shown as the text it is', async () => {
    const { page, record } = visitor
    await createRun(stack, { person: 'ada' }, HOSTILE)
    await visitor.signIn('Ada Lovelace')
    record.complaints.length = 0
    await page.reload()
    await row(HOSTILE).getByRole('link').click()
    await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(record.complaints).toEqual([])
  })

  it('a file of the page is no way around the sign-in', async () => {
    await visitor.page.goto(`${stack.url}/v2/console.js`)
    expect(new URL(visitor.page.url()).origin).toBe(stack.issuer)
  })
})

describe('the look of it', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast in ${colorScheme}`, async () => {
      await visitor.close()
      await open({ colorScheme })
      await visitor.page.emulateMedia({ reducedMotion: 'reduce' })
      await visitor.signIn('Ada Lovelace')
      await startRun()
      await keepScreenshot(visitor.page, `console-${colorScheme}`)
      expect((await readContrasts(visitor.page)).filter(({ ratio }) => ratio < 4.5)).toEqual([])
    })
  }

  it('follows the colour scheme of the system', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace')
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await ground()).not.toBe(light)
  })

  it('fits a narrow screen', async () => {
    await visitor.close()
    await open({ width: 360 })
    await visitor.signIn('Ada Lovelace')
    await startRun()
    expect(await visitor.page.getByRole('link', { name: 'Signed in as Ada Lovelace' }).count()).toBe(1)
    await keepScreenshot(visitor.page, 'console-narrow')
    expect(await visitor.page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  it('stands still for people who asked for that', async () => {
    await visitor.page.emulateMedia({ reducedMotion: 'reduce' })
    await visitor.signIn('Ada Lovelace')
    await startRun()
    expect(await visitor.page.evaluate('document.getAnimations().length')).toBe(0)
  })
})
