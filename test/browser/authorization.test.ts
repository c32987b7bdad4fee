/** The authorization server's pages in a real browser, over the whole local stack, for either kind of sign-in. */
import * as oauth from 'openid-client'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { keepScreenshot, launchBrowser } from './support/chromium.ts'
import { readContrasts } from './support/contrast.ts'
import { type Program, startProgram } from './support/program.ts'
import { openVisitor, type Visitor } from './support/visitor.ts'

/** A program that is not first-party, so that people are asked about it. */
const DESK = 'weather-desk'
const STATIC_CLIENTS = {
  [DESK]: { name: 'Weather desk', public: true, redirect_uris: ['http://localhost/callback'] },
}

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

describe.each(['alb', 'service'] as const)('with the sign-in of kind "%s"', (browserAuth) => {
  let stack: Stack
  let visitor: Visitor
  let page: Page
  let desk: Program

  beforeAll(async () => {
    const settings = { auth: { appAuth: { selfAuthServer: { staticClients: STATIC_CLIENTS } } } }
    stack = await startStack({ port: 0, self: true, browserAuth, settings })
    desk = await startProgram(stack, DESK)
  })
  afterAll(async () => {
    await desk?.close()
    await stack?.close()
  })
  beforeEach(async () => {
    visitor = await openVisitor({ browser, stack })
    page = visitor.page
    page.setDefaultTimeout(10_000)
  })
  afterEach(() => visitor.close())

  const heading = (name: string) => page.getByRole('heading', { level: 1, name })
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const picture = (name: string) => keepScreenshot(page, `self-${browserAuth}-${name}`)

  /** Opens an address, and says at the provider who it is. */
  async function signInAt(url: string, person = 'Ada Lovelace'): Promise<void> {
    await page.goto(url)
    await page.getByRole('button', { name: person }).click()
  }

  /** Here and at the provider; what ties a sign-in to this browser stays. */
  async function endSession(): Promise<void> {
    const cookies = await visitor.context.cookies()
    await visitor.context.clearCookies()
    await visitor.context.addCookies(cookies.filter(({ name }) => name.startsWith('__Host-flyte_authorize_')))
  }

  async function startDevice() {
    return oauth.initiateDeviceAuthorization(desk.configuration, { scope: 'all offline' })
  }

  async function poll(device: oauth.DeviceAuthorizationResponse) {
    return oauth.pollDeviceAuthorizationGrant(desk.configuration, { ...device, interval: 0.05 })
  }

  async function expectPresentable(name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await picture(`${name}-${colorScheme}`)
      expect((await readContrasts(page)).filter(({ ratio }) => ratio < 4.5)).toEqual([])
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 320, height: 640 })
    await picture(`${name}-narrow`)
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(overflow)).toBe(0)
    await page.setViewportSize({ width: 1200, height: 760 })
  }

  describe('a program that is not first-party', () => {
    it('signs somebody in once they have agreed to what the page shows', async () => {
      await signInAt(await desk.begin())
      await heading('Let Weather desk act for you?').waitFor()
      const text = await page.locator('main').innerText()
      for (const shown of [
        'Ada Lovelace',
        'ada@example.com',
        'in your name',
        'while you are away',
        'localhost:',
      ]) {
        expect(text).toContain(shown)
      }
      await expectPresentable('consent')
      await button('Allow').click()
      await heading('You can close this page').waitFor()
      const tokens = await desk.tokens()
      expect(claimsOf(tokens.access_token)).toMatchObject({ sub: 'ada', client_id: DESK, iss: stack.url })
      // Other pages on the way may have no icon.
      expect(visitor.record.complaints.filter((one) => !one.includes('404'))).toEqual([])
    })

    it('is told so if they do not', async () => {
      await signInAt(await desk.begin())
      await button('Do not allow').click()
      await heading('You can close this page').waitFor()
      await expect(desk.tokens()).rejects.toMatchObject({ error: 'access_denied' })
    })

    it('is asked about with the keyboard alone, the safe answer first', async () => {
      await signInAt(await desk.begin())
      await heading('Let Weather desk act for you?').waitFor()
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Do not allow')
      await picture('consent-keyboard')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await heading('You can close this page').waitFor()
      expect((await desk.answer()).searchParams.get('code')).toEqual(expect.any(String))
    })

    it('is asked about again in a second tab, and both tabs end where they began', async () => {
      await signInAt(await desk.begin({ state: 'the-first-tab' }))
      await heading('Let Weather desk act for you?').waitFor()
      const other = await visitor.context.newPage()
      await other.goto(await desk.begin({ state: 'the-second-tab' }))
      await other.getByRole('button', { name: 'Allow', exact: true }).click()
      await other.getByRole('heading', { name: 'You can close this page' }).waitFor()
      expect((await desk.answer()).searchParams.get('state')).toBe('the-second-tab')
      await button('Allow').click()
      await page.waitForURL(/state=the-first-tab/)
    })

    it('is asked about once more if the session ended while somebody was reading', async () => {
      await signInAt(await desk.begin())
      await heading('Let Weather desk act for you?').waitFor()
      await endSession()
      await button('Allow').click()
      await page.getByRole('button', { name: 'Ada Lovelace' }).click()
      await heading('Let Weather desk act for you?').waitFor()
      await button('Allow').click()
      await heading('You can close this page').waitFor()
      expect(claimsOf((await desk.tokens()).access_token)).toMatchObject({ sub: 'ada' })
    })

    it('cannot be agreed to a second time by going back', async () => {
      await signInAt(await desk.begin())
      await button('Allow').click()
      await heading('You can close this page').waitFor()
      await page.goBack()
      await page.getByText('has already been finished').or(heading('Let Weather desk act for you?')).waitFor()
      if (await button('Allow').isVisible()) await button('Allow').click()
      await heading('This sign-in cannot go on').waitFor()
    })
  })

  it('signs a first-party command line in without a question', async () => {
    const flytectl = await startProgram(stack, 'flytectl')
    await signInAt(await flytectl.begin())
    await heading('You can close this page').waitFor()
    expect(claimsOf((await flytectl.tokens()).access_token)).toMatchObject({
      sub: 'ada',
      client_id: 'flytectl',
    })
    await flytectl.close()
  })

  describe('a device', () => {
    it('is connected by typing its code, looking at who asks, and saying yes', async () => {
      const device = await startDevice()
      await signInAt(device.verification_uri)
      await heading('Connect a device').waitFor()
      expect(await page.evaluate('document.activeElement.name')).toBe('user_code')
      await expectPresentable('device')
      await page.keyboard.type(device.user_code.toLowerCase().replace('-', ''))
      await page.keyboard.press('Enter')
      await heading('Connect this device?').waitFor()
      const text = await page.locator('main').innerText()
      for (const shown of [device.user_code, 'Weather desk', 'in your name', 'Ada Lovelace']) {
        expect(text).toContain(shown)
      }
      await expectPresentable('device-question')
      await button('Connect it').click()
      await heading('The device is connected').waitFor()
      await expectPresentable('device-connected')
      expect(claimsOf((await poll(device)).access_token)).toMatchObject({ sub: 'ada', client_id: DESK })
    })

    it('comes with its code in the address, and still asks', async () => {
      const device = await startDevice()
      await signInAt(String(device.verification_uri_complete))
      await heading('Connect a device').waitFor()
      expect(await page.getByLabel('The code on the device').inputValue()).toBe(device.user_code)
      await button('Go on').click()
      await heading('Connect this device?').waitFor()
    })

    it('is connected if the session ended while somebody was typing', async () => {
      const device = await startDevice()
      await signInAt(device.verification_uri)
      await page.getByLabel('The code on the device').fill(device.user_code)
      await endSession()
      await button('Go on').click()
      await page.getByRole('button', { name: 'Ada Lovelace' }).click()
      await heading('Connect a device').waitFor()
      await page.getByLabel('The code on the device').fill(device.user_code)
      await button('Go on').click()
      await button('Connect it').click()
      await heading('The device is connected').waitFor()
    })

    it('is told that somebody said no', async () => {
      const device = await startDevice()
      await signInAt(String(device.verification_uri_complete))
      await button('Go on').click()
      await button('Do not connect it').click()
      await heading('The device is not connected').waitFor()
      await picture('device-refused')
      await expect(poll(device)).rejects.toMatchObject({ error: 'access_denied' })
    })

    it('is not found by another code, and may be tried again', async () => {
      const device = await startDevice()
      await signInAt(device.verification_uri)
      await page.getByLabel('The code on the device').fill('BBBB-BBBB')
      await button('Go on').click()
      expect(await page.getByRole('alert').innerText()).toContain('No device waits with this code')
      await expectPresentable('device-unknown')
      await page.getByLabel('The code on the device').fill(device.user_code)
      await button('Go on').click()
      await heading('Connect this device?').waitFor()
    })
  })

  describe('a page that says no', () => {
    it('names no address that a stranger wants people sent to', async () => {
      await page.goto(await desk.begin({ redirect_uri: 'https://evil.example/callback' }))
      await heading('This sign-in cannot go on').waitFor()
      expect(await page.locator('main').innerText()).toContain('not one of its own')
      expect(await page.content()).not.toContain('evil')
      expect(new URL(page.url()).origin).toBe(stack.url)
      await expectPresentable('refused')
    })

    it('is shown to a browser that did not begin', async () => {
      const url = await desk.begin()
      await signInAt(url)
      await heading('Let Weather desk act for you?').waitFor()
      const other = await openVisitor({ browser, stack })
      await other.page.goto(page.url())
      if (new URL(other.page.url()).origin !== stack.url) {
        await other.page.getByRole('button', { name: 'Grace Hopper' }).click()
      }
      await other.page.getByText('started in another browser').waitFor()
      await other.close()
    })

    it('is shown to whoever guesses too often', async () => {
      await signInAt(`${stack.url}/device`, 'Grace Hopper')
      const isOver = () => heading('Too many attempts').isVisible()
      // Twice as many as it takes: guesses are counted by the clock, whose window may end in between.
      for (let n = 0; n < 22 && !(await isOver()); n += 1) {
        await page.getByLabel('The code on the device').fill('CCCC-CCCC')
        await button('Go on').click()
        await page.getByRole('alert').or(heading('Too many attempts')).waitFor()
      }
      expect(await page.locator('main').innerText()).toMatch(/Wait (a minute|\d+ minutes)\./)
      await picture('too-many')
    })
  })
})
