/** The pages beside the list in a real browser: one run, who am I, connect, signed out. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { type ActionInside, type ActionWriter, openActionWriter } from './support/actions.ts'
import { keepScreenshot, launchBrowser } from './support/chromium.ts'
import { readContrasts } from './support/contrast.ts'
import { abortRun, createRun } from './support/runs.ts'
import { openVisitor, type Visitor, type VisitorOptions } from './support/visitor.ts'

const ABORT_RUN = '**/flyteidl2.workflow.RunService/AbortRun'

let stack: Stack
let browser: Browser
let visitor: Visitor

beforeAll(async () => {
  stack = await startStack({ port: 0 })
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

const address = (name: string) =>
  `/v2/run?${new URLSearchParams({ project: 'flytesnacks', domain: 'development', name })}`
const region = (name: string) => visitor.page.getByRole('region', { name })
const dialog = () => visitor.page.getByRole('dialog')
const abortButton = () => visitor.page.getByRole('button', { name: 'Abort', exact: true })

describe('the page of a run', () => {
  it('says who made it, as the service recorded it', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    await page.getByRole('heading', { level: 1, name: 'train_model' }).waitFor()
    const text = await region('Executed by').textContent()
    expect(text).toMatch(/Grace Hopper\s*grace@example\.com.*First nameGraceLast nameHopper/)
    await page.getByText('executed_by as recorded').click()
    expect(await page.getByLabel('executed_by as JSON').textContent()).toContain(
      '"email": "grace@example.com"',
    )
    await keepScreenshot(page, 'run')
  })

  it('names an application as one', async () => {
    const name = await createRun(stack, { client: 'reporter' }, 'nightly_report')
    await visitor.signIn('Ada Lovelace', address(name))
    await region('Executed by').getByText('KindApplication').or(region('Executed by')).first().waitFor()
    expect(await region('Executed by').textContent()).toMatch(/reporter\s*Application/)
  })

  it('leads back to the runs of its project, and to the runs of its maker', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'evaluate')
    await visitor.signIn('Ada Lovelace', address(name))
    await page.getByRole('link', { name: 'Runs made by Grace Hopper' }).click()
    await page.locator('#runs[aria-busy="false"]').waitFor()
    expect(await page.getByLabel('Made by').inputValue()).toBe('grace')
    expect(await page.locator('#runs tbody tr', { hasText: 'Ada' }).count()).toBe(0)
  })

  it('is aborted after a question, with a reason and the name of who did it', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    await abortButton().click()
    await dialog().getByLabel('Why').fill('Wrong data set')
    await keepScreenshot(page, 'abort')
    await dialog().getByRole('button', { name: 'Abort the run' }).click()
    await page.getByRole('status').getByText('The run is aborted').waitFor()
    expect(await region('Aborted').textContent()).toMatch(/Ada Lovelace.*Wrong data set/)
    expect(await abortButton().count()).toBe(0)
    await keepScreenshot(page, 'aborted')
  })

  it('is left alone by whoever thinks better of it', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    let asked = 0
    await page.route(ABORT_RUN, (route) => {
      asked += 1
      return route.continue()
    })
    await abortButton().click()
    await page.keyboard.press('Escape')
    await abortButton().click()
    await dialog().getByRole('button', { name: 'Keep it running' }).click()
    expect(await dialog().count()).toBe(0)
    expect(await page.evaluate('document.activeElement.id')).toBe('abort')
    expect(asked).toBe(0)
  })

  it('says in the dialog why aborting was refused', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    const json = { code: 'permission_denied', message: 'You may not abort runs of others.' }
    await page.route(ABORT_RUN, (route) => route.fulfill({ status: 403, json }))
    await abortButton().click()
    await dialog().getByRole('button', { name: 'Abort the run' }).click()
    await dialog().getByText('You may not abort runs of others.').waitFor()
  })

  it('shows by itself that somebody else aborted it, and says it aloud', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    await abortButton().waitFor()
    const other = await visitor.context.newPage()
    await other.goto(`${stack.url}${address(name)}`)
    await other.getByRole('button', { name: 'Abort', exact: true }).click()
    await other.getByRole('button', { name: 'Abort the run' }).click()
    await other.getByRole('status').getByText('The run is aborted').waitFor()
    await other.close()
    await page.locator('#changes', { hasText: 'train_model: aborted.' }).waitFor({ timeout: 15_000 })
  })

  for (const path of [address('nothing'), '/v2/run'] as const) {
    it(`says so where there is none: ${path}`, async () => {
      await visitor.signIn('Ada Lovelace', path)
      await visitor.page.getByRole('heading', { level: 1, name: 'There is no such run' }).waitFor()
      await visitor.page.getByRole('button', { name: 'Back to the runs' }).click()
      await visitor.page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
    })
  }
})

describe('the actions of a run', () => {
  let actions: ActionWriter
  beforeAll(() => {
    actions = openActionWriter(stack)
  })
  afterAll(() => actions.close())

  const card = () => region('Actions')
  const rows = () => card().locator('tbody tr')

  /** A run that has asked for a few things, one of them below another. */
  async function busyRun(): Promise<string> {
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await actions.change(name, 'a0', 'running')
    const inside: ActionInside[] = [
      { name: 'load', parent: 'a0', label: 'load_data', phase: 'succeeded' },
      { name: 'fold1', parent: 'a0', label: 'train_fold', phase: 'succeeded', group: 'folds' },
      { name: 'fold2', parent: 'a0', label: 'train_fold', phase: 'failed', group: 'folds', attempts: 3 },
      { name: 'fold3', parent: 'a0', label: 'train_fold', phase: 'running', group: 'folds' },
      { name: 'step1', parent: 'fold3', label: 'epoch', phase: 'succeeded', kind: 'trace' },
      { name: 'step2', parent: 'fold3', label: 'epoch', phase: 'running', kind: 'trace' },
      { name: 'ok', parent: 'a0', label: 'approve', phase: 'paused', kind: 'condition' },
      { name: 'publish', parent: 'a0', label: 'publish', phase: 'queued' },
    ]
    for (const one of inside) await actions.add(name, one)
    return name
  }

  it('are shown below what asked for them, with how and how long', async () => {
    const { page } = visitor
    await visitor.signIn('Ada Lovelace', address(await busyRun()))
    await card().getByText('9 actions').waitFor()
    expect(
      await card()
        .getByText(/^9 actions/)
        .textContent(),
    ).toBe('9 actions: 3 running, 3 succeeded, 1 failed, 1 paused, 1 queued')
    expect(await rows().locator('.task').allTextContents()).toEqual([
      'train_model',
      'load_data',
      'train_fold',
      'train_fold',
      'train_fold',
      'epoch',
      'epoch',
      'approve',
      'publish',
    ])
    expect(await rows().locator('.mono').allTextContents()).toEqual([
      'a0',
      'load',
      'fold1',
      'fold2',
      'fold3',
      'step1',
      'step2',
      'ok',
      'publish',
    ])
    const failed = card().getByRole('row').filter({ hasText: 'fold2' })
    expect(await failed.getByRole('cell').allTextContents()).toEqual([
      expect.stringMatching(/^train_fold.*fold2.*in folds.*asked for by train_model$/),
      'Failed',
      '3',
      expect.stringMatching(/now|ago/),
      '2.0 s',
    ])
    expect(await rows().filter({ hasText: 'step1' }).textContent()).toContain('Trace')
    await card().scrollIntoViewIfNeeded()
    await keepScreenshot(page, 'actions')
  })

  it('follow what happens', async () => {
    const name = await busyRun()
    await visitor.signIn('Ada Lovelace', address(name))
    await card().getByText('9 actions').waitFor()
    await actions.add(name, { name: 'late', parent: 'publish', label: 'notify', phase: 'queued' })
    await actions.change(name, 'publish', 'succeeded')
    await card().getByText('10 actions').waitFor({ timeout: 15_000 })
    await visitor.page.locator('#changes', { hasText: 'train_model: running. 10 actions' }).waitFor()
    expect(await rows().last().textContent()).toMatch(/notify.*asked for by publish/)
  })

  it('are said not to be there yet, and not to be there', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    await card().getByText('No other actions yet').waitFor()
    await abortRun(stack, { person: 'grace' }, name, 'Wrong data set')
    await page.reload()
    await card().getByText('Its task did all the work by itself.').waitFor()
  })

  it('have names that are shown as the text they are', async () => {
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    const label = '<img src=x onerror="alert(1)">'
    await actions.add(name, { name: 'x', parent: 'a0', label, phase: 'queued', group: label })
    await visitor.signIn('Ada Lovelace', address(name))
    await rows().filter({ hasText: label }).waitFor()
    expect(await page.locator('img').count()).toBe(0)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`have enough contrast in ${colorScheme}, and fit a narrow screen`, async () => {
      const name = await busyRun()
      for (const width of [1200, 360]) {
        await visitor.close()
        await open({ colorScheme, width })
        const { page } = visitor
        await visitor.signIn('Ada Lovelace', address(name))
        await card().getByText('9 actions').waitFor()
        await page.setViewportSize({ width, height: width < 500 ? 2_600 : 1_500 })
        expect((await readContrasts(page)).filter(({ ratio }) => ratio < 4.5)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        await keepScreenshot(page, `actions-${colorScheme}-${width}`)
      }
    })
  }
})

describe('who am I', () => {
  it('says who, by whom that is known, and what a run would record', async () => {
    const { page } = visitor
    await visitor.signIn('Grace Hopper', '/v2/whoami')
    await page.getByRole('heading', { level: 1, name: 'Grace Hopper' }).waitFor()
    expect(await region('Identity').textContent()).toMatch(/grace@example\.com.*Subjectgrace/)
    expect(await region('How that is known').textContent()).toContain('openid, profile, email')
    await page.getByLabel('The answer as JSON').getByText('"email": "grace@example.com"').waitFor()
    await keepScreenshot(page, 'whoami')
  })

  it('is where people sign out: the session is gone, and a page says so', async () => {
    const { page, context } = visitor
    await visitor.signIn('Grace Hopper', '/v2/whoami')
    expect((await context.cookies(stack.url)).map(({ name }) => name)).toContain('AWSELBAuthSessionCookie-0')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor()
    const left = (await context.cookies(stack.url)).map(({ name }) => name)
    expect(left.filter((name) => name.startsWith('AWSELB'))).toEqual([])
    expect(await page.evaluate('getComputedStyle(document.querySelector(".card")).borderRadius')).toBe('16px')
    await keepScreenshot(page, 'signed-out')
    // The provider still knows them, as the page says.
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await page.getByRole('link', { name: 'Signed in as Grace Hopper' }).waitFor()
  })

  it('works without JavaScript, signing out included', async () => {
    await visitor.close()
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    visitor = { ...visitor, page, context, close: () => context.close() }
    await page.goto(`${stack.url}/v2/whoami`)
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor()
  })
})

describe('connect', () => {
  it('has the file and the commands of this deployment, and copies them', async () => {
    const { page, context } = visitor
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await visitor.signIn('Ada Lovelace', '/v2/connect')
    const { host } = new URL(stack.url)
    expect(await page.getByLabel('the configuration file', { exact: true }).textContent()).toContain(
      `endpoint: dns:///${host}`,
    )
    await page.getByRole('button', { name: 'Copy the call with a token' }).click()
    await page.locator('#changes', { hasText: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(
      `npm run --silent token -- ada --port ${stack.port}`,
    )
    await keepScreenshot(page, 'connect')
  })
})

describe('the look of them', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast in ${colorScheme}`, async () => {
      await visitor.close()
      await open({ colorScheme })
      const { page } = visitor
      const name = await createRun(stack, { person: 'grace' }, 'train_model')
      await visitor.signIn('Ada Lovelace', address(name))
      await abortButton().waitFor()
      const found = [...(await readContrasts(page))]
      await keepScreenshot(page, `run-${colorScheme}`)
      await abortButton().click()
      found.push(...(await readContrasts(page)))
      for (const path of ['/v2/whoami', '/v2/connect', '/signed-out', '/v2/run']) {
        await page.goto(`${stack.url}${path}`)
        found.push(...(await readContrasts(page)))
        await keepScreenshot(page, `${path.split('/').at(-1)}-${colorScheme}`)
      }
      expect(found.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    })
  }

  it('fits a narrow screen', async () => {
    await visitor.close()
    await open({ width: 360 })
    const { page } = visitor
    const name = await createRun(stack, { person: 'grace' }, 'train_model')
    await visitor.signIn('Ada Lovelace', address(name))
    await abortButton().waitFor()
    for (const path of [address(name), '/v2/whoami', '/v2/connect', '/signed-out']) {
      await page.goto(`${stack.url}${path}`)
      await page.waitForLoadState('networkidle')
      await keepScreenshot(page, `narrow-${path.replaceAll(/\W+/g, '-').slice(1, 16)}`)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    }
  })
})
