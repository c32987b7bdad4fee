/** Three rising strokes: our own mark. */
import { html } from './html.ts'

const STROKES = 'M8 22.5 22.5 8M8 15.5 15.5 8M15.5 24 24 15.5'

/** The mark in a page; its style sheet has the colours. */
export const MARK = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="9"/><path d="${STROKES}"/></svg>`

/** The mark as the icon of a page: an address that nothing is fetched from. */
export const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#6a26e8"/><path d="${STROKES}" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/></svg>`,
)}`

/** Says without words that something is done; for the place above a card's title. */
export const DONE_SIGN = html`<svg class="sign" viewBox="0 0 44 44" aria-hidden="true" focusable="false"><circle cx="22" cy="22" r="20"/><path d="m14 22.5 5.6 5.6L30.5 17"/></svg>`
