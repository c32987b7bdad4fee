import { Filter_Function } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import {
  byTaskSpec,
  type Clients,
  PROJECT,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
  unnamed,
} from './runs-function.ts'

let service: RunsFunction
let ada: Clients

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  const grace = service.clients(await service.bearer('grace'))
  for (let i = 0; i < 6; i += 1) {
    service.setNow(NOW_MS + i * 1000)
    const clients = i % 2 === 0 ? ada : grace
    const value = { ...runIdOf(`run-${i}`) }
    await clients.runs.createRun({ id: { case: 'runId', value }, task: byTaskSpec() })
  }
  await ada.runs.abortRun({ runId: runIdOf('run-3') })
  service.setNow(NOW_MS + 10_000)
})
afterEach(() => service.database.failWith(undefined))
afterAll(() => service.close())

const { EQUAL, VALUE_IN, GREATER_THAN, GREATER_THAN_OR_EQUAL, LESS_THAN, LESS_THAN_OR_EQUAL } =
  Filter_Function
type ListRequest = Parameters<Clients['runs']['listRuns']>[0]
type Request = NonNullable<ListRequest['request']>
interface FilterInit {
  field: string
  function: Filter_Function
  values: string[]
}
const filter = (field: string, fn: Filter_Function, ...values: string[]): FilterInit => ({
  field,
  function: fn,
  values,
})
const inProject = { case: 'projectId' as const, value: PROJECT }
const listRuns = (request: Request = {}, scopeBy: ListRequest['scopeBy'] = inProject) =>
  ada.runs.listRuns({ scopeBy, request })

async function everyName(request: Request, scopeBy: ListRequest['scopeBy'] = inProject): Promise<string[]> {
  const names: string[] = []
  let token = ''
  do {
    const page = await listRuns({ ...request, token }, scopeBy)
    names.push(...page.runs.map((run) => run.action?.id?.run?.name ?? ''))
    token = page.token
  } while (token !== '')
  return names
}

const at = (ms: number) => new Date(NOW_MS + ms).toISOString().replace('Z', '+00:00')
const names = (...numbers: number[]) => numbers.map((i) => `run-${i}`)

describe('ListRuns', () => {
  it('shows who made each run', async () => {
    const { runs } = await listRuns({ limit: 2 })
    expect(runs.map(({ action }) => action)).toMatchObject([
      {
        id: { name: 'a0', run: runIdOf('run-5') },
        metadata: { executedBy: { principal: { value: { id: { subject: 'grace' } } } } },
      },
      {
        metadata: {
          executedBy: { principal: { value: { spec: { firstName: 'Ada', email: 'ada@example.com' } } } },
          spec: { case: 'task', value: { id: { name: 'env.main', version: 'v1' }, shortName: 'main' } },
          environmentName: 'env',
        },
        status: { phase: 1, attempts: 1 },
      },
    ])
  })

  it('shows everything that GetRunDetails shows of the root action', async () => {
    const { runs } = await listRuns({ limit: 1 })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('run-5') })
    expect(runs[0]?.action?.metadata).toEqual(details?.action?.metadata)
    expect(runs[0]?.action?.status).toEqual(details?.action?.status)
  })

  const rows: [string, Request, string[]][] = [
    ['the newest run first', {}, names(5, 4, 3, 2, 1, 0)],
    ['the oldest first when asked', { sortBy: { key: 'created_at', direction: 1 } }, names(0, 1, 2, 3, 4, 5)],
    [
      'the oldest first, by the newer field',
      { sortByFields: [{ key: 'created_at', direction: 1 }] },
      names(0, 1, 2, 3, 4, 5),
    ],
    ['one owner, as the SDK asks', { filters: [filter('created_by', EQUAL, 'grace')] }, names(5, 3, 1)],
    [
      'one owner, as upstream has it',
      { filters: [filter('created_by_subject', EQUAL, 'grace')] },
      names(5, 3, 1),
    ],
    ['an owner without runs', { filters: [filter('created_by', EQUAL, 'nobody')] }, []],
    [
      'nobody for two owners',
      { filters: [filter('created_by', EQUAL, 'ada'), filter('created_by', EQUAL, 'grace')] },
      [],
    ],
    ['one phase', { filters: [filter('phase', EQUAL, '7')] }, names(3)],
    ['the phase of two digits that the SDK takes apart', { filters: [filter('phase', EQUAL, '1', '0')] }, []],
    ['some phases', { filters: [filter('phase', VALUE_IN, '7', '6')] }, names(3)],
    [
      'all of two phase filters',
      { filters: [filter('phase', VALUE_IN, '1', '7'), filter('phase', EQUAL, '7')] },
      names(3),
    ],
    [
      'nothing for phases that exclude each other',
      { filters: [filter('phase', EQUAL, '1'), filter('phase', EQUAL, '7')] },
      [],
    ],
    [
      'an owner and a phase',
      { filters: [filter('created_by', EQUAL, 'grace'), filter('phase', EQUAL, '1')] },
      names(5, 1),
    ],
    [
      'one task, as the SDK asks',
      { filters: [filter('task_name', EQUAL, 'env.main')] },
      names(5, 4, 3, 2, 1, 0),
    ],
    [
      'one version of a task',
      { filters: [filter('task_name', EQUAL, 'env.main'), filter('task_version', EQUAL, 'v1')] },
      names(5, 4, 3, 2, 1, 0),
    ],
    ['a version that nobody ran', { filters: [filter('task_version', EQUAL, 'v9')] }, []],
    [
      'nothing for two tasks',
      { filters: [filter('task_name', EQUAL, 'env.main'), filter('task_name', EQUAL, 'env.other')] },
      [],
    ],
    ['from a time on', { filters: [filter('created_at', GREATER_THAN_OR_EQUAL, at(3000))] }, names(5, 4, 3)],
    [
      'from a time between two milliseconds on',
      { filters: [filter('created_at', GREATER_THAN_OR_EQUAL, at(3000).replace('000+', '000001+'))] },
      names(5, 4),
    ],
    ['after a time', { filters: [filter('created_at', GREATER_THAN, at(3000))] }, names(5, 4)],
    ['before a time', { filters: [filter('created_at', LESS_THAN, at(2000))] }, names(1, 0)],
    [
      'before a time between two milliseconds',
      { filters: [filter('created_at', LESS_THAN, at(2000).replace('000+', '000001+'))] },
      names(2, 1, 0),
    ],
    ['up to a time', { filters: [filter('created_at', LESS_THAN_OR_EQUAL, at(2000))] }, names(2, 1, 0)],
    [
      'between two times',
      {
        filters: [
          filter('created_at', GREATER_THAN_OR_EQUAL, at(1000)),
          filter('created_at', LESS_THAN, at(3000)),
        ],
      },
      names(2, 1),
    ],
    [
      'nothing between two times that cross',
      { filters: [filter('created_at', GREATER_THAN, at(3000)), filter('created_at', LESS_THAN, at(1000))] },
      [],
    ],
    [
      'what was updated since',
      { filters: [filter('updated_at', GREATER_THAN_OR_EQUAL, at(5000))] },
      names(5, 3),
    ],
    [
      'a time in another zone',
      { filters: [filter('created_at', GREATER_THAN_OR_EQUAL, '2027-01-15T10:00:05+02:00')] },
      names(5),
    ],
  ]
  for (const [title, request, expected] of rows) {
    for (const limit of [0, 1, 2]) {
      it(`lists ${title}, ${limit || 'as many as it likes'} at a time`, async () => {
        expect(await everyName({ ...request, limit })).toEqual(expected)
      })
    }
  }

  it('lists the runs of a task, and of a version of it', async () => {
    const task = { org: '', project: 'flytesnacks', domain: 'development', name: 'env.main' }
    expect(await everyName({}, { case: 'taskName', value: task })).toHaveLength(6)
    expect(await everyName({}, { case: 'taskId', value: { ...task, version: 'v1' } })).toHaveLength(6)
    expect(await everyName({}, { case: 'taskId', value: { ...task, version: 'v2' } })).toEqual([])
  })

  it('lists the runs with a label, by its value or whatever that is', async () => {
    const project = { ...PROJECT, name: 'sandbox' }
    const make = async (name: string, values: Record<string, string>) => {
      const value = { org: '', project: 'sandbox', domain: 'development', name }
      await ada.runs.createRun({
        id: { case: 'runId', value },
        task: byTaskSpec(),
        runSpec: { labels: { values } },
      })
    }
    await make('blue', { team: 'blue', 'app.kubernetes.io/name': 'x' })
    await make('red', { team: 'red' })
    await make('bare', {})
    const scopeBy = { case: 'projectId' as const, value: project }
    // Newer than our generated code: the SDK sends its number.
    const exists = 15 as Filter_Function
    expect(await everyName({ filters: [filter('labels.team', EQUAL, 'blue')] }, scopeBy)).toEqual(['blue'])
    expect((await everyName({ filters: [filter('labels.team', exists)] }, scopeBy)).sort()).toEqual([
      'blue',
      'red',
    ])
    const dotted = filter('labels.app.kubernetes.io/name', exists)
    expect(await everyName({ filters: [dotted] }, scopeBy)).toEqual(['blue'])
    expect(await everyName({ filters: [filter('labels.team', EQUAL, 'green')] }, scopeBy)).toEqual([])
  })

  it('lists nothing of a project that there is none of', async () => {
    expect(await everyName({}, { case: 'projectId', value: { ...PROJECT, name: 'nothing' } })).toEqual([])
  })

  it('clamps a limit that is too large instead of refusing it', async () => {
    expect((await listRuns({ limit: 4_000_000_000 })).runs).toHaveLength(6)
  })

  it('misses and repeats nothing when runs are made while somebody pages', async () => {
    const first = await listRuns(
      { limit: 3 },
      { case: 'projectId', value: { ...PROJECT, domain: 'production' } },
    )
    expect(first).toMatchObject({ runs: [], token: '' })
    const inProduction = { ...unnamed.value, domain: 'production' }
    const make = async (clock: number) => {
      service.setNow(NOW_MS + clock)
      const { run } = await ada.runs.createRun({
        id: { case: 'projectId', value: inProduction },
        task: byTaskSpec(),
      })
      return run?.action?.id?.run?.name
    }
    const made = [await make(20_000), await make(21_000), await make(22_000)]
    const scopeBy = { case: 'projectId' as const, value: inProduction }
    const one = await listRuns({ limit: 2 }, scopeBy)
    await make(23_000)
    const two = await listRuns({ limit: 2, token: one.token }, scopeBy)
    const seen = [...one.runs, ...two.runs].map((run) => run.action?.id?.run?.name)
    expect(seen).toEqual(made.toReversed())
    expect(two.token).toBe('')
  })

  it('says unavailable while the database is', async () => {
    service.database.failWith(() => 'throttle')
    await expect(listRuns()).rejects.toMatchObject({ code: 14 })
    expect(service.lastCall()?.outcome).toBe('store_throttled')
  })
})

describe('ListRuns, refused', () => {
  const many = (count: number) => Array.from({ length: count }, () => '1')
  const filters: [string, FilterInit, string][] = [
    ['an unknown field', filter('favourite', EQUAL, 'x'), 'request.filters[0].field'],
    [
      'the name of an inherited property as field',
      filter('toString', EQUAL, 'x'),
      'request.filters[0].field',
    ],
    ['a label without a name', filter('labels.', EQUAL, 'x'), 'request.filters[0].field'],
    ['a label without a value', filter('labels.team', EQUAL), 'request.filters[0].values'],
    ['a label with two values', filter('labels.team', EQUAL, 'x', 'y'), 'request.filters[0].values'],
    [
      'a label that contains',
      filter('labels.team', Filter_Function.CONTAINS, 'x'),
      'request.filters[0].function',
    ],
    ['the parent of a run', filter('parent_name', EQUAL, 'a0'), 'request.filters[0].field'],
    ['a phase that is no number', filter('phase', EQUAL, 'running'), 'request.filters[0].values'],
    ['a phase without values', filter('phase', EQUAL), 'request.filters[0].values'],
    ['a phase with too many values', filter('phase', VALUE_IN, ...many(21)), 'request.filters[0].values'],
    ['a phase that contains', filter('phase', Filter_Function.CONTAINS, '1'), 'request.filters[0].function'],
    [
      'an owner that contains',
      filter('created_by', Filter_Function.CONTAINS, 'a'),
      'request.filters[0].function',
    ],
    ['an owner without a value', filter('created_by', EQUAL), 'request.filters[0].values'],
    ['an owner with an empty value', filter('created_by', EQUAL, ''), 'request.filters[0].values'],
    ['two owners', filter('created_by', EQUAL, 'ada', 'grace'), 'request.filters[0].values'],
    ['a time that equals', filter('created_at', EQUAL, at(0)), 'request.filters[0].function'],
    ['a time that is none', filter('created_at', LESS_THAN, 'yesterday'), 'request.filters[0].values'],
    [
      'a time without an offset',
      filter('created_at', LESS_THAN, '2026-01-01T00:00:00'),
      'request.filters[0].values',
    ],
    [
      'a day that does not exist',
      filter('updated_at', LESS_THAN, '2026-02-30T25:00:00Z'),
      'request.filters[0].values',
    ],
    ['a time without a value', filter('updated_at', LESS_THAN), 'request.filters[0].values'],
    ['two times', filter('updated_at', LESS_THAN, at(0), at(1)), 'request.filters[0].values'],
  ]
  for (const [title, one, named] of filters) {
    it(`refuses ${title}, and names the field`, async () => {
      const error = await listRuns({ filters: [one] }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 3, rawMessage: expect.stringContaining(named) })
      expect(service.lastCall()?.outcome).toBe('request_invalid')
    })
  }

  it('names the position of the filter that is wrong', async () => {
    const request = { filters: [filter('phase', EQUAL, '1'), filter('secret-value', EQUAL, 'x')] }
    const error = await listRuns(request).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ rawMessage: expect.stringContaining('request.filters[1].field') })
    expect(String(error)).not.toContain('secret-value')
  })

  const requests: [string, Request][] = [
    ['raw filters', { rawFilters: ['eq(phase, 1)'] }],
    ['too many filters', { filters: Array.from({ length: 21 }, () => filter('phase', EQUAL, '1')) }],
    ['another order', { sortBy: { key: 'name' } }],
    ['two orders', { sortByFields: [{ key: 'created_at' }, { key: 'created_at' }] }],
  ]
  for (const [title, request] of requests) {
    it(`refuses ${title}`, async () => {
      await expect(listRuns(request)).rejects.toMatchObject({ code: 3 })
    })
  }

  it('refuses a list of nothing in particular', async () => {
    await expect(ada.runs.listRuns({})).rejects.toMatchObject({ code: 3 })
  })

  it('says which scopes there are when it is given none', async () => {
    await expect(ada.runs.listRuns({})).rejects.toMatchObject({ code: 3 })
  })
})

describe('page tokens of ListRuns', () => {
  const tokenOf = async () => (await listRuns({ limit: 2 })).token

  const changes: [string, (token: string) => string][] = [
    ['with a changed first character', (token) => `${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`],
    ['with a changed end', (token) => `${token.slice(0, -4)}AAAA`],
    ['cut short', (token) => token.slice(0, -6)],
    ['with something added', (token) => `${token}AAAA`],
    ['with characters that no token has', (token) => `${token}!`],
    ['with white space', (token) => ` ${token}`],
    ['that is only a digest', () => 'AAAAAAAAAAAAAAAA'],
    ['that is a number', () => '50'],
    ['that is endless', () => 'A'.repeat(10_000)],
    [
      'that moves to another place',
      (token) => {
        const bytes = Buffer.from(token, 'base64url')
        return Buffer.from(bytes.toString('latin1').replace('run-4', 'run-0'), 'latin1').toString('base64url')
      },
    ],
  ]
  for (const [title, change] of changes) {
    it(`are refused ${title}`, async () => {
      const token = change(await tokenOf())
      await expect(listRuns({ limit: 2, token })).rejects.toMatchObject({ code: 3 })
      expect(service.lastCall()?.outcome).toBe('page_token_invalid')
    })
  }

  const others: [string, Request, ListRequest['scopeBy']][] = [
    ['another filter', { filters: [filter('phase', EQUAL, '1')] }, inProject],
    ['another order', { sortBy: { key: 'created_at', direction: 1 } }, inProject],
    ['another project', {}, { case: 'projectId', value: { ...PROJECT, name: 'sandbox' } }],
    ['another domain', {}, { case: 'projectId', value: { ...PROJECT, domain: 'production' } }],
  ]
  for (const [title, request, scopeBy] of others) {
    it(`are refused for a list with ${title}`, async () => {
      const call = listRuns({ ...request, token: await tokenOf() }, scopeBy)
      await expect(call).rejects.toMatchObject({ code: 3 })
    })
  }

  it('are taken with another limit, and by another caller', async () => {
    const grace = service.clients(await service.bearer('grace'))
    const request = { limit: 1, token: await tokenOf() }
    const { runs } = await grace.runs.listRuns({ scopeBy: inProject, request })
    expect(runs.map((run) => run.action?.id?.run?.name)).toEqual(['run-3'])
  })
})
