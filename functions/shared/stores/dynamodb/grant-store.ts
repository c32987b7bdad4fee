/**
 * The authorization server's records in the Auth table.
 *
 * | pk | sk | attributes |
 * |---|---|---|
 * | `OAUTH#` kind `#` SHA-256 of the secret | `OAUTH` | `value` (JSON), `consumedAt`, `decidedAt`, `writer`, `expiresAt` (TTL) |
 * | `OAUTH#Counter#` SHA-256 of its name | `OAUTH` | `total`, `expiresAt` (TTL) |
 *
 * Every step that must happen once is one conditional write on one item. The client repeats a write whose answer
 * was lost; `writer`, another one for each call, is how such a write finds its own work and not a rival's.
 */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { type Clock, epochSeconds } from '../../clock.ts'
import { randomId } from '../../random.ts'
import type { JwtObject } from '../../tokens/jwt.ts'
import type { GrantKey, GrantKind, GrantRecord, GrantStore, StoredGrant } from '../grant-store.ts'
import { type Item, number, numberOf, text, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'

export interface GrantStoreDeps {
  readonly client: DynamoDBClient
  /** The Auth table. */
  readonly tableName: string
  readonly now: Clock
}

const SORT_KEY = 'OAUTH'

const exists = 'attribute_exists(pk)'
const absent = 'attribute_not_exists(pk)'
const ours = 'writer = :writer'
// TTL deletion can lag by days; expiry is ours to check.
const live = 'expiresAt > :now'
const expired = 'expiresAt <= :now'
const unused = 'attribute_not_exists(consumedAt)'
const undecided = 'attribute_not_exists(decidedAt)'

/** Makes the store. */
export function createDynamoDbGrantStore(deps: GrantStoreDeps): GrantStore {
  const { client, tableName, now } = deps
  return {
    ...onceWrites(deps),
    get: (kind, key) =>
      told(async () => {
        const { Item: item } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: keyOf(kind, key), ConsistentRead: true }),
        )
        const record = item && recordOf(item)
        return record && record.expiresAtEpochSeconds > epochSeconds(now()) ? record : undefined
      }),
    put: (kind, key, record) =>
      told(async () => {
        await client.send(new PutItemCommand({ TableName: tableName, Item: itemOf(kind, key, record) }))
      }),
    release: async (kind, key, redemption) => {
      const release = new UpdateItemCommand({
        TableName: tableName,
        Key: keyOf(kind, key),
        UpdateExpression: 'REMOVE consumedAt, writer',
        // The client repeats a release whose answer was lost: by then the record may be somebody else's redemption.
        ConditionExpression: `${exists} AND ${ours}`,
        ExpressionAttributeValues: { ':writer': text(redemption) },
      })
      await once(() => client.send(release))
    },
    delete: (kind, key) =>
      told(async () => {
        await client.send(new DeleteItemCommand({ TableName: tableName, Key: keyOf(kind, key) }))
      }),
    count: (counter, { by, expiresAtEpochSeconds }) =>
      told(async () => {
        const { Attributes: item } = await client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: keyOf('Counter', counter),
            UpdateExpression: 'SET expiresAt = :expiry ADD #total :by',
            ExpressionAttributeNames: { '#total': 'total' },
            ExpressionAttributeValues: { ':by': number(by), ':expiry': number(expiresAtEpochSeconds) },
            ReturnValues: 'ALL_NEW',
          }),
        )
        return (item && numberOf(item, 'total')) ?? by
      }),
  }
}

/** The writes of which exactly one may succeed. */
function onceWrites({
  client,
  tableName,
  now,
}: GrantStoreDeps): Pick<GrantStore, 'create' | 'consume' | 'decide'> {
  const values = (writer = randomId()) => ({ ':now': number(epochSeconds(now())), ':writer': text(writer) })

  function update(kind: GrantKind, key: GrantKey, change: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>) {
    const command = new UpdateItemCommand({ TableName: tableName, Key: keyOf(kind, key), ...change })
    return once(() => client.send(command))
  }

  return {
    create(kind, key, record) {
      const mine = values()
      const command = new PutItemCommand({
        TableName: tableName,
        Item: { ...itemOf(kind, key, record), writer: mine[':writer'] },
        ConditionExpression: `${absent} OR ${expired} OR ${ours}`,
        ExpressionAttributeValues: mine,
      })
      return once(() => client.send(command))
    },
    consume: (kind, key, redemption) =>
      update(kind, key, {
        UpdateExpression: 'SET consumedAt = :now, writer = :writer',
        ConditionExpression: `${exists} AND ${live} AND (${unused} OR ${ours})`,
        ExpressionAttributeValues: values(redemption),
      }),
    decide: (kind, key, value) =>
      update(kind, key, {
        UpdateExpression: 'SET #value = :value, decidedAt = :now, writer = :writer',
        ConditionExpression: `${exists} AND ${live} AND ${unused} AND (${undecided} OR ${ours})`,
        ExpressionAttributeNames: { '#value': 'value' },
        ExpressionAttributeValues: { ':value': text(JSON.stringify(value)), ...values() },
      }),
  }
}

/** Carries out a call; a failure is told as what it means to the caller. */
async function told<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw storeErrorOf(error)
  }
}

/** Carries out a conditional write; false if its condition did not hold. */
async function once(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (isConditionFailure(error)) return false
    throw storeErrorOf(error)
  }
}

function keyOf(kind: GrantKind | 'Counter', key: GrantKey): Item {
  return { pk: text(`OAUTH#${kind}#${key}`), sk: text(SORT_KEY) }
}

function itemOf(kind: GrantKind, key: GrantKey, record: GrantRecord): Item {
  return {
    ...keyOf(kind, key),
    value: text(JSON.stringify(record.value)),
    expiresAt: number(record.expiresAtEpochSeconds),
  }
}

function recordOf(item: Item): StoredGrant | undefined {
  const value = parseValue(textOf(item, 'value'))
  const expiresAtEpochSeconds = numberOf(item, 'expiresAt')
  if (value === undefined || expiresAtEpochSeconds === undefined) return undefined
  return { value, expiresAtEpochSeconds, consumedAtEpochSeconds: numberOf(item, 'consumedAt') }
}

function parseValue(json: string): JwtObject | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? (value as JwtObject) : undefined
  } catch {
    return undefined
  }
}
