import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDynamoDbRunStore } from '../../../../../functions/shared/stores/dynamodb/run-store.ts'
import { type Fault, RUNS_TABLE, startTestDatabase, type TestDatabase } from '../../../../support/dynamodb.ts'
import { describeRunStore, sampleRun } from '../run-store-conformance.ts'

let database: TestDatabase
const makeStore = () => createDynamoDbRunStore(database.client, RUNS_TABLE)

beforeAll(async () => {
  database = await startTestDatabase()
})
afterEach(() => database.failWith(undefined))
afterAll(() => database.close())

describeRunStore('the run store in DynamoDB', () => makeStore())

describe('the run store, when the database fails', () => {
  const faults: [Fault, string][] = [
    ['throttle', 'store_throttled'],
    ['broken', 'store_unavailable'],
    ['hang-up', 'store_unavailable'],
  ]
  const query = {
    scope: { kind: 'project', project: 'p', domain: 'd' },
    phases: undefined,
    ownerSubject: undefined,
    created: undefined,
    updated: undefined,
    newestFirst: true,
  } as const
  for (const [fault, reason] of faults) {
    it(`says ${reason} for every call that meets ${fault}`, async () => {
      database.failWith(() => fault)
      const store = makeStore()
      const run = sampleRun(`failed-${fault}`)
      const details = { reason: 'enough', abortedBy: undefined, atMs: 1 }
      await expect(store.create(run)).rejects.toMatchObject({ reason, code: 'unavailable' })
      await expect(store.find(run.key)).rejects.toMatchObject({ reason })
      await expect(store.list(query, { limit: 1, after: undefined })).rejects.toMatchObject({ reason })
      await expect(store.abort(run.key, details)).rejects.toMatchObject({ reason })
      database.failWith(undefined)
      expect(await store.find(run.key)).toBeUndefined()
    })
  }

  it('hands back its own run when the answer to the write was lost and the client wrote again', async () => {
    let losses = 0
    database.failWith((operation) => {
      if (operation !== 'PutItem' || losses > 0) return undefined
      losses += 1
      return 'lost-answer'
    })
    const client = database.newClient({ maxAttempts: 3 })
    const run = sampleRun('lost')
    const outcome = await createDynamoDbRunStore(client, RUNS_TABLE).create(run)
    client.destroy()
    expect(outcome).toEqual({ created: false, existing: run })
  })
})
