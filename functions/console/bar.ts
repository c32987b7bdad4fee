/** The bar at the top of every page for somebody who is signed in. */
import { type Html, html } from '../shared/html/html.ts'
import type { Person } from './person.ts'

/** The pages that the bar leads to. */
export type PageName = 'runs' | 'connect' | 'whoami'

const LINKS: readonly { readonly page: PageName; readonly path: string; readonly label: string }[] = [
  { page: 'runs', path: '/v2', label: 'Runs' },
  { page: 'connect', path: '/v2/connect', label: 'Connect' },
]

/** Makes the bar's content: where to go, and who is looking. */
export function navigation(person: Person, current: PageName | undefined): Html {
  const links = LINKS.map(({ page, path, label }) =>
    page === current
      ? html`<a href="${path}" aria-current="page">${label}</a>`
      : html`<a href="${path}">${label}</a>`,
  )
  return html`<nav class="nav" aria-label="Pages">${links}</nav>
<a class="chip" href="/v2/whoami"${current === 'whoami' ? html` aria-current="page"` : undefined}>
${avatar(person)}
<span class="chip-text"><span class="sr">Signed in as </span><span class="who-name">${person.name}</span>${
    person.email === undefined ? undefined : html`<span class="soft">${person.email}</span>`
  }</span>
</a>`
}

/** The letters that stand for somebody's picture: pages take pictures from nowhere. */
export function avatar({ kind, hue, initials }: Person, size: 'small' | 'large' = 'small'): Html {
  const shape = kind === 'Application' ? 'square ' : ''
  const large = size === 'large' ? 'large ' : ''
  return html`<span class="avatar ${shape}${large}${hue}" aria-hidden="true">${initials}</span>`
}
