/**
 * Ended sessions and used one-time values in the Auth table.
 *
 * | pk | sk | attributes |
 * |---|---|---|
 * | `ENDED#` + key | `ENDED` | `endedAt`, `expiresAt` (TTL) |
 * | `USED#` + key | `USED` | `expiresAt` (TTL) |
 */
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { type Clock, epochSeconds } from '../../clock.ts'
import type { EndedSessionStore } from '../session-store.ts'
import { number, numberOf, text } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'

export interface EndedSessionStoreDeps {
  readonly client: DynamoDBClient
  /** The Auth table. */
  readonly tableName: string
  readonly now: Clock
}

/** Makes the store. */
export function createDynamoDbEndedSessionStore(deps: EndedSessionStoreDeps): EndedSessionStore {
  const { client, tableName, now } = deps

  async function put(input: Omit<ConstructorParameters<typeof PutItemCommand>[0], 'TableName'>) {
    try {
      await client.send(new PutItemCommand({ TableName: tableName, ...input }))
      return true
    } catch (error) {
      if (isConditionFailure(error)) return false
      throw storeErrorOf(error)
    }
  }

  return {
    async end(key, { endedAtEpochSeconds, expiresAtEpochSeconds }) {
      await put({
        Item: {
          ...endedKey(key),
          endedAt: number(endedAtEpochSeconds),
          expiresAt: number(expiresAtEpochSeconds),
        },
        ConditionExpression: 'attribute_not_exists(pk) OR endedAt < :endedAt',
        ExpressionAttributeValues: { ':endedAt': number(endedAtEpochSeconds) },
      })
    },
    async endedAt(key) {
      try {
        const { Item: item } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: endedKey(key), ConsistentRead: true }),
        )
        return item && numberOf(item, 'endedAt')
      } catch (error) {
        throw storeErrorOf(error)
      }
    },
    useOnce: (key, expiresAtEpochSeconds) =>
      put({
        Item: { pk: text(`USED#${key}`), sk: text('USED'), expiresAt: number(expiresAtEpochSeconds) },
        // Deletion by TTL can lag by days; what was used long ago may be used by somebody else.
        ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
        ExpressionAttributeValues: { ':now': number(epochSeconds(now())) },
      }),
  }
}

function endedKey(key: string) {
  return { pk: text(`ENDED#${key}`), sk: text('ENDED') }
}
