/** What the authorization server remembers between two requests: codes, refresh tokens, grants, counters. */
import { createHash } from 'node:crypto'
import type { JwtObject } from '../tokens/jwt.ts'

/** What a record is about. A key of one kind never finds a record of another. */
export type GrantKind =
  | 'AuthorizationCode'
  | 'RefreshToken'
  | 'DeviceCode'
  /** What a person allowed a client; without it, nothing that came of it works any more. */
  | 'Grant'
  /** A sign-in that is under way. */
  | 'Interaction'
  /** What is known about a person who signed in. */
  | 'Account'
  /** Finds a device code by what its owner types. */
  | 'UserCode'
  /** The answer to a refresh, for a client that did not get it. */
  | 'RefreshAnswer'
  /** When a device last asked. */
  | 'DevicePoll'
  /** A question put to a person about a device. */
  | 'DeviceQuestion'
  | 'RevokedToken'

/** The SHA-256 of a code, token or name, in hexadecimal: the store never holds what a client has to present. */
export type GrantKey = string & { readonly grantKey: true }

/** The key of a secret, or of a name. */
export function grantKey(secret: string): GrantKey {
  return createHash('sha256').update(secret).digest('hex') as GrantKey
}

export interface GrantRecord {
  readonly value: JwtObject
  /** From then on the record counts as absent. */
  readonly expiresAtEpochSeconds: number
}

export interface StoredGrant extends GrantRecord {
  /** When it was redeemed, if it was. */
  readonly consumedAtEpochSeconds: number | undefined
}

/**
 * Keeps records until they expire. Of several callers at the same moment, exactly one gets `true` from
 * {@link create}, {@link consume} or {@link decide}. A failure rejects with a {@link ServiceError}
 * `store_throttled` or `store_unavailable`; whether a write was then carried out is unknown.
 */
export interface GrantStore {
  readonly get: (kind: GrantKind, key: GrantKey) => Promise<StoredGrant | undefined>
  /** Writes a record, replacing one that is there. */
  readonly put: (kind: GrantKind, key: GrantKey, record: GrantRecord) => Promise<void>
  /** Writes a record unless there is one already. */
  readonly create: (kind: GrantKind, key: GrantKey, record: GrantRecord) => Promise<boolean>
  /**
   * Marks a record as redeemed; false if it is absent or was redeemed before.
   *
   * @param redemption Names this redemption, for whoever may have to take it back; another one for each.
   */
  readonly consume: (kind: GrantKind, key: GrantKey, redemption?: string) => Promise<boolean>
  /**
   * Takes a redemption back, for whoever redeemed the record and gave nothing for it. Does nothing to a record that
   * was redeemed by anybody else, however late it arrives or often it is repeated.
   */
  readonly release: (kind: GrantKind, key: GrantKey, redemption: string) => Promise<void>
  /** Replaces the value of a record once; false if it is absent, redeemed, or was decided before. */
  readonly decide: (kind: GrantKind, key: GrantKey, value: JwtObject) => Promise<boolean>
  readonly delete: (kind: GrantKind, key: GrantKey) => Promise<void>
  /** Adds to a counter and gives its new total. */
  readonly count: (counter: GrantKey, options: CountOptions) => Promise<number>
}

export interface CountOptions {
  readonly by: number
  readonly expiresAtEpochSeconds: number
}
