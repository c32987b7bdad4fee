/** Who is asked, on a page. */
import { type Html, html } from '../../shared/html/html.ts'
import { hueOf, initialsOf } from '../../shared/html/initials.ts'
import type { SignedInPerson } from '../session-reader.ts'

/** The best name there is, with the e-mail address; the subject if nothing else is known. */
export function personLine({ subject, profile }: SignedInPerson): Html {
  const { name, givenName, familyName, preferredUsername, email } = profile
  const full = name ?? [givenName, familyName].filter(Boolean).join(' ')
  const best = full || preferredUsername || email || subject
  const below = email === undefined || email === best ? 'Signed in' : email
  return html`<div class="who"><span class="avatar ${hueOf(subject)}" aria-hidden="true">${initialsOf(best)}</span>
<div class="who-text"><span class="who-name">${best}</span><span class="soft">${below}</span></div></div>`
}
