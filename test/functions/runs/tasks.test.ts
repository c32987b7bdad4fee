import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { Filter_Function } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import {
  type Clients,
  PROJECT,
  type RunsFunction,
  startRunsFunction,
  type TaskSpecChanges,
  taskSpec,
  unnamed,
} from './runs-function.ts'

let service: RunsFunction
let ada: Clients
const taskId = (name: string, version = 'v1', project = 'flytesnacks') => ({
  ...{ org: '', project, domain: 'development' },
  name,
  version,
})
const deploy = (name: string, version = 'v1', changes: TaskSpecChanges = {}, project = 'flytesnacks') =>
  ada.tasks.deployTask({ taskId: taskId(name, version, project), spec: taskSpec(changes) })

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  const entry = { isEntrypoint: true }
  const names: [string, string, TaskSpecChanges][] = [
    ['env.one', 'v1', {}],
    ['env.two', 'v1', { taskTemplate: { type: 'python', metadata: entry } } as TaskSpecChanges],
    ['env.one', 'v2', { shortName: 'newer' }],
    ['other.three', 'v1', { environment: { name: 'other' } }],
  ]
  for (const [i, [name, version, changes]] of names.entries()) {
    service.setNow(NOW_MS + i * 1000)
    await deploy(name, version, changes)
  }
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS + 10_000)
})
afterAll(() => service.close())

const { EQUAL, CONTAINS, CONTAINS_CASE_INSENSITIVE, VALUE_IN } = Filter_Function
type Request = Parameters<Clients['tasks']['listTasks']>[0]
const filter = (field: string, fn: Filter_Function, ...values: string[]) => ({ field, function: fn, values })
const scopeBy = { case: 'projectId' as const, value: PROJECT }

async function everyTask(request: Request['request'] = {}, more: Request = {}): Promise<string[]> {
  const names: string[] = []
  let token = ''
  do {
    const page = await ada.tasks.listTasks({ scopeBy, ...more, request: { ...request, token } as never })
    names.push(...page.tasks.map((task) => `${task.taskId?.name} ${task.taskId?.version}`))
    token = page.token
  } while (token !== '')
  return names
}

describe('DeployTask', () => {
  it('makes a task that a run can name', async () => {
    const { run } = await ada.runs.createRun({
      id: unnamed,
      task: { case: 'taskId', value: taskId('env.one', 'v2') },
    })
    expect(run?.action?.metadata?.spec).toMatchObject({
      case: 'task',
      value: { id: taskId('env.one', 'v2'), shortName: 'newer' },
    })
    const { details } = await ada.runs.getActionDetails({
      actionId: { run: run?.action?.id?.run as never, name: 'a0' },
    })
    expect(details?.spec).toMatchObject({ case: 'task', value: { shortName: 'newer' } })
  })

  it('changes nothing when it is repeated, and names the time of the first try', async () => {
    service.setNow(NOW_MS + 60_000)
    await deploy('env.one', 'v1')
    const { details } = await ada.tasks.getTaskDetails({ taskId: taskId('env.one', 'v1') })
    expect(details?.metadata?.deployedAt?.seconds).toBe(BigInt(NOW_MS / 1000))
    expect(await everyTask()).toContain('env.one v2')
  })

  it('replaces a version of the same identity', async () => {
    await deploy('env.replaced', 'v1', {}, 'sandbox')
    await deploy('env.replaced', 'v1', { shortName: 'again' }, 'sandbox')
    const { details } = await ada.tasks.getTaskDetails({ taskId: taskId('env.replaced', 'v1', 'sandbox') })
    expect(details).toMatchObject({ metadata: { shortName: 'again' }, spec: { shortName: 'again' } })
  })

  it('is made up for by the next try when the database went away in between', async () => {
    let writes = 0
    service.database.failWith((operation) => {
      if (operation === 'UpdateItem') writes += 1
      return operation === 'PutItem' && writes > 0 ? 'hang-up' : undefined
    })
    await expect(deploy('env.halfway', 'v1', {}, 'sandbox')).rejects.toMatchObject({ code: 14 })
    service.database.failWith(undefined)
    await deploy('env.halfway', 'v1', {}, 'sandbox')
    const project = { case: 'projectId' as const, value: { ...PROJECT, name: 'sandbox' } }
    const { tasks } = await ada.tasks.listTasks({ scopeBy: project })
    expect(tasks.map((task) => task.taskId?.name)).toContain('env.halfway')
  })

  it('keeps fields that are newer than the generated code', async () => {
    const unknown = Buffer.from([0xfa, 0x3e, 0x02, 0x68, 0x69])
    const spec = fromBinary(
      TaskSpecSchema,
      Buffer.concat([toBinary(TaskSpecSchema, taskSpec({ shortName: 'newest' })), unknown]),
    )
    await ada.tasks.deployTask({ taskId: taskId('env.unknown', 'v1', 'sandbox'), spec })
    const { details } = await ada.tasks.getTaskDetails({ taskId: taskId('env.unknown', 'v1', 'sandbox') })
    expect(Buffer.from(toBinary(TaskSpecSchema, details?.spec as never)).includes(unknown)).toBe(true)
  })

  it('says who deployed it', async () => {
    const { details } = await ada.tasks.getTaskDetails({ taskId: taskId('env.two') })
    expect(details).toMatchObject({
      taskId: taskId('env.two'),
      metadata: { deployedBy: { principal: { value: { spec: { email: 'ada@example.com' } } } } },
    })
  })

  type Deploy = Parameters<Clients['tasks']['deployTask']>[0]
  const trigger = { name: 't', spec: { active: true }, automationSpec: { type: 1 } }
  const refused: [string, Deploy, number][] = [
    ['no identity', { spec: taskSpec() }, 3],
    ['no spec', { taskId: taskId('x') }, 3],
    ['an empty version', { taskId: taskId('x', ''), spec: taskSpec() }, 3],
    ['another domain', { taskId: { ...taskId('x'), domain: 'nowhere' }, spec: taskSpec() }, 3],
    ['a project that there is none of', { taskId: taskId('x', 'v1', 'nothing'), spec: taskSpec() }, 5],
    [
      'one trigger twice',
      { taskId: taskId('x'), spec: taskSpec(), triggers: [trigger, trigger] as never },
      3,
    ],
  ]
  for (const [title, request, code] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(ada.tasks.deployTask(request)).rejects.toMatchObject({ code })
    })
  }
})

describe('ListTasks', () => {
  const oldestFirst = { key: 'created_at', direction: 1 }
  const rows: [string, Request['request'], string[]][] = [
    ['the newest version of each task', {}, ['other.three v1', 'env.one v2', 'env.two v1']],
    ['the oldest first', { sortBy: oldestFirst }, ['env.two v1', 'env.one v2', 'other.three v1']],
    [
      'every version of one that is named',
      { filters: [filter('name', EQUAL, 'env.one')] },
      ['env.one v2', 'env.one v1'],
    ],
    [
      'the tasks of an environment',
      { filters: [filter('name', CONTAINS, 'env.')] },
      ['env.one v2', 'env.two v1'],
    ],
    [
      'a part of a name',
      { filters: [filter('name', CONTAINS_CASE_INSENSITIVE, 'THREE')] },
      ['other.three v1'],
    ],
    ['some names', { filters: [filter('name', VALUE_IN, 'env.two', 'x')] }, ['env.two v1']],
    [
      'one version',
      { filters: [filter('name', EQUAL, 'env.one'), filter('version', EQUAL, 'v1')] },
      ['env.one v1'],
    ],
    ['an environment', { filters: [filter('environment_name', EQUAL, 'other')] }, ['other.three v1']],
    ['nothing of a name that there is none of', { filters: [filter('name', EQUAL, 'x')] }, []],
  ]
  for (const [title, request, expected] of rows) {
    for (const limit of [0, 1, 2, 1000]) {
      it(`lists ${title}, ${limit || 'as many as it likes'} at a time`, async () => {
        expect(await everyTask({ ...request, limit } as never)).toEqual(expected)
      })
    }
  }

  it('finds entry points, and what somebody deployed', async () => {
    const known = (filterBy: object) => ({ knownFilters: [{ filterBy }] }) as Request
    expect(await everyTask({}, known({ case: 'isEntrypoint', value: true }))).toEqual(['env.two v1'])
    expect(await everyTask({}, known({ case: 'deployedBy', value: 'ada' }))).toHaveLength(3)
    expect(await everyTask({}, known({ case: 'deployedBy', value: 'grace' }))).toEqual([])
  })

  it('shows the newest version first when a command asks for one', async () => {
    const request = { limit: 1, filters: [filter('name', EQUAL, 'env.one')], sortBy: { key: 'created_at' } }
    const { tasks } = await ada.tasks.listTasks({ scopeBy, request } as never)
    expect(tasks).toMatchObject([
      { taskId: taskId('env.one', 'v2'), metadata: { shortName: 'newer', environmentName: 'env' } },
    ])
  })

  const refused: [string, Request][] = [
    ['an unknown field', { scopeBy, request: { filters: [filter('toString', EQUAL, 'x')] } as never }],
    ['a filter without values', { scopeBy, request: { filters: [filter('name', EQUAL)] } as never }],
    [
      'a comparison that it does not know',
      { scopeBy, request: { filters: [filter('name', Filter_Function.LESS_THAN, 'x')] } as never },
    ],
    ['raw filters', { scopeBy, request: { rawFilters: ['eq(name, x)'] } as never }],
    ['another order', { scopeBy, request: { sortBy: { key: 'name' } } as never }],
    ['a page token of another list', { scopeBy, request: { token: 'AAAAAAAAAAAAAAAA' } as never }],
    ['a list of nothing in particular', {}],
  ]
  for (const [title, request] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(ada.tasks.listTasks(request)).rejects.toMatchObject({ code: 3 })
    })
  }

  it('says unavailable while the database is', async () => {
    service.database.failWith(() => 'throttle')
    await expect(ada.tasks.listTasks({ scopeBy })).rejects.toMatchObject({ code: 14 })
  })
})

describe('ListVersions and GetTaskDetails', () => {
  const taskName = { org: '', project: 'flytesnacks', domain: 'development', name: 'env.one' }

  it('have the versions of a task, newest first, a page at a time', async () => {
    const one = await ada.tasks.listVersions({ taskName, request: { limit: 1 } } as never)
    expect(one.versions).toMatchObject([
      { version: 'v2', deployedAt: { seconds: BigInt(NOW_MS / 1000 + 2) } },
    ])
    const two = await ada.tasks.listVersions({ taskName, request: { limit: 1, token: one.token } } as never)
    expect(two.versions).toMatchObject([{ version: 'v1' }])
  })

  it('have none of a task that there is none of', async () => {
    const nothing = { ...taskName, name: 'nothing' }
    expect((await ada.tasks.listVersions({ taskName: nothing })).versions).toEqual([])
    await expect(ada.tasks.getTaskDetails({ taskId: taskId('env.one', 'v9') })).rejects.toMatchObject({
      code: 5,
    })
    expect(service.lastCall()?.outcome).toBe('task_not_found')
  })

  it('need a name', async () => {
    await expect(ada.tasks.listVersions({})).rejects.toMatchObject({ code: 3 })
    await expect(ada.tasks.getTaskDetails({})).rejects.toMatchObject({ code: 3 })
  })
})

describe('SelectCluster', () => {
  it('leaves the client where it is, whatever it is about', async () => {
    for (const operation of [1, 2, 3, 5, 6, 12]) {
      const resource = { case: 'projectId' as const, value: PROJECT }
      const { clusterEndpoint } = await ada.cluster.selectCluster({ resource, operation })
      expect(clusterEndpoint).toBe('')
    }
    const nobodys = { case: 'orgId' as const, value: { name: '' } }
    expect(await ada.cluster.selectCluster({ resource: nobodys, operation: 8 })).toMatchObject({
      clusterEndpoint: '',
    })
  })

  it("refuses a pool of clusters: a secret for one of them would be everybody's", async () => {
    const resource = { case: 'clusterPoolId' as const, value: { organization: '', name: 'gpu' } }
    await expect(ada.cluster.selectCluster({ resource, operation: 8 })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('cluster_pool_not_found')
  })
})
