/** The script of every page: each says by its `data-page` what it is. */
import { enableCopying } from './copy.ts'
import { element } from './dom.ts'
import { startRunPage } from './run-page.ts'
import { startRunsPage } from './runs-page.ts'
import { startWhoAmIPage } from './who-am-i-page.ts'

const PAGES: Readonly<Record<string, () => Promise<void> | void>> = {
  runs: startRunsPage,
  run: startRunPage,
  whoami: startWhoAmIPage,
  connect: enableCopying,
}

async function begin(): Promise<void> {
  const main = document.querySelector('main')
  try {
    await PAGES[main?.dataset.page ?? '']?.()
  } catch (error) {
    main?.prepend(element('p', { class: 'notice problem', role: 'alert' }, 'The page could not be set up.'))
    throw error
  }
}

void begin()
