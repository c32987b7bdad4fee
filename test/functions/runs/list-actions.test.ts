import { Filter_Function } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { putAction } from './action-fixture.ts'
import {
  byTaskSpec,
  type Clients,
  named,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
} from './runs-function.ts'

let service: RunsFunction
let ada: Clients
beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  await ada.runs.createRun({ id: named('tree'), task: byTaskSpec() })
  await putAction(service, 'tree', { name: 'z1', type: 1, phase: 4, atMs: NOW_MS + 1000 })
  await putAction(service, 'tree', { name: 'y2', type: 2, phase: 5, atMs: NOW_MS + 2000, group: 'g' })
  await putAction(service, 'tree', { name: 'x3', type: 3, phase: 9, atMs: NOW_MS + 3000, parent: 'z1' })
})
afterEach(() => service.database.failWith(undefined))
afterAll(() => service.close())

const { EQUAL, VALUE_IN, GREATER_THAN, LESS_THAN } = Filter_Function
type Request = NonNullable<Parameters<Clients['runs']['listActions']>[0]['request']>
const list = (request: Request = {}, name = 'tree') => ada.runs.listActions({ runId: runIdOf(name), request })
const filter = (field: string, fn: Filter_Function, ...values: string[]) => ({ field, function: fn, values })
const oldestFirst = { key: 'created_at', direction: 1 }
const at = (ms: number) => new Date(NOW_MS + ms).toISOString()

async function everyName(request: Request): Promise<string[]> {
  const names: string[] = []
  let token = ''
  do {
    const page = await list({ ...request, token })
    names.push(...page.actions.map((action) => action.id?.name ?? ''))
    token = page.token
  } while (token !== '')
  return names
}

describe('ListActions', () => {
  const rows: [string, Request, string[]][] = [
    ['the newest first', {}, ['x3', 'y2', 'z1', 'a0']],
    ['the oldest first when asked', { sortBy: oldestFirst }, ['a0', 'z1', 'y2', 'x3']],
    ['one phase', { filters: [filter('phase', EQUAL, '5')] }, ['y2']],
    ['the phase of the root', { filters: [filter('phase', EQUAL, '1')] }, ['a0']],
    ['some phases', { filters: [filter('phase', VALUE_IN, '1', '9')] }, ['x3', 'a0']],
    ['the phase of two digits that the SDK takes apart', { filters: [filter('phase', EQUAL, '1', '0')] }, []],
    ['the children of an action', { filters: [filter('parent_name', EQUAL, 'a0')] }, ['y2', 'z1']],
    ['what has no parent', { filters: [filter('parent_name', EQUAL, '')] }, ['a0']],
    [
      'nothing for two parents',
      { filters: [filter('parent_name', EQUAL, 'a0'), filter('parent_name', EQUAL, 'z1')] },
      [],
    ],
    ['what was made after a time', { filters: [filter('created_at', GREATER_THAN, at(1000))] }, ['x3', 'y2']],
    ['what was updated before a time', { filters: [filter('updated_at', LESS_THAN, at(1000))] }, ['a0']],
  ]
  for (const [title, request, expected] of rows) {
    for (const limit of [0, 1, 2, 3, 4]) {
      it(`lists ${title}, ${limit || 'as many as it likes'} at a time`, async () => {
        expect(await everyName({ ...request, limit })).toEqual(expected)
      })
    }
  }

  it('shows what each action is and who asked for it', async () => {
    const { actions } = await list({ sortBy: oldestFirst })
    expect(actions).toMatchObject([
      {
        metadata: { actionType: 1, parent: '', spec: { case: 'task', value: { id: { name: 'env.main' } } } },
      },
      { metadata: { actionType: 1, parent: 'a0', spec: { case: 'task' } }, status: { phase: 4 } },
      {
        metadata: {
          actionType: 2,
          parent: 'a0',
          group: 'g',
          spec: { case: 'trace', value: { name: 'main' } },
        },
      },
      { metadata: { actionType: 3, parent: 'z1', spec: { case: 'condition', value: { name: 'main' } } } },
    ])
    const run = runIdOf('tree')
    const { details } = await ada.runs.getActionDetails({ actionId: { run, name: 'y2' } })
    expect(details?.metadata).toEqual(actions[2]?.metadata)
  })

  it('does not list what is inside a run among the runs', async () => {
    const scopeBy = { case: 'projectId' as const, value: { name: 'flytesnacks', domain: 'development' } }
    const { runs } = await ada.runs.listRuns({ scopeBy: scopeBy as never })
    expect(runs.map((run) => run.action?.id?.name)).toEqual(['a0'])
  })

  it('says not_found for a run that there is none of', async () => {
    await expect(list({}, 'nothing')).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('run_not_found')
  })

  const refused: [string, Request][] = [
    ['an unknown field', { filters: [filter('favourite', EQUAL, 'x')] }],
    ['an owner, which is the same for all', { filters: [filter('created_by', EQUAL, 'ada')] }],
    ['a parent that contains', { filters: [filter('parent_name', Filter_Function.CONTAINS, 'a')] }],
    ['two parents in one filter', { filters: [filter('parent_name', EQUAL, 'a', 'b')] }],
    ['another order', { sortBy: { key: 'phase' } }],
    ['a page token of another list', { token: 'AAAAAAAAAAAAAAAA' }],
  ]
  for (const [title, request] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(list(request)).rejects.toMatchObject({ code: 3 })
    })
  }

  it('needs a run', async () => {
    await expect(ada.runs.listActions({})).rejects.toMatchObject({ code: 3 })
  })

  it('says unavailable while the database is', async () => {
    service.database.failWith(() => 'throttle')
    await expect(list()).rejects.toMatchObject({ code: 14 })
  })
})
