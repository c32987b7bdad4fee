import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { type Clients, PROJECT, type RunsFunction, startRunsFunction, taskSpec } from './runs-function.ts'

let service: RunsFunction
let ada: Clients
let grace: Clients
const place = { org: '', project: 'flytesnacks', domain: 'development' }
const task = (name: string) => ({ ...place, name, version: 'v1' })
const nameOf = (name: string, taskName = 'env.main') => ({ ...place, taskName, name })
const everyHour = {
  type: 2,
  automation: {
    case: 'schedule' as const,
    value: { expression: { case: 'cron' as const, value: { expression: '0 * * * *', timezone: 'UTC' } } },
  },
}

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  grace = service.clients(await service.bearer('grace'))
  for (const name of ['env.main', 'env.other']) {
    await ada.tasks.deployTask({
      taskId: task(name),
      spec: taskSpec(),
      triggers: [
        { name: 'hourly', spec: { active: true, description: 'each hour' }, automationSpec: everyHour },
        { name: 'asleep', spec: { active: false }, automationSpec: { type: 1 } },
      ],
    })
  }
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

const details = async (name: string) => (await ada.triggers.getTriggerDetails({ name: nameOf(name) })).trigger
type List = Parameters<Clients['triggers']['listTriggers']>[0]
const list = async (scopeBy: List['scopeBy'], limit = 0) => {
  const names: string[] = []
  let token = ''
  do {
    const page = await ada.triggers.listTriggers({ scopeBy, request: { limit, token } } as List)
    for (const { id, active } of page.triggers)
      names.push(`${id?.name?.taskName} ${id?.name?.name} ${active}`)
    token = page.token
  } while (token !== '')
  return names
}

describe('triggers', () => {
  it('are deployed with their task', async () => {
    expect(await details('hourly')).toMatchObject({
      id: { name: nameOf('hourly'), revision: 1n },
      spec: { active: true, taskVersion: 'v1', description: 'each hour' },
      automationSpec: everyHour,
      metadata: { deployedBy: { principal: { value: { id: { subject: 'ada' } } } } },
      status: { deployedAt: { seconds: BigInt(NOW_MS / 1000) } },
    })
  })

  it('stay as they are when the same is deployed again', async () => {
    const request = {
      name: nameOf('again'),
      spec: { active: true, taskVersion: 'v1' },
      automationSpec: everyHour,
    }
    await ada.triggers.deployTrigger(request)
    service.setNow(NOW_MS + 5000)
    const { trigger } = await grace.triggers.deployTrigger(request)
    expect(trigger).toMatchObject({
      id: { revision: 1n },
      metadata: { updatedBy: { principal: { value: { id: { subject: 'ada' } } } } },
    })
    const changed = await grace.triggers.deployTrigger({
      ...request,
      spec: { ...request.spec, active: false },
    })
    expect(changed.trigger).toMatchObject({
      id: { revision: 2n },
      metadata: { updatedBy: { principal: { value: { id: { subject: 'grace' } } } } },
      status: {
        deployedAt: { seconds: BigInt(NOW_MS / 1000) },
        updatedAt: { seconds: BigInt(NOW_MS / 1000 + 5) },
      },
    })
    await ada.triggers.deleteTriggers({ names: [request.name] })
  })

  it('are listed by project and by task, a page at a time', async () => {
    const project = { case: 'projectId' as const, value: PROJECT }
    const all = [
      'env.main asleep false',
      'env.main hourly true',
      'env.other asleep false',
      'env.other hourly true',
    ]
    for (const limit of [0, 1, 3]) expect(await list(project, limit)).toEqual(all)
    const { version: _, ...taskName } = task('env.other')
    expect(await list({ case: 'taskName', value: taskName })).toEqual(all.slice(2))
    expect(await list({ case: 'taskId', value: task('env.other') }, 1)).toEqual(all.slice(2))
    expect(await list({ case: 'taskId', value: { ...taskName, version: 'another' } })).toEqual([])
    expect(await list({ case: 'taskName', value: { ...taskName, name: 'env' } })).toEqual([])
  })

  it('are switched off and on, each time as a new revision', async () => {
    const names = [nameOf('hourly', 'env.other')]
    const find = async () => (await ada.triggers.getTriggerDetails({ name: names[0] as never })).trigger
    await grace.triggers.updateTriggers({ names, active: false })
    expect(await find()).toMatchObject({
      id: { revision: 2n },
      spec: { active: false },
      metadata: { updatedBy: { principal: { value: { id: { subject: 'grace' } } } } },
    })
    await ada.triggers.updateTriggers({ names, active: false })
    expect(await find()).toMatchObject({ id: { revision: 2n } })
    await ada.triggers.updateTriggers({ names, active: true })
    expect(await find()).toMatchObject({ id: { revision: 3n }, spec: { active: true } })
  })

  it('are gone once deleted, and go on counting when they come back', async () => {
    const name = nameOf('passing')
    const request = { name, spec: { taskVersion: 'v1' }, automationSpec: { type: 1 } }
    await ada.triggers.deployTrigger(request)
    await ada.triggers.deleteTriggers({ names: [name] })
    await expect(ada.triggers.getTriggerDetails({ name })).rejects.toMatchObject({ code: 5 })
    await expect(ada.triggers.deleteTriggers({ names: [name] })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('trigger_not_found')
    const { trigger } = await ada.triggers.deployTrigger(request)
    expect(trigger?.id?.revision).toBe(3n)
    await ada.triggers.deleteTriggers({ names: [name] })
  })

  it('are changed by both of two callers at once', async () => {
    const name = nameOf('raced')
    const deploy = (clients: Clients, description: string) =>
      clients.triggers.deployTrigger({
        name,
        spec: { taskVersion: 'v1', description },
        automationSpec: { type: 1 },
      })
    await Promise.all([deploy(ada, 'one'), deploy(grace, 'two')])
    expect((await details('raced'))?.id?.revision).toBe(2n)
    await ada.triggers.deleteTriggers({ names: [name] })
  })

  const spec = { taskVersion: 'v1' }
  const automationSpec = { type: 1 }
  const refused: [string, () => Promise<unknown>, number][] = [
    ['no name', () => ada.triggers.deployTrigger({ spec, automationSpec }), 3],
    ['no spec', () => ada.triggers.deployTrigger({ name: nameOf('x'), automationSpec }), 3],
    [
      'a task that there is none of',
      () => ada.triggers.deployTrigger({ name: nameOf('x', 'nothing'), spec, automationSpec }),
      5,
    ],
    [
      'a project that there is none of',
      () =>
        ada.triggers.deployTrigger({ name: { ...nameOf('x'), project: 'nothing' }, spec, automationSpec }),
      5,
    ],
    ['details of none', () => ada.triggers.getTriggerDetails({ name: nameOf('x') }), 5],
    ['a change of none', () => ada.triggers.updateTriggers({ names: [nameOf('x')], active: true }), 5],
    ['a change of nothing', () => ada.triggers.updateTriggers({ names: [], active: true }), 3],
    ['a list of nothing', () => ada.triggers.listTriggers({}), 3],
  ]
  for (const [title, call, code] of refused) {
    it(`are refused: ${title}`, async () => {
      await expect(call()).rejects.toMatchObject({ code })
    })
  }
})
