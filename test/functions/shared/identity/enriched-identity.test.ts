import { fromBinary, toBinary, toJson } from '@bufbuild/protobuf'
import { UserInfoResponseSchema } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { EnrichedIdentitySchema } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { describe, expect, it } from 'vitest'
import type { Caller, Profile } from '../../../../functions/shared/identity/caller.ts'
import {
  enrichedIdentityBytes,
  enrichedIdentityOf,
  readEnrichedIdentity,
  userInfoOf,
} from '../../../../functions/shared/identity/enriched-identity.ts'

const ADA: Caller = {
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ada',
  clientId: 'flytectl',
  scopes: ['all'],
  profile: {
    name: 'Ada King, Countess of Lovelace',
    givenName: 'Ada',
    familyName: 'Lovelace',
    preferredUsername: 'countess',
    email: 'ada@example.com',
    picture: 'https://people.example/ada.png',
  },
  source: 'bearer',
  expiresAtEpochSeconds: 1_800_000_600,
}
const REPORTER: Caller = {
  ...ADA,
  kind: 'application',
  subject: 'reporter-1',
  clientId: 'reporter',
  profile: {},
}
const withProfile = (profile: Profile): Caller => ({ ...ADA, profile })

describe('the identity that a run is recorded with', () => {
  it('is a person with everything that is known', () => {
    expect(toJson(EnrichedIdentitySchema, enrichedIdentityOf(ADA))).toEqual({
      user: {
        id: { subject: 'ada' },
        spec: {
          firstName: 'Ada',
          lastName: 'Lovelace',
          email: 'ada@example.com',
          userHandle: 'countess',
          photoUrl: 'https://people.example/ada.png',
        },
      },
    })
  })

  it('is a person by subject alone where nothing else is known', () => {
    expect(toJson(EnrichedIdentitySchema, enrichedIdentityOf(withProfile({})))).toEqual({
      user: { id: { subject: 'ada' }, spec: {} },
    })
  })

  it('has a whole name as first name where it is the only one known', () => {
    expect(toJson(EnrichedIdentitySchema, enrichedIdentityOf(withProfile({ name: 'Ada Lovelace' })))).toEqual(
      {
        user: { id: { subject: 'ada' }, spec: { firstName: 'Ada Lovelace' } },
      },
    )
  })

  it('is an application with its client’s name', () => {
    expect(toJson(EnrichedIdentitySchema, enrichedIdentityOf(REPORTER))).toEqual({
      application: { id: { subject: 'reporter-1' }, spec: { name: 'reporter' } },
    })
  })

  it('reads back from its bytes', () => {
    expect(readEnrichedIdentity(enrichedIdentityBytes(ADA))).toEqual(enrichedIdentityOf(ADA))
  })

  it('keeps fields newer than this code', () => {
    const newer = Buffer.concat([enrichedIdentityBytes(ADA), Buffer.from([0xfa, 0x3e, 0x01, 0x61])])
    const read = readEnrichedIdentity(newer)
    expect(read && Buffer.from(toBinary(EnrichedIdentitySchema, read))).toEqual(newer)
  })

  const unreadable: Record<string, Uint8Array | undefined> = {
    'there are no bytes': undefined,
    'they are empty': new Uint8Array(),
    'they are cut off': enrichedIdentityBytes(ADA).slice(0, 20),
    'they are something else': Buffer.from('not protobuf at all'),
    'they name nobody': Buffer.from([0xfa, 0x3e, 0x01, 0x61]),
  }
  for (const [name, bytes] of Object.entries(unreadable)) {
    it(`is none where ${name}`, () => expect(readEnrichedIdentity(bytes)).toBeUndefined())
  }
})

describe('what whoami answers', () => {
  it('is the caller as a run would record it, and where that is known from', () => {
    expect(toJson(UserInfoResponseSchema, userInfoOf(ADA))).toEqual({
      subject: 'ada',
      name: 'Ada King, Countess of Lovelace',
      preferredUsername: 'countess',
      givenName: 'Ada',
      familyName: 'Lovelace',
      email: 'ada@example.com',
      picture: 'https://people.example/ada.png',
      additionalClaims: {
        iss: 'https://login.example.com',
        kind: 'user',
        source: 'bearer',
        client_id: 'flytectl',
      },
    })
  })

  it('puts a name together where only its parts are known', () => {
    expect(userInfoOf(withProfile({ givenName: 'Ada', familyName: 'Lovelace' })).name).toBe('Ada Lovelace')
    expect(userInfoOf(withProfile({ givenName: 'Ada' })).name).toBe('Ada')
    expect(userInfoOf(withProfile({})).name).toBe('')
  })

  it('names an application after its client', () => {
    expect(userInfoOf(REPORTER)).toMatchObject({ subject: 'reporter-1', name: 'reporter' })
  })

  it('is a message that travels', () => {
    const bytes = toBinary(UserInfoResponseSchema, userInfoOf(ADA))
    expect(fromBinary(UserInfoResponseSchema, bytes)).toEqual(userInfoOf(ADA))
  })
})
