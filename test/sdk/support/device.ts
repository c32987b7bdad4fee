/** Somebody who reads the address that a device shows, and answers it in a browser. */
import { createBrowser } from '../../support/web-browser.ts'

type Answer = 'confirm' | 'refuse'

/** Reads what a command prints; once that is an address, signs in there and confirms or refuses the device. */
export function answerDevice(person: string, answer: Answer): { read(text: string): void } {
  let isAnswered = false
  return {
    read(text) {
      const address = /following URL: (\S+user_code=\S+)/.exec(text)?.[1]
      if (address === undefined || isAnswered) return
      isAnswered = true
      void answerAt(address, person, answer)
    },
  }
}

const MAX_PAGES = 6

/** Submits one form after the other, up to a page that has none. */
async function answerAt(address: string, person: string, answer: Answer): Promise<void> {
  const browser = createBrowser()
  let page = await browser.open(address)
  for (let step = 0; step < MAX_PAGES && page.text.includes('<form'); step += 1) {
    const form = new URLSearchParams(filledFields(page.text))
    if (page.url.pathname.startsWith('/interaction/')) form.set('person', person)
    if (answer === 'refuse' && page.text.includes('name="abort"')) form.set('abort', 'yes')
    if (page.text.includes('name="decision"')) form.set('decision', answer === 'refuse' ? 'deny' : 'allow')
    page = await browser.open(page.url.href, form)
  }
}

/** What the page has filled in already: hidden fields, and the code that came with the address. */
function filledFields(page: string): [string, string][] {
  const hidden = page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)
  const code = page.matchAll(/<input [^>]*type="text" name="(user_code)" value="([^"]+)"/g)
  return [...hidden, ...code].map(([, name = '', value = '']) => [name, value])
}
