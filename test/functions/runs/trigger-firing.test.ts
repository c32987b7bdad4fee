/** Triggers that fire, runs by the name of a trigger, and the schedules that triggers have. */
import { hash } from 'node:crypto'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { TimestampSchema, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt'
import { Filter_Function } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { OffloadedInputDataSchema } from '@flyteorg/flyteidl2/flyteidl2/common/run_pb.ts'
import { InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { TaskTriggerSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generatedRunName } from '../../../functions/runs/create-run/request-identity.ts'
import { createDynamoDbRunStore } from '../../../functions/shared/stores/dynamodb/run-store.ts'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { SCHEDULES } from '../../support/local-services.ts'
import {
  type Clients,
  PROJECT,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
  taskSpec,
} from './runs-function.ts'

let service: RunsFunction
let ada: Clients
let grace: Clients
const place = { org: '', project: 'flytesnacks', domain: 'development' }
const nameOf = (name: string) => ({ ...place, taskName: 'env.main', name })

beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  grace = service.clients(await service.bearer('grace'))
  for (const version of ['v1', 'v2']) {
    await ada.tasks.deployTask({ taskId: { ...place, name: 'env.main', version }, spec: taskSpec() })
  }
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

type Deploy = Parameters<Clients['triggers']['deployTrigger']>[0]
const schedule = (changes: object = {}) => ({
  type: 2,
  automation: {
    case: 'schedule' as const,
    value: {
      expression: { case: 'cron' as const, value: { expression: '0 6 * * *', timezone: 'Europe/Berlin' } },
      ...changes,
    },
  },
})
const everyFiveMinutes = schedule({ expression: { case: 'rate', value: { value: 5, unit: 1 } } })

/** Deploys a trigger that is on, as Ada unless somebody else does. */
const deploy = (name: string, changes: object = {}, clients = ada) =>
  clients.triggers.deployTrigger({
    name: nameOf(name),
    spec: { active: true, taskVersion: 'v1' },
    automationSpec: schedule(),
    ...changes,
  } as Deploy)

const eventOf = (name: string, atMs: number) => {
  const { org: _, ...trigger } = nameOf(name)
  return { trigger, scheduledTime: new Date(atMs).toISOString().replace('.000Z', 'Z') }
}
const fire = (name: string, atMs: number = NOW_MS) => service.fire(eventOf(name, atMs))
const runsOf = async (name: string) => {
  const scopeBy = { case: 'triggerName' as const, value: nameOf(name) }
  return (await ada.runs.listRuns({ scopeBy })).runs.map(({ action }) => action)
}
const detailsOf = async (name: string) => {
  const run = (await runsOf(name))[0]?.id?.run
  return (await ada.runs.getRunDetails({ runId: run as never })).details
}

describe('a trigger that fires', () => {
  it('makes a run of its task, in the name of who deployed it', async () => {
    await deploy('made', {
      spec: { active: true, taskVersion: 'v2', runSpec: { labels: { values: { a: 'b' } } } },
    })
    await fire('made')
    expect(service.lastCall()).toMatchObject({
      operation: 'trigger',
      outcome: 'ok',
      notes: { trigger: 'fired' },
    })
    const [run, ...more] = await runsOf('made')
    expect(more).toEqual([])
    expect(run).toMatchObject({
      id: { run: { project: 'flytesnacks', domain: 'development' }, name: 'a0' },
      metadata: {
        executedBy: { principal: { value: { id: { subject: 'ada' }, spec: { email: 'ada@example.com' } } } },
        spec: { value: { id: { name: 'env.main', version: 'v2' } } },
        source: 3,
        triggerName: 'made',
        triggerId: { name: nameOf('made'), revision: 1n },
        triggerType: schedule(),
      },
      status: { phase: 1, attempts: 1 },
    })
    const filters = [{ field: 'created_by', function: Filter_Function.EQUAL, values: ['ada'] }]
    const scopeBy = { case: 'projectId' as const, value: PROJECT }
    expect((await ada.runs.listRuns({ scopeBy, request: { filters } })).runs).not.toEqual([])
  })

  it('makes one run for each time, however often it is called', async () => {
    await deploy('once')
    await Promise.all([fire('once'), fire('once'), fire('once')])
    await fire('once')
    expect(service.lastCall()?.notes).toMatchObject({ trigger: 'repeated' })
    expect(await runsOf('once')).toHaveLength(1)
    await fire('once', NOW_MS + 60_000)
    expect(await runsOf('once')).toHaveLength(2)
  })

  it('makes one run though it is deployed again between two calls', async () => {
    await deploy('redeployed')
    await fire('redeployed')
    await deploy('redeployed', { spec: { active: true, taskVersion: 'v2' } })
    await fire('redeployed')
    expect(await runsOf('redeployed')).toHaveLength(1)
  })

  it('acts for whoever switched it on last', async () => {
    await deploy('switched')
    await grace.triggers.updateTriggers({ names: [nameOf('switched')], active: false })
    await grace.triggers.updateTriggers({ names: [nameOf('switched')], active: true })
    await fire('switched')
    const [run] = await runsOf('switched')
    expect(run?.metadata?.executedBy).toMatchObject({ principal: { value: { id: { subject: 'grace' } } } })
    expect(run?.metadata?.triggerId?.revision).toBe(3n)
  })

  it('is told from one that somebody starts, and says when it fired last', async () => {
    await deploy('dated')
    const find = async () => (await ada.triggers.getTriggerDetails({ name: nameOf('dated') })).trigger
    const task = { case: 'triggerName' as const, value: nameOf('dated') }
    await ada.runs.createRun({ id: { case: 'projectId', value: PROJECT }, task })
    expect((await find())?.status?.triggeredAt).toBeUndefined()
    service.setNow(NOW_MS + 5_000)
    await fire('dated')
    expect((await find())?.status?.triggeredAt).toEqual(timestampFromMs(NOW_MS + 5_000))
  })

  for (const [title, change] of [
    ['was switched off', () => ada.triggers.updateTriggers({ names: [nameOf('silent')], active: false })],
    ['was deleted', () => ada.triggers.deleteTriggers({ names: [nameOf('silent')] })],
  ] as const) {
    it(`does nothing once it ${title}`, async () => {
      await deploy('silent')
      await change()
      await fire('silent')
      expect(service.lastCall()?.notes.trigger).toMatch(/^(gone|inactive)$/)
      expect(await runsOf('silent')).toEqual([])
    })
  }

  it('takes no run for its own to which somebody gave its name', async () => {
    const { taskName } = nameOf('foreseen')
    const identity = ['trigger', 'flytesnacks', 'development', taskName, 'foreseen', String(NOW_MS)]
    const name = generatedRunName(hash('sha256', JSON.stringify(identity), 'base64url'))
    await deploy('foreseen')
    await grace.runs.createRun({
      id: { case: 'runId', value: runIdOf(name) },
      task: { case: 'taskId', value: { ...place, name: taskName, version: 'v1' } },
    })
    await fire('foreseen')
    expect(service.lastCall()?.outcome).toBe('run_exists')
  })

  it('does nothing if it was never there', async () => {
    await fire('never')
    expect(service.lastCall()).toMatchObject({ outcome: 'ok', notes: { trigger: 'gone' } })
  })
})

describe('the time of a firing', () => {
  const atMs = NOW_MS + 3_600_000
  const kickoff = { automationSpec: schedule({ kickoffTimeInputArg: 'at' }) }
  const inputsOf = async (name: string) => {
    const run = (await runsOf(name))[0]?.id
    return (await ada.data.getActionData({ actionId: run as never })).inputs
  }

  it('is among the inputs under the name that the trigger gives it', async () => {
    const literals = [{ name: 'x' }, { name: 'at' }]
    const context = [{ key: '_u_kickoff_time_input_arg', value: 'at' }]
    await deploy('timed', {
      spec: { active: true, taskVersion: 'v1', inputs: { literals, context } },
      ...kickoff,
    })
    await fire('timed', atMs)
    const inputs = await inputsOf('timed')
    expect(inputs?.literals.map(({ name }) => name)).toEqual(['x', 'at'])
    expect(inputs?.literals[1]?.value?.value).toMatchObject({
      case: 'scalar',
      value: { value: { value: { value: { case: 'datetime', value: timestampFromMs(atMs) } } } },
    })
    expect(inputs?.context).toMatchObject(context)
  })

  it('is the start time of the run, which is newer than our generated code', async () => {
    await deploy('started', { spec: { active: true, taskVersion: 'v1', runSpec: { overwriteCache: true } } })
    await fire('started', atMs)
    const { runSpec } = (await detailsOf('started')) ?? {}
    const field = runSpec?.$unknown?.find(({ no }) => no === 12)
    const time = fromBinary(TimestampSchema, new BinaryReader(field?.data ?? new Uint8Array()).bytes())
    expect(timestampMs(time)).toBe(atMs)
    expect(runSpec?.overwriteCache).toBe(true)
  })

  it('makes another hash of uploaded inputs, which stay the file that they are', async () => {
    const inputs = { literals: [{ name: 'x' }] }
    const upload = await ada.data.uploadInputs({
      id: { case: 'projectId', value: PROJECT },
      task: { case: 'taskId', value: { ...place, name: 'env.main', version: 'v1' } },
      inputs,
    })
    const { offloadedInputData = create(OffloadedInputDataSchema) } = upload
    const message = toBinary(OffloadedInputDataSchema, offloadedInputData)
    // Field 5 of a task's trigger, newer than our generated code.
    const data = new BinaryWriter().bytes(message).finish()
    const spec = create(TaskTriggerSpecSchema, { active: true })
    spec.$unknown = [{ no: 5, wireType: WireType.LengthDelimited, data }]
    await ada.tasks.deployTask({
      taskId: { ...place, name: 'env.main', version: 'v1' },
      spec: taskSpec(),
      triggers: [{ name: 'uploaded', spec, ...kickoff }],
    } as never)
    await fire('uploaded', atMs)
    await fire('uploaded', atMs + 60_000)
    expect(await inputsOf('uploaded')).toMatchObject(inputs)
    const store = createDynamoDbRunStore(service.database.client, RUNS_TABLE)
    const found = await Promise.all(
      (await runsOf('uploaded')).map((run) => store.find(run?.id?.run as never)),
    )
    const hashes = found.map((run) => run?.inputsHash)
    expect(new Set([...hashes, offloadedInputData.inputsHash, '']).size).toBe(4)
    const stored = [...service.objects].filter(([name]) => name.startsWith(offloadedInputData.uri))
    expect(stored).toHaveLength(1)
    expect(fromBinary(InputsSchema, stored[0]?.[1] as Uint8Array).literals).toHaveLength(1)
  })
})

describe('a call of the scheduler that fails', () => {
  it('is thrown while the database is away, so that it comes again', async () => {
    await deploy('again')
    service.database.failWith(() => 'throttle')
    await expect(fire('again')).rejects.toMatchObject({ reason: 'store_throttled' })
    expect(service.lastCall()?.outcome).toBe('store_throttled')
    service.database.failWith(undefined)
    await fire('again')
    expect(await runsOf('again')).toHaveLength(1)
  })

  it('is logged and done with if it would fail again', async () => {
    const refused: [object, string][] = [
      [{ trigger: { project: 'p' }, scheduledTime: '2027-01-01T00:00:00Z' }, 'request_malformed'],
      [{ ...eventOf('x', NOW_MS), scheduledTime: 'soon' }, 'request_malformed'],
    ]
    for (const [event, outcome] of refused) {
      await service.fire(event)
      expect(service.lastCall()?.outcome).toBe(outcome)
    }
  })
})

describe('a run by the name of a trigger', () => {
  const id = { case: 'projectId' as const, value: PROJECT }
  const task = (name: string) => ({ case: 'triggerName' as const, value: nameOf(name) })
  const runSpec = { labels: { values: { from: 'trigger' } } }
  beforeEach(() =>
    deploy('manual', {
      spec: { active: false, taskVersion: 'v2', runSpec, inputs: { literals: [{ name: 'x' }] } },
      automationSpec: { type: 1 },
    }),
  )

  it('has the task, the inputs and the settings of the trigger, and the caller as its maker', async () => {
    const { run } = await grace.runs.createRun({ id, task: task('manual') })
    expect(run?.action?.metadata).toMatchObject({
      executedBy: { principal: { value: { id: { subject: 'grace' } } } },
      spec: { value: { id: { name: 'env.main', version: 'v2' } } },
      triggerId: { name: nameOf('manual') },
      source: 0,
    })
    const { details } = await ada.runs.getRunDetails({ runId: run?.action?.id?.run as never })
    expect(details?.runSpec).toMatchObject(runSpec)
    const { inputs } = await ada.data.getActionData({ actionId: run?.action?.id as never })
    expect(inputs?.literals).toMatchObject([{ name: 'x' }])
  })

  it('has what the request says instead', async () => {
    const { run } = await ada.runs.createRun({
      id: { case: 'runId', value: runIdOf('by-hand') },
      task: task('manual'),
      inputWrapper: { case: 'inputs', value: { literals: [{ name: 'y' }] } },
      runSpec: { labels: { values: { from: 'request' } } },
    })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('by-hand') })
    expect(details?.runSpec?.labels?.values).toEqual({ from: 'request' })
    const { inputs } = await ada.data.getActionData({ actionId: run?.action?.id as never })
    expect(inputs?.literals).toMatchObject([{ name: 'y' }])
  })

  it('is listed with the others of its trigger', async () => {
    const before = (await runsOf('manual')).length
    await ada.runs.createRun({ id, task: task('manual') })
    expect(await runsOf('manual')).toHaveLength(before + 1)
    expect(await runsOf('nothing')).toEqual([])
  })

  it('is refused for a trigger that is not there, and for one of another project', async () => {
    await expect(ada.runs.createRun({ id, task: task('x') })).rejects.toMatchObject({ code: 5 })
    const elsewhere = { case: 'projectId' as const, value: { ...PROJECT, domain: 'production' } }
    await expect(ada.runs.createRun({ id: elsewhere, task: task('manual') })).rejects.toMatchObject({
      code: 3,
    })
  })

  it('can have its inputs uploaded before', async () => {
    const request = { id, task: task('manual'), inputs: { literals: [{ name: 'z' }] } }
    const { offloadedInputData } = await ada.data.uploadInputs(request)
    expect(offloadedInputData?.uri).toMatch(/^s3:.*\/flytesnacks\/development\/offloaded-inputs\//)
    const none = ada.data.uploadInputs({ ...request, task: task('x') })
    await expect(none).rejects.toMatchObject({ code: 5 })
  })
})

describe('the schedule of a trigger', () => {
  const schedules = () => service.services.scheduler.schedules()
  const scheduleOf = (name: string) =>
    schedules().find(({ Target }) => JSON.parse(Target.Input ?? '{}').trigger?.name === name)

  it('is made when an active trigger is deployed', async () => {
    await deploy('kept')
    expect(scheduleOf('kept')).toMatchObject({
      GroupName: SCHEDULES.groupName,
      Description: 'flytesnacks/development/env.main/kept',
      ScheduleExpression: 'cron(0 6 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: { Arn: SCHEDULES.functionArn, RoleArn: SCHEDULES.roleArn },
    })
    expect(JSON.parse(scheduleOf('kept')?.Target.Input ?? '')).toEqual({
      trigger: { project: 'flytesnacks', domain: 'development', taskName: 'env.main', name: 'kept' },
      scheduledTime: '<aws.scheduler.scheduled-time>',
    })
    expect(scheduleOf('kept')).not.toHaveProperty('StartDate')
  })

  it('says the name of its trigger, though it be one of the words that the scheduler replaces', async () => {
    const name = '<aws.scheduler.scheduled-time>'
    await deploy(name)
    const input = scheduleOf(name)?.Target.Input ?? ''
    expect(JSON.parse(input.replaceAll(name, '2027-01-01T00:00:00Z'))).toMatchObject({
      trigger: { name },
      scheduledTime: '2027-01-01T00:00:00Z',
    })
  })

  it('is replaced with the trigger, goes when it is switched off and comes back with it', async () => {
    await deploy('moved')
    await deploy('moved', { automationSpec: everyFiveMinutes })
    expect(scheduleOf('moved')).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      StartDate: NOW_MS / 1000 + 300,
    })
    const names = [nameOf('moved')]
    await ada.triggers.updateTriggers({ names, active: false })
    expect(scheduleOf('moved')).toBeUndefined()
    service.setNow(NOW_MS + 60_000)
    await ada.triggers.updateTriggers({ names, active: true })
    expect(scheduleOf('moved')?.StartDate).toBe(NOW_MS / 1000 + 360)
    await ada.triggers.deleteTriggers({ names })
    expect(scheduleOf('moved')).toBeUndefined()
  })

  it('is made for each trigger of a task that is deployed, if that is on', async () => {
    await ada.tasks.deployTask({
      taskId: { ...place, name: 'env.main', version: 'v1' },
      spec: taskSpec(),
      triggers: [
        { name: 'with-on', spec: { active: true }, automationSpec: schedule() },
        { name: 'with-off', spec: { active: false }, automationSpec: schedule() },
        { name: 'with-none', spec: { active: true }, automationSpec: { type: 1 } },
      ],
    } as never)
    expect(['with-on', 'with-off', 'with-none'].map((name) => scheduleOf(name) !== undefined)).toEqual([
      true,
      false,
      false,
    ])
  })

  it('is put right when a call that failed halfway is repeated', async () => {
    await deploy('halfway')
    const names = [nameOf('halfway')]
    let gets = 0
    // The document is written, and read no more after that.
    service.database.failWith((operation) => {
      if (operation === 'PutItem') gets = 1
      return operation === 'GetItem' && gets > 0 ? 'broken' : undefined
    })
    await expect(ada.triggers.deleteTriggers({ names })).rejects.toMatchObject({ code: 14 })
    service.database.failWith(undefined)
    expect(scheduleOf('halfway')).toBeDefined()
    await expect(ada.triggers.deleteTriggers({ names })).rejects.toMatchObject({ code: 5 })
    expect(scheduleOf('halfway')).toBeUndefined()
  })

  it('ends up as the trigger is when two people change it at once', async () => {
    await deploy('contested')
    const names = [nameOf('contested')]
    for (let i = 0; i < 5; i += 1) {
      await Promise.allSettled([
        ada.triggers.updateTriggers({ names, active: true }),
        grace.triggers.updateTriggers({ names, active: false }),
      ])
      const { trigger } = await ada.triggers.getTriggerDetails({ name: nameOf('contested') })
      expect(scheduleOf('contested') !== undefined).toBe(trigger?.spec?.active)
    }
  })

  it('is refused with the trigger for times that are none', async () => {
    const wrong = schedule({ expression: { case: 'cron', value: { expression: 'at noon' } } })
    await expect(deploy('wrong', { automationSpec: wrong })).rejects.toMatchObject({ code: 3 })
    await expect(deploy('wrong', { automationSpec: { type: 3 } })).rejects.toMatchObject({ code: 12 })
    const withTask = ada.tasks.deployTask({
      taskId: { ...place, name: 'env.main', version: 'v1' },
      spec: taskSpec(),
      triggers: [{ name: 'wrong', spec: { active: true }, automationSpec: wrong }],
    } as never)
    await expect(withTask).rejects.toMatchObject({ code: 3 })
    await expect(ada.triggers.getTriggerDetails({ name: nameOf('wrong') })).rejects.toMatchObject({ code: 5 })
  })
})

describe('the revisions of a trigger', () => {
  const history = async (name: string, limit = 0) => {
    const found = []
    let token = ''
    do {
      const page = await ada.triggers.getTriggerRevisionHistory({
        name: nameOf(name),
        request: { limit, token },
      })
      found.push(...page.triggers)
      token = page.token
    } while (token !== '')
    return found
  }

  it('say what was done, when and by whom, the last one first', async () => {
    const names = [nameOf('lived')]
    await deploy('lived')
    await deploy('lived', { spec: { active: true, taskVersion: 'v2' } }, grace)
    await grace.triggers.updateTriggers({ names, active: false })
    service.setNow(NOW_MS + 7_000)
    await ada.triggers.updateTriggers({ names, active: true })
    await ada.triggers.deleteTriggers({ names })
    await deploy('lived')
    for (const limit of [0, 1, 2, 5]) {
      const found = await history('lived', limit)
      expect(found.map(({ id, action }) => [Number(id?.revision), action])).toEqual([
        [6, 1],
        [5, 4],
        [4, 2],
        [3, 3],
        [2, 1],
        [1, 1],
      ])
    }
    const [, , activated, deactivated] = await history('lived')
    expect(activated?.createdAt).toEqual(timestampFromMs(NOW_MS + 7_000))
    expect(deactivated?.metadata?.updatedBy).toMatchObject({
      principal: { value: { id: { subject: 'grace' } } },
    })
  })

  it('are there one by one, with what they were', async () => {
    const revision = async (number: bigint) => {
      const id = { name: nameOf('lived'), revision: number }
      return (await ada.triggers.getTriggerRevisionDetails({ id })).trigger
    }
    expect(await revision(1n)).toMatchObject({ id: { revision: 1n }, spec: { taskVersion: 'v1' } })
    expect(await revision(2n)).toMatchObject({ id: { revision: 2n }, spec: { taskVersion: 'v2' } })
    expect((await revision(5n))?.status?.deletedAt).toBeDefined()
    expect((await revision(6n))?.id?.revision).toBe(6n)
    for (const missing of [7n, 10n ** 15n]) await expect(revision(missing)).rejects.toMatchObject({ code: 5 })
  })

  it('are replaced one after the other where the request says which', async () => {
    await deploy('locked')
    const change = { spec: { active: true, taskVersion: 'v2' } }
    await expect(deploy('locked', { ...change, revision: 9n })).rejects.toMatchObject({ code: 10 })
    expect(service.lastCall()?.outcome).toBe('document_changed')
    expect((await deploy('locked', { ...change, revision: 1n })).trigger?.id?.revision).toBe(2n)
    // Repeated, it has been done already.
    expect((await deploy('locked', { ...change, revision: 1n })).trigger?.id?.revision).toBe(2n)
  })

  it('are refused for a trigger that was never there, with filters, and with the token of another one', async () => {
    await expect(history('unknown')).rejects.toMatchObject({ code: 5 })
    const filters = [{ field: 'x', values: ['y'] }]
    const filtered = ada.triggers.getTriggerRevisionHistory({
      name: nameOf('lived'),
      request: { filters },
    } as never)
    await expect(filtered).rejects.toMatchObject({ code: 3 })
    const { token } = await ada.triggers.getTriggerRevisionHistory({
      name: nameOf('lived'),
      request: { limit: 1 },
    })
    const other = ada.triggers.getTriggerRevisionHistory({ name: nameOf('locked'), request: { token } })
    await expect(other).rejects.toMatchObject({ code: 3 })
  })
})
