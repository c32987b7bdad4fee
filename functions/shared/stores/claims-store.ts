/** What identity providers said about the holders of access tokens, kept for a few minutes. */
import type { Profile } from '../identity/caller.ts'

/** The SHA-256 of an access token, in hexadecimal: finds a result, and gives nothing back. */
export type TokenHash = string

export interface StoredClaims {
  /** The subject as userinfo names it. */
  readonly subject: string
  readonly profile: Profile
  /** From then on the record counts as absent. */
  readonly expiresAtEpochSeconds: number
}

/**
 * Shares userinfo results between the instances of a function, so that the provider is asked once a token.
 * A failure rejects with a {@link ServiceError} `store_throttled` or `store_unavailable`; callers do without.
 */
export interface ClaimsStore {
  /** The result for a token, or undefined if there is none, it expired, or it cannot be read. */
  readonly get: (token: TokenHash) => Promise<StoredClaims | undefined>
  /** Keeps a result, replacing an older one. */
  readonly put: (token: TokenHash, claims: StoredClaims) => Promise<void>
}
