/** The profile of a person, out of claims (OpenID Connect Core section 5.1). */
import { isSecureUrl } from '../http/secure-url.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import type { Profile } from './caller.ts'

const MAX_TEXT_LENGTH = 256
const MAX_URL_LENGTH = 2_048
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** Where each field is read; the first that is there counts. Entra's version 1 tokens have `upn` instead. */
const TEXT_CLAIMS = {
  name: ['name'],
  givenName: ['given_name'],
  familyName: ['family_name'],
  preferredUsername: ['preferred_username', 'upn', 'unique_name', 'username'],
  email: ['email'],
} as const satisfies Partial<Record<keyof Profile, readonly string[]>>

type TextField = keyof typeof TEXT_CLAIMS

/**
 * Reads a profile. A value that is no text, is overlong or has control characters counts as absent; so does a
 * picture that is no https URL (nor one of this very machine). Whether the provider verified the address (`email_verified`) is not looked at:
 * the profile is for people to read, and nothing is decided by it.
 */
export function profileOfClaims(claims: JwtObject): Profile {
  const profile: { -readonly [F in keyof Profile]: Profile[F] } = {}
  for (const field of Object.keys(TEXT_CLAIMS) as TextField[]) {
    for (const claim of TEXT_CLAIMS[field]) {
      const text = plainText(claims[claim])
      if (text === undefined) continue
      profile[field] = text
      break
    }
  }
  const picture = pictureUrl(claims.picture)
  if (picture !== undefined) profile.picture = picture
  return profile
}

/** Both profiles as one: what `first` knows stands, and only what it lacks is taken from `second`. */
export function fillProfile(first: Profile, second: Profile): Profile {
  return { ...second, ...first }
}

/** Whether a person's e-mail address, given name or family name is missing. */
export function isProfileIncomplete({ email, givenName, familyName }: Profile): boolean {
  return email === undefined || givenName === undefined || familyName === undefined
}

function plainText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return text !== '' && text.length <= MAX_TEXT_LENGTH && !CONTROL_CHARACTER.test(text) ? text : undefined
}

function pictureUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_URL_LENGTH || !isSecureUrl(value)) return undefined
  return new URL(value).href
}
