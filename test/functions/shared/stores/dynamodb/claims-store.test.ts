import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimsStore, StoredClaims } from '../../../../../functions/shared/stores/claims-store.ts'
import { createDynamoDbClaimsStore } from '../../../../../functions/shared/stores/dynamodb/claims-store.ts'

const NOW_SECONDS = 1_800_000_000
const TABLE = 'Auth'
const HASH = 'a'.repeat(64)
const CLAIMS: StoredClaims = {
  subject: 'ada',
  profile: { name: 'Ada Lovelace', givenName: 'Ada', familyName: 'Lovelace', email: 'ada@example.com' },
  expiresAtEpochSeconds: NOW_SECONDS + 600,
}

let server: Server
let client: DynamoDBClient
let nowSeconds: number
let store: ClaimsStore

beforeAll(async () => {
  server = dynalite({ createTableMs: 0 }) as Server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  client = clientFor((server.address() as AddressInfo).port)
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  )
})
afterAll(async () => {
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  nowSeconds = NOW_SECONDS
  store = storeOn(client)
})

function clientFor(port: number, maxAttempts = 3): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
  })
}

function storeOn(on: DynamoDBClient, tableName = TABLE): ClaimsStore {
  return createDynamoDbClaimsStore({ client: on, tableName, now: () => nowSeconds * 1000 })
}

describe('the store of userinfo results', () => {
  it('gives back what was put', async () => {
    await store.put(HASH, CLAIMS)
    expect(await store.get(HASH)).toEqual(CLAIMS)
  })

  it('gives back an empty profile', async () => {
    await store.put(HASH, { ...CLAIMS, profile: {} })
    expect(await store.get(HASH)).toEqual({ ...CLAIMS, profile: {} })
  })

  it('knows nothing of a token that was not put', async () => {
    expect(await store.get('b'.repeat(64))).toBeUndefined()
  })

  it('replaces an older result', async () => {
    await store.put(HASH, CLAIMS)
    await store.put(HASH, { ...CLAIMS, subject: '00u1' })
    expect(await store.get(HASH)).toMatchObject({ subject: '00u1' })
  })

  it('does not give back what has expired, although it is still in the table', async () => {
    await store.put(HASH, CLAIMS)
    nowSeconds = CLAIMS.expiresAtEpochSeconds
    expect(await store.get(HASH)).toBeUndefined()
  })

  it('keeps it under the key and with the time to live that the table was made for', async () => {
    await store.put(HASH, CLAIMS)
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: TABLE, Key: { pk: { S: `CLAIMS#${HASH}` }, sk: { S: 'CLAIMS' } } }),
    )
    expect(item).toMatchObject({ expiresAt: { N: String(CLAIMS.expiresAtEpochSeconds) } })
  })

  const unreadable: Record<string, Record<string, { S: string } | { N: string }>> = {
    'a profile that is no JSON': { profile: { S: '{' } },
    'a profile that is null': { profile: { S: 'null' } },
    'a profile of another type': { profile: { N: '1' } },
    'an empty subject': { subject: { S: '' } },
    'a subject of another type': { subject: { N: '7' } },
    'no number as expiry': { expiresAt: { S: 'later' } },
  }
  for (const [name, attributes] of Object.entries(unreadable)) {
    it(`counts a record with ${name} as absent`, async () => {
      const good = { subject: { S: 'ada' }, profile: { S: '{}' }, expiresAt: { N: String(NOW_SECONDS + 9) } }
      const key = { pk: { S: `CLAIMS#${HASH}` }, sk: { S: 'CLAIMS' } }
      await client.send(new PutItemCommand({ TableName: TABLE, Item: { ...key, ...good, ...attributes } }))
      expect(await store.get(HASH)).toBeUndefined()
    })
  }

  it('leaves out profile fields that are unknown or no text', async () => {
    const profile = { S: JSON.stringify({ name: 7, email: 'ada@example.com', isAdmin: 'yes' }) }
    const item = { pk: { S: `CLAIMS#${HASH}` }, sk: { S: 'CLAIMS' }, subject: { S: 'ada' }, profile }
    await client.send(
      new PutItemCommand({ TableName: TABLE, Item: { ...item, expiresAt: { N: String(NOW_SECONDS + 9) } } }),
    )
    expect((await store.get(HASH))?.profile).toEqual({ email: 'ada@example.com' })
  })

  it('says that the database is out of reach', async () => {
    const nowhere = clientFor(1, 1)
    const unreachable = storeOn(nowhere)
    await expect(unreachable.get(HASH)).rejects.toMatchObject({ reason: 'store_unavailable' })
    await expect(unreachable.put(HASH, CLAIMS)).rejects.toMatchObject({ reason: 'store_unavailable' })
    nowhere.destroy()
  })

  it('says that the table is missing', async () => {
    await expect(storeOn(client, 'NoSuchTable').get(HASH)).rejects.toMatchObject({
      reason: 'store_unavailable',
    })
  })
})
