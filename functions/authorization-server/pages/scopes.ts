/** What scopes mean, in words. */
import { type Html, html } from '../../shared/html/html.ts'

const MEANINGS: Readonly<Record<string, string>> = {
  all: 'Do in Flyte whatever you may do, in your name',
  offline: 'Go on doing so while you are away, without asking again',
}

const TICK = html`<svg class="tick" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d="m4.5 10.5 3.6 3.6 7.4-8"/></svg>`

/** A list of what is asked for; a scope of the operator's own is shown as it is. */
export function scopeList(scope: string): Html {
  const scopes = scope.split(' ').filter((name) => name !== '')
  return html`<ul class="asked">${scopes.map((name) => html`<li>${TICK}<span>${meaningOf(name)}</span></li>`)}</ul>`
}

function meaningOf(name: string): string | Html {
  const meaning = Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined
  return meaning ?? html`<code>${name}</code>`
}
