import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDynamoDbGrantStore } from '../../../../../functions/shared/stores/dynamodb/grant-store.ts'
import { type GrantStore, grantKey } from '../../../../../functions/shared/stores/grant-store.ts'
import { AUTH_TABLE, startTestDatabase, type TestDatabase } from '../../../../support/dynamodb.ts'

const NOW_SECONDS = 1_800_000_000

let database: TestDatabase
let nowSeconds: number
let store: GrantStore
let counter = 0

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  nowSeconds = NOW_SECONDS
  store = storeWith(1)
  database.failWith(undefined)
})

function storeWith(maxAttempts: number): GrantStore {
  const client = database.newClient({ maxAttempts })
  return createDynamoDbGrantStore({ client, tableName: AUTH_TABLE, now: () => nowSeconds * 1000 })
}

/** A key that no other test uses. */
function newKey() {
  counter += 1
  return grantKey(`secret-${counter}`)
}

const record = (value: Record<string, unknown> = { scope: 'all' }) => ({
  value,
  expiresAtEpochSeconds: NOW_SECONDS + 60,
})

describe('a record', () => {
  it('is read back as it was written', async () => {
    const key = newKey()
    await store.put('RefreshToken', key, record({ scope: 'all', nested: { list: [1, 'two'] } }))
    expect(await store.get('RefreshToken', key)).toEqual({
      value: { scope: 'all', nested: { list: [1, 'two'] } },
      expiresAtEpochSeconds: NOW_SECONDS + 60,
      consumedAtEpochSeconds: undefined,
    })
  })

  it('is not found under another kind', async () => {
    const key = newKey()
    await store.put('AuthorizationCode', key, record())
    expect(await store.get('RefreshToken', key)).toBeUndefined()
    expect(await store.consume('RefreshToken', key)).toBe(false)
  })

  it('counts as absent from its last second on, whether or not it was deleted', async () => {
    const key = newKey()
    await store.put('Grant', key, record())
    nowSeconds += 60
    expect(await store.get('Grant', key)).toBeUndefined()
    expect(await store.consume('Grant', key)).toBe(false)
    expect(await store.decide('Grant', key, {})).toBe(false)
    expect(await store.create('Grant', key, { value: {}, expiresAtEpochSeconds: nowSeconds + 60 })).toBe(true)
  })

  it('is gone after it was deleted, and deleting it again is no mistake', async () => {
    const key = newKey()
    await store.put('Grant', key, record())
    await store.delete('Grant', key)
    await store.delete('Grant', key)
    expect(await store.get('Grant', key)).toBeUndefined()
  })

  it('leaves no secret in the table', async () => {
    await store.put('RefreshToken', grantKey('the-refresh-token-itself'), record())
    const { Items: items } = await database.client.send(new ScanCommand({ TableName: AUTH_TABLE }))
    expect(JSON.stringify(items)).not.toContain('the-refresh-token-itself')
  })

  it('has the attribute that the table expires items by', async () => {
    const key = newKey()
    await store.put('Grant', key, record())
    const { Item: item } = await database.client.send(
      new GetItemCommand({
        TableName: AUTH_TABLE,
        Key: { pk: { S: `OAUTH#Grant#${key}` }, sk: { S: 'OAUTH' } },
      }),
    )
    expect(item?.expiresAt).toEqual({ N: String(NOW_SECONDS + 60) })
  })
})

describe('what must happen once', () => {
  it('creates under one key once', async () => {
    const key = newKey()
    const results = await Promise.all([1, 2, 3, 4].map((n) => store.create('UserCode', key, record({ n }))))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect((await store.get('UserCode', key))?.value.n).toBe(results.indexOf(true) + 1)
  })

  it('redeems once, and says when', async () => {
    const key = newKey()
    await store.put('AuthorizationCode', key, record())
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => store.consume('AuthorizationCode', key)))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect((await store.get('AuthorizationCode', key))?.consumedAtEpochSeconds).toBe(NOW_SECONDS)
  })

  it('decides once, and not about what was redeemed', async () => {
    const key = newKey()
    await store.put('DeviceCode', key, record())
    const results = await Promise.all(
      ['yes', 'no', 'yes'].map((answer) => store.decide('DeviceCode', key, { answer })),
    )
    expect(results.filter(Boolean)).toHaveLength(1)
    const redeemed = newKey()
    await store.put('DeviceCode', redeemed, record())
    await store.consume('DeviceCode', redeemed)
    expect(await store.decide('DeviceCode', redeemed, { answer: 'yes' })).toBe(false)
  })

  it('redeems again what was given back, once', async () => {
    const key = newKey()
    await store.put('RefreshToken', key, record())
    await store.consume('RefreshToken', key, 'first')
    await store.release('RefreshToken', key, 'first')
    expect(await store.get('RefreshToken', key)).toEqual({ ...record(), consumedAtEpochSeconds: undefined })
    const results = await Promise.all([1, 2, 3].map(() => store.consume('RefreshToken', key)))
    expect(results.filter(Boolean)).toHaveLength(1)
  })

  it('gives nothing back that somebody else redeemed meanwhile, although it is asked to a second time', async () => {
    const key = newKey()
    await store.put('RefreshToken', key, record())
    await store.consume('RefreshToken', key, 'first')
    await store.release('RefreshToken', key, 'first')
    expect(await store.consume('RefreshToken', key, 'second')).toBe(true)
    await store.release('RefreshToken', key, 'first')
    expect(await store.consume('RefreshToken', key, 'third')).toBe(false)
  })

  it('gives nothing back that is not there', async () => {
    const key = newKey()
    await store.release('RefreshToken', key, 'first')
    expect(await store.get('RefreshToken', key)).toBeUndefined()
  })

  it('redeems nothing that is not there', async () => {
    expect(await store.consume('AuthorizationCode', newKey())).toBe(false)
    expect(await store.decide('DeviceCode', newKey(), {})).toBe(false)
  })

  const writes: readonly [string, (on: GrantStore, key: ReturnType<typeof newKey>) => Promise<boolean>][] = [
    ['a creation', (on, key) => on.create('UserCode', key, record())],
    ['a redemption', (on, key) => on.consume('AuthorizationCode', key)],
    ['a decision', (on, key) => on.decide('DeviceCode', key, {})],
  ]
  for (const [name, write] of writes) {
    it(`recognises ${name} of its own whose answer was lost`, async () => {
      const key = newKey()
      for (const kind of ['AuthorizationCode', 'DeviceCode'] as const) await store.put(kind, key, record())
      let faults = 1
      database.failWith(() => (faults-- > 0 ? 'lost-answer' : undefined))
      const retrying = storeWith(3)
      expect(await write(retrying, key)).toBe(true)
      expect(await write(retrying, key)).toBe(false)
    })
  }
})

describe('a counter', () => {
  it('adds up, whoever counts', async () => {
    const key = newKey()
    const options = { by: 1, expiresAtEpochSeconds: NOW_SECONDS + 60 }
    const totals = await Promise.all([1, 2, 3].map(() => store.count(key, options)))
    expect([...totals].sort()).toEqual([1, 2, 3])
    expect(await store.count(key, { ...options, by: 10 })).toBe(13)
  })
})

describe('an outage', () => {
  const calls: readonly [string, () => Promise<unknown>][] = [
    ['get', () => store.get('Grant', newKey())],
    ['put', () => store.put('Grant', newKey(), record())],
    ['create', () => store.create('Grant', newKey(), record())],
    ['consume', () => store.consume('Grant', newKey())],
    ['release', () => store.release('Grant', newKey(), 'first')],
    ['decide', () => store.decide('Grant', newKey(), {})],
    ['delete', () => store.delete('Grant', newKey())],
    ['count', () => store.count(newKey(), { by: 1, expiresAtEpochSeconds: NOW_SECONDS + 60 })],
  ]
  for (const [name, call] of calls) {
    it(`is told as what it is by ${name}`, async () => {
      database.failWith(() => 'broken')
      await expect(call()).rejects.toMatchObject({ reason: 'store_unavailable' })
      database.failWith(() => 'throttle')
      await expect(call()).rejects.toMatchObject({ reason: 'store_throttled' })
    })
  }
})
