import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type {
  ActionKey,
  ActionStore,
  NewAction,
  StatusChange,
} from '../../../../../functions/shared/stores/action-store.ts'
import { createDynamoDbActionStore } from '../../../../../functions/shared/stores/dynamodb/action-store.ts'
import { createDynamoDbRunStore } from '../../../../../functions/shared/stores/dynamodb/run-store.ts'
import type { RunStore } from '../../../../../functions/shared/stores/run-store.ts'
import { RUNS_TABLE, startTestDatabase, type TestDatabase } from '../../../../support/dynamodb.ts'

let database: TestDatabase
let store: ActionStore
let runs: RunStore
beforeAll(async () => {
  database = await startTestDatabase()
  store = createDynamoDbActionStore(database.client, RUNS_TABLE)
  runs = createDynamoDbRunStore(database.client, RUNS_TABLE)
})
afterEach(() => database.failWith(undefined))
afterAll(() => database.close())

const NOW = 1_800_000_000_000
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

/** An action with something in every field. */
function newAction(key: ActionKey, changes: Partial<NewAction> = {}): NewAction {
  return {
    key: key.run,
    action: key.action,
    kind: 1,
    parent: 'a0',
    group: 'map',
    phase: 1,
    attempts: 1,
    createdAtMs: NOW,
    updatedAtMs: NOW,
    startedAtMs: NOW,
    endedAtMs: undefined,
    source: 1,
    task: {
      project: 'p',
      domain: 'd',
      name: 'n',
      version: 'v',
      type: 'python',
      shortName: 's',
      environmentName: 'e',
    },
    owner: { issuer: 'https://id.example.com', subject: 'ada' },
    executedBy: bytes('ada'),
    runSpec: new Uint8Array(),
    taskSpecDigest: 'digest',
    inputsUri: 's3://bucket/in.pb',
    inputsHash: '',
    outputsUri: 's3://bucket/out.pb',
    outputBase: 's3://bucket/run',
    cacheKey: 'cached',
    cluster: 'blue',
    detail: bytes('detail'),
    timesOutAtMs: NOW + 1,
    requestDigest: '',
    abort: undefined,
    errorInfo: bytes('error'),
    ...changes,
  }
}

let made = 0
function newKey(action = 'child'): ActionKey {
  made += 1
  return { run: { project: 'p#1', domain: 'd%23', name: `run${made}` }, action }
}

const status = (phase: number, changes: Partial<StatusChange> = {}): StatusChange => ({
  phase,
  attempt: 1,
  atMs: NOW + 1000,
  endedAtMs: undefined,
  state: undefined,
  errorInfo: undefined,
  ...changes,
})

describe('actions in DynamoDB', () => {
  it('are read back as they were made, also under names with the letters of keys in them', async () => {
    const key = newKey('a#b%23c')
    expect(await store.create(newAction(key))).toEqual({ created: true })
    const nothingYet = { value: undefined, state: undefined, attemptRecords: [] }
    expect(await store.find(key)).toMatchObject({ ...newAction(key), ...nothingYet })
  })

  it('are read by a run store too, as what they have in common with runs', async () => {
    const key = newKey()
    await store.create(newAction(key))
    expect(await runs.find(key.run, key.action)).toMatchObject({ action: 'child', owner: { subject: 'ada' } })
  })

  it('are made once, and whoever comes second is shown the first', async () => {
    const key = newKey()
    const all = await Promise.all(
      ['one', 'two', 'three'].map((group) => store.create(newAction(key, { group }))),
    )
    expect(all.filter(({ created }) => created)).toHaveLength(1)
    const kept = await store.find(key)
    for (const outcome of all) if (!outcome.created) expect(outcome.existing.group).toBe(kept?.group)
  })

  it('are changed in one write', async () => {
    const key = newKey()
    await store.create(newAction(key))
    database.forget()
    expect(await store.changeStatus(key, status(4))).toBe('changed')
    expect(database.operations).toEqual(['UpdateItem'])
  })

  it('keep everything that a change does not name', async () => {
    const key = newKey()
    await store.create(newAction(key))
    await store.changeStatus(key, status(5, { state: { attempt: 1, text: 'done' } }))
    expect(await store.find(key)).toMatchObject({
      ...newAction(key),
      phase: 5,
      updatedAtMs: NOW + 1000,
      endedAtMs: NOW + 1000,
      state: { attempt: 1, text: 'done' },
    })
  })

  it('are not made by a change', async () => {
    const key = newKey()
    expect(await store.changeStatus(key, status(4))).toBe('not-found')
    expect(await store.signal(key, { value: bytes('x'), atMs: NOW })).toBe('not-found')
    expect(await store.abort(key, { reason: 'r', abortedBy: undefined, atMs: NOW })).toBe('not-found')
    const record = { attempt: 1, version: 1, record: bytes('r') }
    const report = { record, replaces: undefined, atMs: NOW, outputsUri: undefined, errorInfo: undefined }
    expect(await store.recordAttempt(key, report)).toBe('not-found')
    expect(await store.find(key)).toBeUndefined()
  })

  it('take over one report about an attempt at a time', async () => {
    const key = newKey()
    await store.create(newAction(key))
    const report = (version: number, replaces: number | undefined) => ({
      record: { attempt: 1, version, record: bytes(`v${version}`) },
      replaces,
      atMs: NOW,
      outputsUri: `s3://bucket/${version}`,
      errorInfo: undefined,
    })
    expect(await store.recordAttempt(key, report(5, undefined))).toBe('changed')
    expect(await store.recordAttempt(key, report(6, undefined))).toBe('outdated')
    expect(await store.recordAttempt(key, report(7, 4))).toBe('outdated')
    expect(await store.recordAttempt(key, report(8, 5))).toBe('changed')
    expect(await store.find(key)).toMatchObject({
      outputsUri: 's3://bucket/8',
      attemptRecords: [{ attempt: 1, version: 8, record: bytes('v8') }],
    })
  })

  it('do not take an earlier attempt’s outputs, not even in a race', async () => {
    const key = newKey()
    await store.create(newAction(key, { attempts: 2 }))
    const record = { attempt: 1, version: 1, record: bytes('r') }
    const report = { record, replaces: undefined, atMs: NOW, outputsUri: 's3://old', errorInfo: undefined }
    expect(await store.recordAttempt(key, report)).toBe('outdated')
    expect((await store.find(key))?.outputsUri).toBe('s3://bucket/out.pb')
  })

  it('are signalled only as conditions that wait, and in time', async () => {
    const signal = (key: ActionKey, atMs = NOW) => store.signal(key, { value: bytes('yes'), atMs })
    const cases: [Partial<NewAction>, string][] = [
      [{ kind: 3, phase: 9, timesOutAtMs: undefined }, 'changed'],
      [{ kind: 3, phase: 9, timesOutAtMs: NOW + 1 }, 'changed'],
      [{ kind: 3, phase: 9, timesOutAtMs: NOW }, 'outdated'],
      [{ kind: 3, phase: 7, timesOutAtMs: undefined }, 'outdated'],
      [{ kind: 1, phase: 9, timesOutAtMs: undefined }, 'outdated'],
    ]
    for (const [changes, outcome] of cases) {
      const key = newKey()
      await store.create(newAction(key, changes))
      expect(await signal(key)).toBe(outcome)
    }
  })
})

describe('the children of an action', () => {
  async function family(names: readonly string[]): Promise<ActionKey> {
    const parent = newKey('a0')
    for (const [i, action] of names.entries()) {
      await store.create(newAction({ run: parent.run, action }, { updatedAtMs: NOW + i }))
    }
    return parent
  }
  const namesOf = async (parent: ActionKey, limit = 100, after?: string) =>
    (await store.children(parent, { limit, after })).children.map(({ name }) => name)

  it('come in the order of their last change, the latest first', async () => {
    const parent = await family(['one', 'two', 'three'])
    expect(await namesOf(parent)).toEqual(['three', 'two', 'one'])
    await store.changeStatus({ run: parent.run, action: 'one' }, status(4))
    expect(await namesOf(parent)).toEqual(['one', 'three', 'two'])
  })

  it('come in pages, each of them once', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `n#${i}%`)
    const parent = await family(names)
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await store.children(parent, { limit: 3, after })
      seen.push(...page.children.map(({ name }) => name))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual(names.toReversed())
  })

  it('can be read on from any of them', async () => {
    const parent = await family(['one', 'two', 'three'])
    const [first] = (await store.children(parent, { limit: 1, after: undefined })).children
    expect(await namesOf(parent, 100, first?.position)).toEqual(['two', 'one'])
  })

  it('are those of this action, of this run', async () => {
    const parent = await family(['one'])
    await store.create(newAction({ run: parent.run, action: 'deeper' }, { parent: 'one' }))
    await family(['elsewhere'])
    expect(await namesOf(parent)).toEqual(['one'])
    expect(await namesOf({ run: parent.run, action: 'one' })).toEqual(['deeper'])
    expect(await namesOf({ run: parent.run, action: 'deeper' })).toEqual([])
  })

  it('carry what their parent goes on with', async () => {
    const parent = await family(['one'])
    const [child] = (await store.children(parent, { limit: 1, after: undefined })).children
    expect(child).toMatchObject({
      name: 'one',
      kind: 1,
      phase: 1,
      attempts: 1,
      outputsUri: 's3://bucket/out.pb',
      outputBase: 's3://bucket/run',
      errorInfo: bytes('error'),
      timesOutAtMs: NOW + 1,
    })
  })

  it('are shown in turn from where the last answer stopped, beside everything else about the run', async () => {
    const parent = await family(['one'])
    expect(await store.findTurn(parent)).toBeUndefined()
    await store.keepTurn(parent, 'here')
    await store.keepTurn(parent, 'there')
    expect(await store.findTurn(parent)).toBe('there')
    expect(await store.findTurn({ ...parent, action: 'one' })).toBeUndefined()
    expect(await namesOf(parent)).toEqual(['one'])
  })

  it('are not among the runs of a project, an owner or a task', async () => {
    const parent = await family(['one'])
    const { Item } = await database.client.send(
      new GetItemCommand({
        TableName: RUNS_TABLE,
        Key: { pk: { S: `RUN#p%231#d%2523#${parent.run.name}` }, sk: { S: 'ACTION#one' } },
      }),
    )
    expect(Item?.projectKey?.S).not.toBe('p%231#d%2523')
    for (const key of ['ownerKey', 'taskKey']) expect(Item).not.toHaveProperty(key)
  })
})

describe('an outage of the database', () => {
  const calls: [string, (key: ActionKey) => Promise<unknown>][] = [
    ['making', (key) => store.create(newAction(key))],
    ['finding', (key) => store.find(key)],
    ['changing', (key) => store.changeStatus(key, status(4))],
    ['aborting', (key) => store.abort(key, { reason: 'r', abortedBy: undefined, atMs: NOW })],
    ['reading children', (key) => store.children(key, { limit: 1, after: undefined })],
    ['finding a turn', (key) => store.findTurn(key)],
    ['keeping a turn', (key) => store.keepTurn(key, 'x')],
  ]
  for (const [name, call] of calls) {
    it(`is store_unavailable while ${name}, and store_throttled without capacity`, async () => {
      database.failWith(() => 'broken')
      await expect(call(newKey())).rejects.toMatchObject({ reason: 'store_unavailable' })
      database.failWith(() => 'hang-up')
      await expect(call(newKey())).rejects.toMatchObject({ reason: 'store_unavailable' })
      database.failWith(() => 'throttle')
      await expect(call(newKey())).rejects.toMatchObject({ reason: 'store_throttled' })
    })
  }
})
