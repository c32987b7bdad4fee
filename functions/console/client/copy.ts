/** Buttons that copy the text beside them. */
import { byId } from './dom.ts'

const SHOWN_MS = 2_000

/** Makes every copy button of the page work, and visible. */
export function enableCopying(): void {
  for (const control of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
    control.hidden = false
    control.addEventListener('click', () => void copy(control))
  }
}

async function copy(control: HTMLButtonElement): Promise<void> {
  const source = control.parentElement?.querySelector('code')
  const isCopied = await navigator.clipboard?.writeText(source?.textContent ?? '').then(
    () => true,
    () => false,
  )
  // Without permission, or over plain http: then the text is selected, one key away.
  if (!isCopied && source) getSelection()?.selectAllChildren(source)
  say(control, isCopied ? 'Copied' : 'Press Ctrl+C')
}

function say(control: HTMLButtonElement, text: string): void {
  control.textContent = text
  byId('changes', HTMLParagraphElement).textContent = text
  setTimeout(() => {
    control.textContent = 'Copy'
  }, SHOWN_MS)
}
