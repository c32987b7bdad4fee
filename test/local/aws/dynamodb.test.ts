import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalDynamoDb, startDynamoDb, type TableDefinition } from '../../../local/aws/dynamodb.ts'
import { tableArn } from '../../../local/resource-names.ts'

const TABLE: TableDefinition = {
  TableName: 'Runs',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: ['pk', 'sk', 'projectKey'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byProject',
      KeySchema: [{ AttributeName: 'projectKey', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['phase'] },
    },
  ],
}

let directory: string
let database: LocalDynamoDb | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dynamodb-'))
})
afterEach(async () => {
  await database?.close()
  database = undefined
  await rm(directory, { recursive: true })
})

async function open(
  options: { tables?: TableDefinition[]; inMemory?: boolean } = {},
): Promise<DynamoDBClient> {
  const { tables = [TABLE], inMemory = false } = options
  database = await startDynamoDb({
    directory: inMemory ? null : directory,
    tables,
    access: ownerOnly,
    arnOf: (table) => tableArn('eu-west-1', table),
  })
  return new DynamoDBClient({
    endpoint: database.endpoint,
    region: 'eu-west-1',
    credentials: LOCAL_CREDENTIALS,
  })
}

const item = { pk: { S: 'a' }, sk: { S: 'b' }, projectKey: { S: 'p' }, phase: { N: '1' }, spec: { S: 'x' } }

describe('the tables of the template', () => {
  it('are there, with their indexes', async () => {
    const client = await open({ inMemory: true })
    await client.send(new PutItemCommand({ TableName: 'Runs', Item: item }))
    const { Items } = await client.send(
      new QueryCommand({
        TableName: 'Runs',
        IndexName: 'byProject',
        KeyConditionExpression: 'projectKey = :p',
        ExpressionAttributeValues: { ':p': { S: 'p' } },
      }),
    )
    const { spec: _notProjected, ...projected } = item
    expect(Items).toEqual([projected])
  })

  it('refuse a second write under one condition', async () => {
    const client = await open({ inMemory: true })
    const put = () =>
      client.send(
        new PutItemCommand({
          TableName: 'Runs',
          Item: item,
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      )
    await put()
    await expect(put()).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
  })

  it('are the only ones', async () => {
    const client = await open({ inMemory: true })
    await expect(client.send(new PutItemCommand({ TableName: 'Auth', Item: item }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })
})

describe('a data folder', () => {
  it('keeps items over a restart', async () => {
    const first = await open()
    await first.send(new PutItemCommand({ TableName: 'Runs', Item: item }))
    await database?.close()
    const second = await open()
    const { Item } = await second.send(
      new GetItemCommand({ TableName: 'Runs', Key: { pk: { S: 'a' }, sk: { S: 'b' } } }),
    )
    expect(Item).toEqual(item)
  })

  it('of tables with other indexes is refused, not misread', async () => {
    await open()
    await database?.close()
    database = undefined
    const changed = { ...TABLE, GlobalSecondaryIndexes: [] }
    await expect(open({ tables: [changed] })).rejects.toMatchObject({
      name: 'TableShapeError',
      table: 'Runs',
    })
  })
})
