/** The two things that every store does with a single item. */
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'

/** A table and the way to it. */
export interface Table {
  readonly client: DynamoDBClient
  readonly tableName: string
}

/**
 * Reads an item as it is now (strongly consistent), with its expiry unread; undefined if there is none.
 *
 * @throws {ServiceError} as {@link storeErrorOf} says
 */
export async function readItem({ client, tableName }: Table, key: Item): Promise<Item | undefined> {
  try {
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true }),
    )
    return item
  } catch (error) {
    throw storeErrorOf(error)
  }
}

/**
 * Writes an item unless there is one under its key: of two writers at the same moment one succeeds.
 *
 * @returns Whether it was written. The client repeats a write whose answer was lost, and then meets its own item.
 * @throws {ServiceError} as {@link storeErrorOf} says
 */
export async function createItem({ client, tableName }: Table, item: Item): Promise<boolean> {
  try {
    await client.send(
      new PutItemCommand({
        TableName: tableName,
        Item: item,
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    )
    return true
  } catch (error) {
    if (!isConditionFailure(error)) throw storeErrorOf(error)
    return false
  }
}
