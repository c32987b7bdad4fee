import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../../../functions/shared/errors.ts'
import {
  createDynamoDbTaskStore,
  MAX_ITEM_SPEC_BYTES,
} from '../../../../../functions/shared/stores/dynamodb/task-store.ts'
import type { ObjectStore } from '../../../../../functions/shared/stores/object-store.ts'
import { RUNS_TABLE, startTestDatabase, type TestDatabase } from '../../../../support/dynamodb.ts'
import { memoryObjectStore } from '../../../../support/memory-object-store.ts'

let database: TestDatabase
const objects = memoryObjectStore()
const makeStore = (bucket: ObjectStore = objects.store) =>
  createDynamoDbTaskStore({
    client: database.client,
    tableName: RUNS_TABLE,
    objects: bucket,
    storagePrefix: 's3://bucket/prefix',
  })

beforeAll(async () => {
  database = await startTestDatabase()
})
afterEach(() => database.failWith(undefined))
afterAll(() => database.close())

const task = {
  project: 'flytesnacks',
  domain: 'development',
  name: 'env.main',
  version: 'v1',
  type: 'python',
  shortName: 'main',
  environmentName: 'env',
}

describe('the task store in DynamoDB: specs', () => {
  it('finds no spec that was not stored', async () => {
    expect(await makeStore().findSpec('nothing')).toBeUndefined()
  })

  it('reads back the bytes of a spec', async () => {
    await makeStore().putSpec('small', new Uint8Array([1, 2, 3]))
    expect(await makeStore().findSpec('small')).toEqual(new Uint8Array([1, 2, 3]))
  })

  it('writes a spec once an instance, however often it is run', async () => {
    const store = makeStore()
    database.forget()
    for (let i = 0; i < 3; i += 1) await store.putSpec('often', new Uint8Array([1]))
    expect(database.operations).toEqual(['PutItem'])
  })

  it('writes a spec again after a write that failed', async () => {
    const store = makeStore()
    database.failWith(() => 'hang-up')
    await expect(store.putSpec('again', new Uint8Array([1]))).rejects.toMatchObject({
      reason: 'store_unavailable',
    })
    database.failWith(undefined)
    await store.putSpec('again', new Uint8Array([1]))
    expect(await store.findSpec('again')).toEqual(new Uint8Array([1]))
  })

  it('keeps the largest spec that an item holds in the item', async () => {
    const spec = new Uint8Array(MAX_ITEM_SPEC_BYTES).fill(7)
    await makeStore().putSpec('largest', spec)
    expect(await makeStore().findSpec('largest')).toEqual(spec)
    expect(objects.contents.size).toBe(0)
  })

  it('keeps a larger spec in the bucket', async () => {
    const spec = new Uint8Array(MAX_ITEM_SPEC_BYTES + 1).fill(7)
    await makeStore().putSpec('larger', spec)
    expect([...objects.contents.keys()]).toEqual(['s3://bucket/prefix/task-specs/larger.pb'])
    expect(await makeStore().findSpec('larger')).toEqual(spec)
  })

  it('leaves no pointer to a spec that did not reach the bucket', async () => {
    const down: ObjectStore = {
      put: () => Promise.reject(new ServiceError('storage_unavailable')),
      find: () => Promise.reject(new ServiceError('storage_unavailable')),
    }
    const spec = new Uint8Array(MAX_ITEM_SPEC_BYTES + 1)
    await expect(makeStore(down).putSpec('unreached', spec)).rejects.toMatchObject({
      reason: 'storage_unavailable',
    })
    expect(await makeStore().findSpec('unreached')).toBeUndefined()
  })

  it('says storage_unavailable when the bucket lost a spec', async () => {
    await makeStore().putSpec('lost', new Uint8Array(MAX_ITEM_SPEC_BYTES + 1))
    objects.contents.clear()
    await expect(makeStore().findSpec('lost')).rejects.toMatchObject({ reason: 'storage_unavailable' })
  })

  it('says store_throttled when the table has no capacity left', async () => {
    database.failWith(() => 'throttle')
    await expect(makeStore().findSpec('small')).rejects.toMatchObject({ reason: 'store_throttled' })
  })
})

describe('the task store in DynamoDB: deployed tasks', () => {
  it('finds no task that was not deployed', async () => {
    expect(await makeStore().findTask({ ...task, name: 'nothing' })).toBeUndefined()
  })

  it('reads back a deployed task', async () => {
    await makeStore().putTask({ task, specDigest: 'one' })
    expect(await makeStore().findTask(task)).toEqual({ task, specDigest: 'one' })
  })

  it('keeps versions apart', async () => {
    await makeStore().putTask({ task, specDigest: 'one' })
    await makeStore().putTask({ task: { ...task, version: 'v2' }, specDigest: 'two' })
    expect(await makeStore().findTask(task)).toEqual({ task, specDigest: 'one' })
    expect(await makeStore().findTask({ ...task, version: 'v3' })).toBeUndefined()
  })
})
