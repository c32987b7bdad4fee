/** The contrast of every piece of text that a page shows (WCAG 2.2, success criterion 1.4.3). */
import type { Page } from 'playwright-core'

export interface TextContrast {
  readonly text: string
  /** From 1 to 21; text of this size needs 4.5. */
  readonly ratio: number
}

/**
 * Measures what is on top: the open dialog, or else the page. Colours have to be opaque, and disabled controls
 * are left out, as the criterion does.
 */
export async function readContrasts(page: Page): Promise<readonly TextContrast[]> {
  const measured = (await page.evaluate(`(${MEASURE})()`)) as readonly TextContrast[]
  if (measured.length === 0) throw new TypeError('the page shows no text')
  return measured
}

/** Runs in the browser, where this project's own types do not reach. */
const MEASURE = `() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor)
      if (colour[3] !== 0) return colour
    }
    return [255, 255, 255]
  }
  const root = document.querySelector('dialog[open]') ?? document.body
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const measured = []
  while (walker.nextNode()) {
    const { parentElement: element, textContent } = walker.currentNode
    if (!textContent.trim() || !element.checkVisibility() || element.closest(':disabled, noscript, option')) continue
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    measured.push({ text: textContent.trim().slice(0, 40), ratio: Math.round(ratio * 100) / 100 })
  }
  return measured
}`
