/** What is kept of a sign-in, and under which name. */
import { createHash } from 'node:crypto'

/** Whose token it is, and for whom: two requests that differ in any of it never share one. */
export interface EntryKey {
  readonly kind: 'user' | 'service' | 'client secret'
  readonly issuer: string
  readonly clientId: string
  /** Empty for none. */
  readonly audience: string
  /** The person or the service account; empty where the issuer is not told. */
  readonly account: string
  readonly scopes: readonly string[]
}

/** The part that is secret. */
export interface Tokens {
  readonly idToken?: string
  readonly accessToken?: string
  readonly refreshToken?: string
  /** A client's secret, for an entry of that kind. */
  readonly clientSecret?: string
}

/** The part that `list` shows. Times are seconds since the epoch. */
export interface EntryFacts extends EntryKey {
  readonly savedAtMs: number
  readonly subject?: string
  readonly idTokenExpiresAt?: number
  readonly accessTokenExpiresAt?: number
  readonly renewable: boolean
  /** Where a refresh token can be given back (RFC 7009). */
  readonly revocationEndpoint?: string
}

export interface Entry {
  readonly facts: EntryFacts
  readonly tokens: Tokens
}

/** The name of an entry: nothing in it can be read back, and it is a file name everywhere. */
export function entryId(key: EntryKey): string {
  const { kind, issuer, clientId, audience, account, scopes } = key
  const text = JSON.stringify([kind, issuer, clientId, audience, account, [...new Set(scopes)].sort()])
  return createHash('sha256').update(text).digest('hex').slice(0, 40)
}
