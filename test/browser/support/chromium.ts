/** A real Chromium, driven over its own protocol. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/**
 * Starts the browser.
 *
 * @throws {Error} with a sentence about how to install one. These tests are never skipped: a pipeline without a
 *   browser has to notice.
 */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? PLACES.find((path) => existsSync(path))
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new Error(
      'The browser tests need Chromium: install it ("apt-get install chromium", "brew install --cask chromium"), ' +
        'or set CHROMIUM_PATH to the browser that is there.',
    )
  }
  // Its sandbox refuses to start for root, as whom containers run.
  const isRoot = process.getuid?.() === 0
  return chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] })
}

/** Everything that went wrong, or out, while a page was open. */
export interface PageRecord {
  /** Origins that were asked for something. */
  readonly origins: Set<string>
  /** What the browser complained about: scripts that failed, and what the policy of the page stopped. */
  readonly complaints: string[]
}

/** Starts to record; call it before the page is opened. */
export function recordPage(page: Page): PageRecord {
  const record: PageRecord = { origins: new Set(), complaints: [] }
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:') record.origins.add(url.origin)
  })
  page.on('pageerror', (error) => record.complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') record.complaints.push(message.text())
  })
  return record
}

/** Keeps a picture of the page, for people to look at: in the folder SCREENSHOTS, or in `.local/screenshots`. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const directory = process.env.SCREENSHOTS ?? '.local/screenshots'
  await page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' })
}
