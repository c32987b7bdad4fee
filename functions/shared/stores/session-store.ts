/** What sessions share between the instances of all functions: refreshes under way, and sessions that were ended. */

/** The SHA-256 of a refresh token, in hexadecimal: finds a result, and gives nothing back. */
export type RefreshKey = string

/** How a refresh stands. */
export type RefreshState =
  /** Nobody is at it: it was given to the one who asked. */
  | { readonly kind: 'claimed' }
  /** Somebody is at it. */
  | { readonly kind: 'pending' }
  /** It was done: its result, sealed. */
  | { readonly kind: 'done'; readonly sealed: string }
  /** The provider refused it for good. */
  | { readonly kind: 'refused' }

export interface RefreshClaim {
  readonly key: RefreshKey
  /** Names the one who asks; random. */
  readonly owner: string
}

/** What becomes of a refresh. */
export interface RefreshResult {
  readonly sealed: string
  /** Whether the provider gave another refresh token: then the old one must never be used again. */
  readonly rotated: boolean
  /** When the new tokens end. */
  readonly freshUntilEpochSeconds: number
  /** How long the result is kept. */
  readonly expiresAtEpochSeconds: number
}

/**
 * Lets one refresh happen where many are asked for. Every method rejects with a {@link ServiceError}
 * `store_throttled` or `store_unavailable`.
 */
export interface RefreshStore {
  /**
   * Claims a refresh for `leaseSeconds`, by one conditional write, or tells how it stands.
   *
   * It can be claimed if nobody ever asked, if a lease ran out, or if the provider lets one refresh token be used
   * several times and the last result has ended.
   */
  readonly claim: (claim: RefreshClaim, leaseSeconds: number) => Promise<RefreshState>
  /** How a refresh stands, without claiming it; `claimed` means that it can be claimed. */
  readonly look: (key: RefreshKey) => Promise<RefreshState>
  /** Keeps the result for everybody who asks with the same refresh token. */
  readonly complete: (claim: RefreshClaim, result: RefreshResult) => Promise<void>
  /** Keeps that the provider refused it. */
  readonly refuse: (claim: RefreshClaim, expiresAtEpochSeconds: number) => Promise<void>
  /** Gives the claim back: the provider did not answer. */
  readonly release: (claim: RefreshClaim) => Promise<void>
}

/** Names a session, a provider's session, or everything of a subject; made by `ended-sessions.ts`. */
export type EndedKey = string

/** Remembers which sessions were ended, and which one-time values were used. */
export interface EndedSessionStore {
  /** Ends everything under a key that began until then. An earlier time never replaces a later one. */
  readonly end: (
    key: EndedKey,
    times: { endedAtEpochSeconds: number; expiresAtEpochSeconds: number },
  ) => Promise<void>
  /** Until when sessions under a key were ended, or undefined. */
  readonly endedAt: (key: EndedKey) => Promise<number | undefined>
  /** Whether a one-time value is used for the first time; of two who ask at once, one is told so. */
  readonly useOnce: (key: string, expiresAtEpochSeconds: number) => Promise<boolean>
}
