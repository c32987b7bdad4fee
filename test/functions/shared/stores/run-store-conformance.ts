/** What every run store has to do. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { RunQuery, RunStore, StoredRun } from '../../../../functions/shared/stores/run-store.ts'

const NOW = Date.UTC(2026, 0, 15, 12)

/** A run that nothing is special about. */
export function sampleRun(name: string, changes: Partial<StoredRun> = {}): StoredRun {
  return {
    key: { project: 'flytesnacks', domain: 'development', name },
    action: 'a0',
    phase: 1,
    attempts: 1,
    createdAtMs: NOW,
    updatedAtMs: NOW,
    startedAtMs: NOW,
    endedAtMs: undefined,
    source: 2,
    task: {
      project: 'flytesnacks',
      domain: 'development',
      name: 'env.main',
      version: 'v1',
      type: 'python',
      shortName: 'main',
      environmentName: 'env',
    },
    owner: { issuer: 'https://idp.example', subject: 'ada' },
    executedBy: new Uint8Array([10, 2, 8, 1]),
    runSpec: new Uint8Array([1, 2, 3]),
    taskSpecDigest: 'digest',
    inputsUri: 's3://bucket/inputs.pb',
    inputsHash: 'hash',
    outputsUri: '',
    requestDigest: 'request',
    abort: undefined,
    errorInfo: undefined,
    ...changes,
  }
}

const inProject = (project: string, changes: Partial<RunQuery> = {}): RunQuery => ({
  scope: { kind: 'project', project, domain: 'development' },
  phases: undefined,
  ownerSubject: undefined,
  created: undefined,
  updated: undefined,
  newestFirst: true,
  ...changes,
})

async function namesOf(store: RunStore, query: RunQuery, limit = 3): Promise<string[]> {
  const names: string[] = []
  let after: string | undefined
  do {
    const page = await store.list(query, { limit, after })
    expect(page.runs.length).toBeLessThanOrEqual(limit)
    names.push(...page.runs.map((run) => run.key.name))
    after = page.next
  } while (after !== undefined)
  return names
}

/** Runs the suite; each test uses names or projects of its own. */
export function describeRunStore(title: string, makeStore: () => RunStore): void {
  describe(title, () => {
    describe('create and find', () => createAndFind(makeStore))
    describe('abort', () => abort(makeStore))
    describe('list', () => list(makeStore))
    describe('keys', () => keys(makeStore))
  })
}

function createAndFind(makeStore: () => RunStore): void {
  it('reads back every field of a run', async () => {
    const store = makeStore()
    const run = sampleRun('whole', {
      endedAtMs: NOW + 5,
      outputsUri: 's3://bucket/outputs.pb',
      abort: { reason: 'enough', abortedBy: new Uint8Array([7]) },
      errorInfo: new Uint8Array([9]),
      trigger: { name: 'nightly', revision: 3, automation: new Uint8Array([8, 2]) },
    })
    expect(await store.create(run)).toEqual({ created: true })
    expect(await store.find(run.key)).toEqual(run)
  })

  it('reads back a run of which hardly anything is known', async () => {
    const store = makeStore()
    const task = {
      project: '',
      domain: '',
      name: '',
      version: '',
      type: '',
      shortName: '',
      environmentName: '',
    }
    const run = sampleRun('bare', {
      task,
      owner: undefined,
      executedBy: undefined,
      runSpec: new Uint8Array(),
      taskSpecDigest: '',
      inputsUri: '',
      inputsHash: '',
      requestDigest: '',
    })
    await store.create(run)
    expect(await store.find(run.key)).toEqual(run)
  })

  it('finds nothing under a name that was not used', async () => {
    expect(await makeStore().find({ project: 'p', domain: 'd', name: 'nobody' })).toBeUndefined()
  })

  it('finds nothing for an action that a run does not have', async () => {
    const store = makeStore()
    await store.create(sampleRun('lonely'))
    expect(await store.find(sampleRun('lonely').key, 'a1')).toBeUndefined()
  })

  it('leaves the first run as it is when a second one takes its name', async () => {
    const store = makeStore()
    const first = sampleRun('taken')
    await store.create(first)
    const second = await store.create(sampleRun('taken', { requestDigest: 'another', phase: 4 }))
    expect(second).toEqual({ created: false, existing: first })
    expect(await store.find(first.key)).toEqual(first)
  })

  it('makes one of two runs that are created at once under one name', async () => {
    const store = makeStore()
    const attempts = ['one', 'two', 'three', 'four'].map((requestDigest) =>
      store.create(sampleRun('raced', { requestDigest })),
    )
    const outcomes = await Promise.all(attempts)
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    const kept = await store.find(sampleRun('raced').key)
    for (const outcome of outcomes)
      expect(outcome.created || outcome.existing).toEqual(outcome.created || kept)
  })
}

function abort(makeStore: () => RunStore): void {
  const details = { reason: 'enough', abortedBy: new Uint8Array([7]), atMs: NOW + 100 }

  it('ends a run with its reason and who gave it', async () => {
    const store = makeStore()
    const run = sampleRun('aborted')
    await store.create(run)
    expect(await store.abort(run.key, details)).toBe('aborted')
    expect(await store.find(run.key)).toEqual({
      ...run,
      phase: 7,
      updatedAtMs: NOW + 100,
      endedAtMs: NOW + 100,
      abort: { reason: 'enough', abortedBy: new Uint8Array([7]) },
    })
  })

  for (const phase of [5, 6, 7, 8, 10]) {
    it(`leaves a run that ended with phase ${phase} as it is`, async () => {
      const store = makeStore()
      const run = sampleRun(`ended-${phase}`, { phase })
      await store.create(run)
      expect(await store.abort(run.key, details)).toBe('already-ended')
      expect(await store.find(run.key)).toEqual(run)
    })
  }

  for (const phase of [0, 1, 2, 3, 4, 9]) {
    it(`ends a run of phase ${phase}`, async () => {
      const store = makeStore()
      const run = sampleRun(`open-${phase}`, { phase })
      await store.create(run)
      expect(await store.abort(run.key, details)).toBe('aborted')
    })
  }

  it('says so, and makes nothing, when there is no such run', async () => {
    const store = makeStore()
    const key = { project: 'flytesnacks', domain: 'development', name: 'nobody' }
    expect(await store.abort(key, details)).toBe('not-found')
    expect(await store.find(key)).toBeUndefined()
  })

  it('has one of two that abort at once', async () => {
    const store = makeStore()
    const run = sampleRun('raced-abort')
    await store.create(run)
    const outcomes = await Promise.all([store.abort(run.key, details), store.abort(run.key, details)])
    expect(outcomes.toSorted()).toEqual(['aborted', 'already-ended'])
  })
}

function list(makeStore: () => RunStore): void {
  const project = 'listed'
  const makeRun = (i: number) =>
    sampleRun(`run-${i}`, {
      key: { project, domain: 'development', name: `run-${i}` },
      createdAtMs: NOW + Math.floor(i / 2) * 1000,
      updatedAtMs: NOW + i * 1000,
      phase: i % 3 === 0 ? 4 : 5,
      owner: { issuer: 'https://idp.example', subject: i % 2 === 0 ? 'ada' : 'grace' },
      task: { ...sampleRun('x').task, name: i < 5 ? 'env.main' : 'env.other', version: i % 2 ? 'v1' : 'v2' },
    })

  beforeAll(async () => {
    const store = makeStore()
    for (let i = 0; i < 10; i += 1) await store.create(makeRun(i))
    await store.create(sampleRun('elsewhere', { key: { project, domain: 'production', name: 'elsewhere' } }))
  })

  const newest = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((i) => `run-${i}`)
  const only = (keep: (i: number) => boolean) =>
    newest.filter((name) => keep(Number(name.slice('run-'.length))))

  const rows: [string, Partial<RunQuery>, string[]][] = [
    ['everything of a project and domain, newest first', {}, newest],
    ['the oldest first when asked to', { newestFirst: false }, newest.toReversed()],
    ['the runs of one owner', { ownerSubject: 'ada' }, only((i) => i % 2 === 0)],
    ['no runs of an owner who has none', { ownerSubject: 'nobody' }, []],
    ['the runs of one phase', { phases: [4] }, only((i) => i % 3 === 0)],
    ['the runs of several phases', { phases: [4, 5] }, newest],
    ['no runs for no phase', { phases: [] }, []],
    [
      'an owner and a phase together',
      { ownerSubject: 'ada', phases: [4] },
      only((i) => i % 2 === 0 && i % 3 === 0),
    ],
    ['the runs of a task, among all', { task: { name: 'env.other' } }, only((i) => i >= 5)],
    [
      'the runs of one version of it',
      { task: { name: 'env.other', version: 'v1' } },
      only((i) => i >= 5 && i % 2 === 1),
    ],
    [
      'the runs created in a span, without its end',
      { created: { fromMs: NOW + 1000, untilMs: NOW + 3000 } },
      ['run-5', 'run-4', 'run-3', 'run-2'],
    ],
    ['no runs of an empty span', { created: { fromMs: NOW + 1000, untilMs: NOW + 1000 } }, []],
    ['no runs of a span that ends first', { created: { fromMs: NOW + 2000, untilMs: NOW } }, []],
    [
      'the runs updated in a span, without its end',
      { updated: { fromMs: NOW + 2000, untilMs: NOW + 4000 } },
      ['run-3', 'run-2'],
    ],
    [
      'the runs of a task',
      {
        scope: {
          kind: 'task',
          project: 'flytesnacks',
          domain: 'development',
          name: 'env.other',
          version: undefined,
        },
      },
      only((i) => i >= 5),
    ],
    [
      'the runs of a version of a task, of one owner',
      {
        scope: {
          kind: 'task',
          project: 'flytesnacks',
          domain: 'development',
          name: 'env.other',
          version: 'v1',
        },
        ownerSubject: 'grace',
      },
      ['run-9', 'run-7', 'run-5'],
    ],
  ]
  for (const [title, query, expected] of rows) {
    for (const limit of [1, 3, 50]) {
      it(`lists ${title}, in pages of ${limit}`, async () => {
        const names = await namesOf(makeStore(), inProject(project, query), limit)
        expect(names.filter((name) => name.startsWith('run-') && Number(name.slice(4)) < 10)).toEqual(
          expected,
        )
      })
    }
  }

  it('shows in a list everything that the run itself has', async () => {
    const store = makeStore()
    const own = inProject('shown')
    const run = sampleRun('shown', {
      key: { project: 'shown', domain: 'development', name: 'shown' },
      endedAtMs: NOW + 7,
    })
    await store.create(run)
    const { runs, next } = await store.list(own, { limit: 1, after: undefined })
    expect(next).toBeUndefined()
    expect(run).toMatchObject({ ...runs[0] })
    expect(Object.keys(runs[0] ?? {})).toHaveLength(12)
  })

  it('does not list actions inside a run', async () => {
    const store = makeStore()
    const key = { project: 'nested', domain: 'development', name: 'parent' }
    await store.create(sampleRun('parent', { key }))
    await store.create(sampleRun('parent', { key, action: 'child' }))
    expect(await namesOf(store, inProject('nested'))).toEqual(['parent'])
    expect((await store.find(key, 'child'))?.action).toBe('child')
  })

  it('lists the actions inside a run in order of time, and not its root', async () => {
    const store = makeStore()
    const key = { project: 'nested', domain: 'development', name: 'tree' }
    await store.create(sampleRun('tree', { key }))
    for (const [i, action] of ['c1', 'b2', 'a3'].entries()) {
      await store.create(sampleRun('tree', { key, action, createdAtMs: NOW + i, phase: i + 1 }))
    }
    const actions = async (changes: Partial<RunQuery>, limit: number) => {
      const names: string[] = []
      let after: string | undefined
      do {
        const query = inProject('nested', { scope: { kind: 'run', run: key }, ...changes })
        const page = await store.list(query, { limit, after })
        names.push(...page.runs.map((one) => one.action))
        after = page.next
      } while (after !== undefined)
      return names
    }
    for (const limit of [1, 2, 10]) {
      expect(await actions({ newestFirst: false }, limit)).toEqual(['c1', 'b2', 'a3'])
      expect(await actions({}, limit)).toEqual(['a3', 'b2', 'c1'])
    }
    expect(await actions({ phases: [2] }, 10)).toEqual(['b2'])
    expect(await actions({ parent: 'b2' }, 10)).toEqual([])
  })

  it('finds runs by their labels', async () => {
    const store = makeStore()
    const make = (name: string, labels?: Record<string, string>) => {
      const key = { project: 'labelled', domain: 'development', name }
      return store.create(sampleRun(name, { key, ...(labels ? { labels } : {}) }))
    }
    await make('plain')
    await make('one', { team: 'blue', 'a.b#c': '' })
    await make('two', { team: 'red' })
    const find = (...labels: { name: string; value: string | undefined }[]) =>
      namesOf(store, inProject('labelled', { labels }))
    expect(await find({ name: 'team', value: 'blue' })).toEqual(['one'])
    expect((await find({ name: 'team', value: undefined })).sort()).toEqual(['one', 'two'])
    expect(await find({ name: 'team', value: 'blue' }, { name: 'a.b#c', value: undefined })).toEqual(['one'])
    expect(await find({ name: 'other', value: undefined })).toEqual([])
    const stored = await store.find({ project: 'labelled', domain: 'development', name: 'two' })
    expect(stored?.labels).toEqual({ team: 'red' })
  })

  it('moves on with a short page when few of many runs match', async () => {
    const store = makeStore()
    const createdAtMs = NOW
    for (let i = 0; i < 1100; i += 1) {
      const key = { project: 'many', domain: 'development', name: `r${String(i).padStart(4, '0')}` }
      await store.create(sampleRun(key.name, { key, createdAtMs, phase: i === 3 ? 4 : 5 }))
    }
    const query = inProject('many', { phases: [4] })
    const first = await store.list(query, { limit: 10, after: undefined })
    expect(first.runs).toEqual([])
    expect(first.next).toBeDefined()
    expect(await namesOf(store, query)).toEqual(['r0003'])
  }, 60_000)

  it('refuses a place in a list that is none', async () => {
    await expect(makeStore().list(inProject(project), { limit: 1, after: 'nowhere' })).rejects.toMatchObject({
      reason: 'page_token_invalid',
    })
  })
}

function keys(makeStore: () => RunStore): void {
  it('keeps runs apart whose names would join to the same text', async () => {
    const store = makeStore()
    const one = sampleRun('c', { key: { project: 'a', domain: 'b#c', name: 'd' } })
    const two = sampleRun('c', { key: { project: 'a#b', domain: 'c', name: 'd' }, phase: 4 })
    expect(await store.create(one)).toEqual({ created: true })
    expect(await store.create(two)).toEqual({ created: true })
    expect(await store.find(one.key)).toEqual(one)
    expect(await store.find(two.key)).toEqual(two)
  })

  it('keeps an escaped name apart from one that looks like it', async () => {
    const store = makeStore()
    const one = sampleRun('e', { key: { project: 'a#', domain: 'e', name: 'f' } })
    const two = sampleRun('e', { key: { project: 'a%23', domain: 'e', name: 'f' } })
    await store.create(one)
    expect(await store.create(two)).toEqual({ created: true })
    const page = await store.list(
      { ...inProject('a%23'), scope: { kind: 'project', project: 'a%23', domain: 'e' } },
      { limit: 5, after: undefined },
    )
    expect(page.runs.map((run) => run.key)).toEqual([two.key])
  })

  it('lists the runs of an owner with a very long subject', async () => {
    const store = makeStore()
    const subject = 'x'.repeat(5_000)
    const key = { project: 'long', domain: 'development', name: 'long' }
    await store.create(sampleRun('long', { key, owner: { issuer: 'https://idp.example', subject } }))
    expect(await namesOf(store, inProject('long', { ownerSubject: subject }))).toEqual(['long'])
  })
}
