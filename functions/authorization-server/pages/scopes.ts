/** What scopes mean, in words. */
import { type Html, html } from '../../shared/html/html.ts'

const MEANINGS: Readonly<Record<string, string>> = {
  all: 'Do in Flyte whatever you may do, in your name',
  offline: 'Go on doing so while you are away, without asking again',
}

/** A list of what is asked for; a scope of the operator's own is shown as it is. */
export function scopeList(scope: string): Html {
  const scopes = scope.split(' ').filter((name) => name !== '')
  return html`<ul>${scopes.map((name) => {
    const meaning = Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined
    return meaning === undefined ? html`<li><code>${name}</code></li>` : html`<li>${meaning}</li>`
  })}</ul>`
}
