/** Somebody with a browser, who signs in and looks at the console. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Stack } from '../../../local/stack.ts'
import { type PageRecord, recordPage } from './chromium.ts'

export interface Visitor {
  readonly context: BrowserContext
  readonly page: Page
  readonly record: PageRecord
  /** Opens a page of the console and signs in as one of the provider's people on the way. */
  readonly signIn: (name: string, path?: string) => Promise<void>
  readonly close: () => Promise<void>
}

export interface VisitorOptions {
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
}

/** Opens a browser window without any session. */
export async function openVisitor(
  { browser, stack }: { readonly browser: Browser; readonly stack: Stack },
  { colorScheme = 'light', width = 1200 }: VisitorOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 760 } })
  const page = await context.newPage()
  return {
    context,
    page,
    record: recordPage(page),
    signIn: async (name, path = '/v2') => {
      await page.goto(`${stack.url}${path}`)
      await page.getByRole('button', { name }).click()
      await page.waitForURL((url) => url.href.startsWith(`${stack.url}${path}`))
      if (path.startsWith('/v2?') || path === '/v2') await page.locator('#runs[aria-busy="false"]').waitFor()
    },
    close: () => context.close(),
  }
}
