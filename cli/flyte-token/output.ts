/** A token as it is printed. */
import { CommandError } from '../shared/failure.ts'
import type { Shown } from './arguments.ts'
import { decodeUnverified } from './jwt.ts'
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
    const expiresAt = expiresAtEpochSeconds && new Date(expiresAtEpochSeconds * 1000).toISOString()
    return JSON.stringify({ token, expires_at: expiresAt ?? null, subject: subject ?? null, from })
  }
  const decoded = decodeUnverified(token)
  if (decoded === undefined) {
    throw new CommandError('token_unusable', 'This token is opaque: only its issuer can read it.')
  }
  return JSON.stringify(decoded, null, 2)
}
