/** How a person is called on a page. */
import type { SignedInPerson } from '../session-reader.ts'

/** The best name there is, with the e-mail address; the subject if nothing else is known. */
export function nameOf({ subject, profile }: SignedInPerson): string {
  const { name, givenName, familyName, preferredUsername, email } = profile
  const full = name ?? [givenName, familyName].filter(Boolean).join(' ')
  const best = full || preferredUsername || email || subject
  return email === undefined || email === best ? best : `${best} (${email})`
}
