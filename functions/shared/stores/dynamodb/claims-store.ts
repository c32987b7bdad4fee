/**
 * Userinfo results in the Auth table.
 *
 * | pk | sk | attributes |
 * |---|---|---|
 * | `CLAIMS#` + SHA-256 of the token | `CLAIMS` | `subject`, `profile` (JSON), `expiresAt` (TTL) |
 */
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { type Clock, epochSeconds } from '../../clock.ts'
import type { Profile } from '../../identity/caller.ts'
import type { ClaimsStore, StoredClaims, TokenHash } from '../claims-store.ts'
import { type Item, number, numberOf, text, textOf } from './attributes.ts'
import { storeErrorOf } from './client.ts'

export interface ClaimsStoreDeps {
  readonly client: DynamoDBClient
  /** The Auth table. */
  readonly tableName: string
  readonly now: Clock
}

const SORT_KEY = 'CLAIMS'

/** Makes the store. */
export function createDynamoDbClaimsStore({ client, tableName, now }: ClaimsStoreDeps): ClaimsStore {
  return {
    async get(token) {
      try {
        const { Item: item } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: keyOf(token) }),
        )
        const claims = item && claimsOf(item)
        // Deletion by TTL can lag by days.
        return claims && claims.expiresAtEpochSeconds > epochSeconds(now()) ? claims : undefined
      } catch (error) {
        throw storeErrorOf(error)
      }
    },
    async put(token, claims) {
      try {
        await client.send(new PutItemCommand({ TableName: tableName, Item: itemOf(token, claims) }))
      } catch (error) {
        throw storeErrorOf(error)
      }
    },
  }
}

function keyOf(token: TokenHash): Item {
  return { pk: text(`CLAIMS#${token}`), sk: text(SORT_KEY) }
}

function itemOf(token: TokenHash, claims: StoredClaims): Item {
  return {
    ...keyOf(token),
    subject: text(claims.subject),
    profile: text(JSON.stringify(claims.profile)),
    expiresAt: number(claims.expiresAtEpochSeconds),
  }
}

function claimsOf(item: Item): StoredClaims | undefined {
  const subject = textOf(item, 'subject')
  const profile = profileOf(textOf(item, 'profile'))
  const expiresAtEpochSeconds = numberOf(item, 'expiresAt')
  if (subject === '' || profile === undefined || expiresAtEpochSeconds === undefined) return undefined
  return { subject, profile, expiresAtEpochSeconds }
}

const PROFILE_FIELDS: readonly (keyof Profile)[] = [
  'name',
  'givenName',
  'familyName',
  'preferredUsername',
  'email',
  'picture',
]

function profileOf(json: string): Profile | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const stored = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    PROFILE_FIELDS.filter((field) => typeof stored[field] === 'string').map((field) => [
      field,
      stored[field],
    ]),
  )
}
