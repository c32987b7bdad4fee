/** What is remembered of people who signed in, so that later tokens can name them. */
import { type Clock, epochSeconds } from '../shared/clock.ts'
import type { Profile } from '../shared/identity/caller.ts'
import { profileOfClaims } from '../shared/identity/profile.ts'
import { type GrantStore, grantKey } from '../shared/stores/grant-store.ts'
import type { JwtObject } from '../shared/tokens/jwt.ts'
import type { SignedInPerson } from './session-reader.ts'

export interface Account {
  readonly subject: string
  readonly profile: Profile
}

/** Their records end with the last refresh token that a sign-in can have given. */
export interface Accounts {
  readonly find: (subject: string) => Promise<Account | undefined>
  readonly keep: (person: SignedInPerson) => Promise<void>
}

export interface AccountsDeps {
  readonly store: GrantStore
  readonly now: Clock
  /** How long a sign-in lasts at most. */
  readonly keepSeconds: number
}

/** Makes them. */
export function createAccounts({ store, now, keepSeconds }: AccountsDeps): Accounts {
  return {
    async find(subject) {
      const record = await store.get('Account', grantKey(subject))
      return record && { subject, profile: profileOfClaims(record.value) }
    },
    keep: ({ subject, issuer, profile }) =>
      store.put('Account', grantKey(subject), {
        value: { issuer, ...userInfoClaims(profile) },
        expiresAtEpochSeconds: epochSeconds(now()) + keepSeconds,
      }),
  }
}

/** A profile in the words of OpenID Connect Core section 5.1; what is unknown is left out. */
export function userInfoClaims(profile: Profile): JwtObject {
  const claims = {
    name: profile.name,
    preferred_username: profile.preferredUsername,
    given_name: profile.givenName,
    family_name: profile.familyName,
    email: profile.email,
    picture: profile.picture,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
