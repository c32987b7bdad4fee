/** A token as it is printed. */
import { CommandError } from '../shared/failure.ts'
import type { Shown } from './arguments.ts'
import { dateOf, decodeUnverified } from './jwt.ts'
import type { Obtained } from './obtain.ts'

/**
 * The text for standard output.
 *
 * @throws {CommandError} `token_unusable` if there is nothing to decode, or if the token would be more than one line:
 *   its callers put it into a header.
 */
export function printed(obtained: Obtained, { as }: Shown): string {
  const { token, expiresAtEpochSeconds, subject, from } = obtained
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CommandError('token_unusable', 'What the provider gave cannot be sent in a header.')
  }
  if (as === 'token') return token
  if (as === 'json') {
    return printable({ token, expires_at: dateOf(expiresAtEpochSeconds), subject: subject ?? null, from })
  }
  const decoded = decodeUnverified(token)
  if (decoded === undefined) {
    throw new CommandError('token_unusable', 'This token is opaque: only its issuer can read it.')
  }
  return printable(decoded, 2)
}

/** JSON that any terminal may show: names in a token are whatever somebody called themselves. */
export function printable(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    UNSHOWABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The control characters that JSON leaves as they are, and those that turn the direction of writing. */
const UNSHOWABLE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
