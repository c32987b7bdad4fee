/** Callers as Flyte's messages have them: what is recorded with a run, and what whoami answers. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type UserInfoResponse,
  UserInfoResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import {
  type EnrichedIdentity,
  EnrichedIdentitySchema,
} from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import type { Caller, Profile } from './caller.ts'

/**
 * The identity that a run is recorded with.
 *
 * The message has no field for a whole name, so a person of whom only that is known gets it as first name: the
 * two together then read as the person is called.
 */
export function enrichedIdentityOf({ kind, subject, clientId, profile }: Caller): EnrichedIdentity {
  if (kind === 'application') {
    const spec = { name: profile.name ?? clientId ?? '' }
    return create(EnrichedIdentitySchema, {
      principal: { case: 'application', value: { id: { subject }, spec } },
    })
  }
  const isNameWhole = profile.givenName === undefined && profile.familyName === undefined
  const spec = {
    firstName: (isNameWhole ? profile.name : profile.givenName) ?? '',
    lastName: profile.familyName ?? '',
    email: profile.email ?? '',
    userHandle: profile.preferredUsername ?? '',
    photoUrl: profile.picture ?? '',
  }
  return create(EnrichedIdentitySchema, { principal: { case: 'user', value: { id: { subject }, spec } } })
}

/** The same as protobuf bytes, to be stored. */
export function enrichedIdentityBytes(caller: Caller): Uint8Array {
  return toBinary(EnrichedIdentitySchema, enrichedIdentityOf(caller))
}

/** Stored bytes as an identity again; undefined without bytes, for unreadable ones, and if they name nobody. */
export function readEnrichedIdentity(bytes: Uint8Array | undefined): EnrichedIdentity | undefined {
  if (bytes === undefined) return undefined
  try {
    const identity = fromBinary(EnrichedIdentitySchema, bytes)
    return identity.principal.case === undefined ? undefined : identity
  } catch {
    return undefined
  }
}

/**
 * What `IdentityService.UserInfo` answers: the caller just as a run would record it. The additional claims say
 * where the identity comes from.
 */
export function userInfoOf(caller: Caller): UserInfoResponse {
  const { subject, profile, issuer, kind, source, clientId } = caller
  return create(UserInfoResponseSchema, {
    subject,
    name: profile.name ?? wholeName(profile) ?? (kind === 'application' ? clientId : undefined) ?? '',
    preferredUsername: profile.preferredUsername ?? '',
    givenName: profile.givenName ?? '',
    familyName: profile.familyName ?? '',
    email: profile.email ?? '',
    picture: profile.picture ?? '',
    additionalClaims: {
      iss: issuer,
      kind,
      source,
      ...(clientId === undefined ? {} : { client_id: clientId }),
    },
  })
}

function wholeName({ givenName, familyName }: Profile): string | undefined {
  const parts = [givenName, familyName].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(' ')
}
