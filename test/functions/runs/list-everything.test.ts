/** Lists of the whole deployment, and of runs that wait for somebody. */
import { create } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { Filter_Function } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { ListRunsRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDynamoDbActionStore } from '../../../functions/shared/stores/dynamodb/action-store.ts'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { sampleRun } from '../shared/stores/run-store-conformance.ts'
import {
  byTaskSpec,
  type Clients,
  PROJECT,
  type RunsFunction,
  startRunsFunction,
  taskSpec,
} from './runs-function.ts'

let service: RunsFunction
let ada: Clients

const PLACES = [
  { project: 'flytesnacks', domain: 'development' },
  { project: 'sandbox', domain: 'production' },
  { project: 'sandbox', domain: 'development' },
]
const TASK = { name: 'env.main', version: 'v1' }

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  const grace = service.clients(await service.bearer('grace'))
  for (let i = 0; i < 9; i += 1) {
    // Two at a time are made in the same millisecond, in different projects.
    service.setNow(NOW_MS + Math.floor(i / 2) * 1000)
    const place = { org: '', ...(PLACES[i % PLACES.length] as (typeof PLACES)[0]) }
    const id = { case: 'runId' as const, value: { ...place, name: `run-${i}` } }
    await (i < 6 ? ada : grace).runs.createRun({ id, task: byTaskSpec() })
    await ada.tasks.deployTask({
      taskId: { ...place, ...TASK, name: `env.t${Math.floor(i / 3)}` },
      spec: taskSpec(),
      triggers: [{ name: 'manual', spec: { active: true }, automationSpec: { type: 1 } }],
    })
  }
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS + 60_000)
})
afterAll(() => service.close())

const everything = { case: 'org' as const, value: 'acme' }
type Request = NonNullable<Parameters<Clients['runs']['listRuns']>[0]['request']>

async function runNames(
  request: Request,
  scopeBy: object = everything,
  pausedOnly = false,
): Promise<string[]> {
  const names: string[] = []
  let token = ''
  do {
    const message = create(ListRunsRequestSchema, { scopeBy, request: { ...request, token } } as object)
    // Newer than our generated code: the SDK sends its number.
    const paused = { no: 9, wireType: WireType.Varint, data: new Uint8Array([pausedOnly ? 1 : 0]) }
    const page = await ada.runs.listRuns({ ...message, $unknown: [paused] })
    names.push(...page.runs.map(({ action }) => action?.id?.run?.name ?? ''))
    token = page.token
  } while (token !== '')
  return names
}

const oldestFirst = { sortBy: { key: 'created_at', direction: 1 } }
const sorted = (limit: number, order: object) => runNames({ limit, ...order })

describe('ListRuns of an organization', () => {
  it('has the runs of every project in order of time, whatever is in a page', async () => {
    const all = await sorted(0, oldestFirst)
    expect(all.toSorted()).toEqual(Array.from({ length: 9 }, (_, i) => `run-${i}`))
    const pairs = all.map((name) => Math.floor(Number(name.slice(4)) / 2))
    expect(pairs).toEqual(pairs.toSorted((a, b) => a - b))
    for (const limit of [1, 2, 4]) expect(await sorted(limit, oldestFirst)).toEqual(all)
    for (const limit of [0, 1, 3]) expect(await sorted(limit, {})).toEqual(all.toReversed())
  })

  it('answers with the organization that was asked for', async () => {
    const { runs } = await ada.runs.listRuns({ scopeBy: everything, request: { limit: 1 } })
    expect(runs[0]?.action?.id?.run?.org).toBe('acme')
  })

  it('has filters', async () => {
    const byGrace = [{ field: 'created_by', function: Filter_Function.EQUAL, values: ['grace'] }]
    expect((await runNames({ limit: 1, filters: byGrace as never })).toSorted()).toEqual([
      'run-6',
      'run-7',
      'run-8',
    ])
  })

  it('goes on in its pages when a project is made meanwhile', async () => {
    const { token } = await ada.runs.listRuns({ scopeBy: everything, request: { limit: 4 } })
    await ada.projects.createProject({ project: { id: 'meanwhile', name: 'Meanwhile' } })
    const { runs } = await ada.runs.listRuns({ scopeBy: everything, request: { limit: 200, token } })
    expect(runs).toHaveLength(5)
  })

  it('refuses the page token of another list', async () => {
    const { token } = await ada.runs.listRuns({ scopeBy: everything, request: { limit: 4 } })
    const scopeBy = { case: 'projectId' as const, value: PROJECT }
    await expect(ada.runs.listRuns({ scopeBy, request: { token } })).rejects.toMatchObject({ code: 3 })
  })
})

describe('the tasks and triggers of an organization', async () => {
  let other: RunsFunction
  let clients: Clients
  beforeAll(async () => {
    other = await startRunsFunction()
    clients = other.clients(await other.bearer('ada'))
    for (const [i, place] of PLACES.entries()) {
      for (const name of ['env.one', 'env.two']) {
        await clients.tasks.deployTask({
          taskId: { org: '', ...place, name, version: `v${i}` },
          spec: taskSpec(),
          triggers: [{ name: 'manual', spec: { active: true }, automationSpec: { type: 1 } }],
        })
      }
    }
  })
  afterAll(() => other.close())

  async function pages<T>(ask: (token: string) => Promise<{ token: string; items: T[] }>): Promise<T[]> {
    const found: T[] = []
    let token = ''
    do {
      const page = await ask(token)
      found.push(...page.items)
      token = page.token
    } while (token !== '')
    return found
  }

  it('are all of its tasks, each once, though all were deployed in one moment', async () => {
    for (const limit of [1, 2, 5, 0]) {
      const found = await pages(async (token) => {
        const page = await clients.tasks.listTasks({ scopeBy: everything, request: { limit, token } })
        return { token: page.token, items: page.tasks.map(({ taskId }) => taskId) }
      })
      const names = found.map((id) => `${id?.project} ${id?.domain} ${id?.name}`).toSorted()
      const expected = PLACES.flatMap(({ project, domain }) => [
        `${project} ${domain} env.one`,
        `${project} ${domain} env.two`,
      ])
      expect(names).toEqual(expected.toSorted())
      expect(found[0]?.org).toBe('acme')
    }
  })

  it('are all of its triggers, in order of project, task and name', async () => {
    for (const limit of [1, 2, 3, 0]) {
      const found = await pages(async (token) => {
        const page = await clients.triggers.listTriggers({ scopeBy: everything, request: { limit, token } })
        return { token: page.token, items: page.triggers.map(({ id }) => id?.name) }
      })
      expect(found.map((name) => `${name?.project} ${name?.domain} ${name?.taskName}`)).toEqual([
        'flytesnacks development env.one',
        'flytesnacks development env.two',
        'sandbox development env.one',
        'sandbox development env.two',
        'sandbox production env.one',
        'sandbox production env.two',
      ])
    }
  })
})

describe('ListRuns of runs with a paused action', () => {
  const inProject = { case: 'projectId', value: PROJECT }
  const pausedNames = (scopeBy: object = inProject, request: Request = {}) => runNames(request, scopeBy, true)
  const actions = () => createDynamoDbActionStore(service.database.client, RUNS_TABLE)
  const pause = (name: string, run: string, changes: object = {}) =>
    actions().create({
      ...sampleRun(run, { action: name, phase: 9 }),
      ...{ kind: 3, parent: 'a0', group: '', outputBase: '', cacheKey: '', cluster: '' },
      ...{ detail: undefined, timesOutAtMs: undefined },
      ...changes,
    })

  it('finds none where nothing waits', async () => {
    expect(await pausedNames()).toEqual([])
  })

  it('finds each once, in order, and not those that waited too long', async () => {
    await pause('c1', 'run-0')
    await pause('c2', 'run-0')
    await pause('c1', 'run-3')
    await pause('late', 'run-6', { timesOutAtMs: NOW_MS })
    expect(await pausedNames()).toEqual(['run-3', 'run-0'])
    expect(await pausedNames(inProject, { limit: 1 })).toEqual(['run-3', 'run-0'])
    expect(await pausedNames(inProject, { limit: 1, ...oldestFirst })).toEqual(['run-0', 'run-3'])
  })

  it('looks at the other conditions as well', async () => {
    const { version: _, ...taskName } = { org: '', ...PLACES[0], ...TASK }
    expect(await pausedNames({ case: 'taskName', value: taskName })).toEqual(['run-3', 'run-0'])
    const other = { ...taskName, name: 'env.other' }
    expect(await pausedNames({ case: 'taskName', value: other })).toEqual([])
    const filters = [{ field: 'created_by', function: Filter_Function.EQUAL, values: ['nobody'] }] as never
    expect(await pausedNames(inProject, { filters })).toEqual([])
  })

  it('forgets a run whose action goes on, is signalled or is aborted', async () => {
    const run = { ...(PLACES[0] as (typeof PLACES)[0]), name: 'run-3' }
    const atMs = NOW_MS + 70_000
    await actions().signal({ run, action: 'c1' }, { value: new Uint8Array(), atMs })
    await actions().abort(
      { run: { ...run, name: 'run-0' }, action: 'c1' },
      { reason: 'enough', abortedBy: undefined, atMs },
    )
    expect(await pausedNames()).toEqual(['run-0'])
    const status = { phase: 8, attempt: 0, atMs, endedAtMs: atMs, state: undefined, errorInfo: undefined }
    await actions().changeStatus({ run: { ...run, name: 'run-0' }, action: 'c2' }, status)
    expect(await pausedNames()).toEqual([])
  })

  it('finds one that pauses as it runs', async () => {
    await pause('later', 'run-3', { phase: 4 })
    expect(await pausedNames()).toEqual([])
    const run = { ...(PLACES[0] as (typeof PLACES)[0]), name: 'run-3' }
    const change = { phase: 9, attempt: 0, atMs: NOW_MS + 80_000 }
    await actions().changeStatus(
      { run, action: 'later' },
      { ...change, endedAtMs: undefined, state: undefined, errorInfo: undefined },
    )
    expect(await pausedNames()).toEqual(['run-3'])
  })
})

describe('a deployment of very many projects', () => {
  it('refuses lists of everything, which would take too long', async () => {
    for (let i = 0; i < 100; i += 1) {
      await ada.projects.createProject({ project: { id: `project-${i}`, name: `Project ${i}` } })
    }
    await expect(runNames({})).rejects.toMatchObject({ code: 3 })
  })
})
