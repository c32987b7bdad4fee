import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDynamoDbProjectStore } from '../../../../../functions/shared/stores/dynamodb/project-store.ts'
import { RUNS_TABLE, startTestDatabase, type TestDatabase } from '../../../../support/dynamodb.ts'

let database: TestDatabase
const makeStore = () => createDynamoDbProjectStore(database.client, RUNS_TABLE)
const project = (id: string, byte = 1) => ({ id, project: new Uint8Array([byte]), createdAtMs: 1000 })

beforeAll(async () => {
  database = await startTestDatabase()
})
afterEach(() => database.failWith(undefined))
afterAll(() => database.close())

describe('the project store in DynamoDB', () => {
  it('finds no project that was not made', async () => {
    expect(await makeStore().find('nothing')).toBeUndefined()
  })

  it('makes a project once', async () => {
    const store = makeStore()
    expect(await store.create(project('once', 1))).toBe(true)
    expect(await store.create(project('once', 2))).toBe(false)
    expect(await store.find('once')).toEqual(project('once', 1))
  })

  it('makes one of two projects that are created at once under one id', async () => {
    const store = makeStore()
    const made = await Promise.all([store.create(project('raced', 1)), store.create(project('raced', 2))])
    expect(made.toSorted()).toEqual([false, true])
  })

  it('does not update a project that there is none of', async () => {
    const store = makeStore()
    expect(await store.update(project('absent'), { orCreate: false })).toBe(false)
    expect(await store.find('absent')).toBeUndefined()
  })

  it('keeps the time a project was made when it is updated', async () => {
    const store = makeStore()
    await store.create(project('changed', 1))
    const changed = { ...project('changed', 2), createdAtMs: 9999 }
    expect(await store.update(changed, { orCreate: false })).toBe(true)
    expect(await store.find('changed')).toEqual(project('changed', 2))
  })

  it('makes a project by an update where that is asked for', async () => {
    const store = makeStore()
    expect(await store.update(project('seeded', 3), { orCreate: true })).toBe(true)
    expect(await store.find('seeded')).toEqual(project('seeded', 3))
  })

  it('reads every project in the order of their ids, over more than one page', async () => {
    const store = makeStore()
    const large = new Uint8Array(300 * 1024)
    for (const id of ['page-d', 'page-b', 'page-a', 'page-c', 'page-e']) {
      await store.create({ id, project: large, createdAtMs: 1 })
    }
    const ids = (await store.all()).map(({ id }) => id).filter((id) => id.startsWith('page-'))
    expect(ids).toEqual(['page-a', 'page-b', 'page-c', 'page-d', 'page-e'])
  })

  it('says store_throttled or store_unavailable when the database fails', async () => {
    const store = makeStore()
    database.failWith(() => 'throttle')
    await expect(store.create(project('x'))).rejects.toMatchObject({ reason: 'store_throttled' })
    await expect(store.find('x')).rejects.toMatchObject({ reason: 'store_throttled' })
    database.failWith(() => 'hang-up')
    await expect(store.update(project('x'), { orCreate: true })).rejects.toMatchObject({
      reason: 'store_unavailable',
    })
    await expect(store.all()).rejects.toMatchObject({ reason: 'store_unavailable' })
  })
})
