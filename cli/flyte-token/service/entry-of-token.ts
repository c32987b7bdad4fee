/** A service's token as an entry of the store. */
import { CommandError } from '../../shared/failure.ts'
import { expiryOf, isForAudience, subjectOf } from '../jwt.ts'
import type { TokenKind } from '../obtain.ts'
import type { Entry, EntryKey } from '../store/entry.ts'

/** The entry of a token that was just received. Nothing of it is renewable: a service asks again. */
export function entryOfToken(options: {
  readonly key: EntryKey
  readonly kind: TokenKind
  readonly token: string
  readonly nowMs: number
  /** Where the token itself does not say when it ends. */
  readonly expiresInSeconds?: number | undefined
}): Entry {
  const { key, kind, token, nowMs, expiresInSeconds } = options
  const subject = subjectOf(token)
  const fromAnswer = expiresInSeconds === undefined ? undefined : Math.floor(nowMs / 1000 + expiresInSeconds)
  const expiry = expiryOf(token) ?? fromAnswer
  const times = kind === 'idToken' ? { idTokenExpiresAt: expiry } : { accessTokenExpiresAt: expiry }
  return {
    facts: {
      ...key,
      savedAtMs: nowMs,
      renewable: false,
      ...(subject === undefined ? {} : { subject }),
      ...(expiry === undefined ? {} : times),
    },
    tokens: kind === 'idToken' ? { idToken: token } : { accessToken: token },
  }
}

/**
 * Makes sure that what came is a token that is worth printing. Its signature is for the one that it is shown to: it
 * came from its issuer directly.
 *
 * @param who The start of the sentence: `Google`, `The metadata server`.
 * @throws {CommandError} `token_unusable`
 */
export function assertIdToken(
  token: unknown,
  expected: { who: string; audience: string; nowMs: number },
): string {
  const { who, audience, nowMs } = expected
  const expiry = typeof token === 'string' ? expiryOf(token) : undefined
  if (typeof token !== 'string' || expiry === undefined) {
    throw new CommandError('token_unusable', `${who} gave no ID token.`)
  }
  if (!isForAudience(token, audience)) {
    throw new CommandError('token_unusable', `${who} gave an ID token for another audience.`)
  }
  if (expiry * 1000 <= nowMs)
    throw new CommandError('token_unusable', `${who} gave an ID token that has expired.`)
  return token
}
