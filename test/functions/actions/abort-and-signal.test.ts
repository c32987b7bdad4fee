import { create } from '@bufbuild/protobuf'
import { createContextValues, type HandlerContext } from '@connectrpc/connect'
import { AbortRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { abortMethod } from '../../../functions/actions/abort.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { runIdOf } from '../runs/runs-function.ts'
import {
  type ActionsFunction,
  actionId,
  child,
  condition,
  startActionsFunction,
  trace,
  watched,
} from './actions-function.ts'

let service: ActionsFunction
beforeAll(async () => {
  service = await startActionsFunction()
  await service.makeRun('main')
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

const phaseOf = async (run: string, action: string) =>
  (await service.store.find({ run: runIdOf(run), action }))?.phase
const text = (value: string) => ({
  value: {
    case: 'scalar' as const,
    value: {
      value: { case: 'primitive' as const, value: { value: { case: 'stringValue' as const, value } } },
    },
  },
})
const flag = (value: boolean) => ({
  value: {
    case: 'scalar' as const,
    value: { value: { case: 'primitive' as const, value: { value: { case: 'boolean' as const, value } } } },
  },
})

describe('Abort', () => {
  it('ends an action, with a reason', async () => {
    await service.actions.enqueue(child('main', 'one'))
    service.setNow(NOW_MS + 1_000)
    await service.actions.abort({ actionId: actionId('main', 'one'), reason: 'changed my mind' })
    const details = await service.details('main', 'one')
    expect(details).toMatchObject({
      status: { phase: 7, durationMs: 1_000n },
      result: { case: 'abortInfo', value: { reason: 'changed my mind' } },
    })
    expect((await watched(service, 'main')).updates[0]).toMatchObject({ phase: 7 })
  })

  it('records who aborted it if a bearer says so, and nobody otherwise', async () => {
    await service.actions.enqueue(child('main', 'by-grace'))
    await service.actions.enqueue(child('main', 'by-nobody'))
    const grace = service.clients(await service.runs.bearer('grace'))
    await grace.actions.abort({ actionId: actionId('main', 'by-grace') })
    await service.actions.abort({ actionId: actionId('main', 'by-nobody') })
    const result = async (name: string) => (await service.details('main', name))?.result.value
    expect(await result('by-grace')).toMatchObject({
      abortedBy: { principal: { value: { id: { subject: 'grace' } } } },
    })
    expect(await result('by-nobody')).not.toHaveProperty('abortedBy')
  })

  it('ends everything below an action, and leaves what has ended as it ended', async () => {
    await service.makeRun('tree')
    await service.actions.enqueue(child('tree', 'top'))
    for (const name of ['left', 'right'])
      await service.actions.enqueue(child('tree', name, { parentActionName: 'top' }))
    await service.actions.enqueue(child('tree', 'leaf', { parentActionName: 'left' }))
    await service.actions.enqueue(child('tree', 'asks', { parentActionName: 'left', spec: condition() }))
    await service.actions.enqueue(child('tree', 'done', { parentActionName: 'right', spec: trace() }))
    await service.actions.enqueue(child('tree', 'beside'))
    await service.actions.abort({ actionId: actionId('tree', 'top') })
    const phases = ['top', 'left', 'right', 'leaf', 'asks', 'done', 'beside', 'a0'].map((name) =>
      phaseOf('tree', name),
    )
    expect(await Promise.all(phases)).toEqual([7, 7, 7, 7, 7, 5, 1, 1])
  })

  it('lets nothing new begin below an action that it has ended', async () => {
    await service.makeRun('late')
    await service.actions.enqueue(child('late', 'top'))
    await service.actions.abort({ actionId: actionId('late', 'top') })
    const late = child('late', 'late', { parentActionName: 'top' })
    await expect(service.actions.enqueue(late)).rejects.toMatchObject({ code: 10 })
    expect(await phaseOf('late', 'late')).toBeUndefined()
  })

  it('changes nothing when it is sent again, and takes up what an outage cut short', async () => {
    await service.makeRun('cut')
    await service.actions.enqueue(child('cut', 'top'))
    for (let i = 0; i < 60; i += 1)
      await service.actions.enqueue(child('cut', `n${i}`, { parentActionName: 'top' }))
    let writes = 0
    service.database.failWith((operation) => {
      if (operation !== 'UpdateItem') return undefined
      writes += 1
      return writes > 20 ? 'throttle' : undefined
    })
    const request = { actionId: actionId('cut', 'top'), reason: 'first' }
    await expect(service.actions.abort(request)).rejects.toMatchObject({ code: 14 })
    service.database.failWith(undefined)
    await service.actions.abort({ ...request, reason: 'second' })
    const { updates } = await watched(service, 'cut', 'top')
    expect(new Set(updates.map(({ phase }) => phase))).toEqual(new Set([7]))
    expect((await service.details('cut', 'top'))?.result.value).toMatchObject({ reason: 'first' })
  })

  it('says that it is unfinished where one call is not enough, and gets on with each', async () => {
    await service.makeRun('wide')
    await service.actions.enqueue(child('wide', 'top'))
    for (let i = 0; i < 30; i += 1)
      await service.actions.enqueue(child('wide', `n${i}`, { parentActionName: 'top' }))
    const abort = abortMethod({ actions: service.store, now: () => NOW_MS }, 25)
    const request = create(AbortRequestSchema, { actionId: actionId('wide', 'top') })
    const context = { values: createContextValues() } as HandlerContext
    const outcomes: string[] = []
    while (outcomes.at(-1) !== 'done' && outcomes.length < 10) {
      outcomes.push(
        await abort(request, context).then(
          () => 'done',
          (error) => error.reason,
        ),
      )
    }
    expect(outcomes.at(-1)).toBe('done')
    expect(outcomes.length).toBeGreaterThan(1)
    expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(['abort_unfinished']))
    const { updates } = await watched(service, 'wide', 'top')
    expect(new Set(updates.map(({ phase }) => phase))).toEqual(new Set([7]))
  })

  it('leaves an action that has ended as it ended', async () => {
    await service.actions.enqueue(child('main', 'over', { spec: trace() }))
    await service.actions.abort({ actionId: actionId('main', 'over') })
    expect(await phaseOf('main', 'over')).toBe(5)
  })

  it('says not_found for what there is none of, and invalid_argument for nothing', async () => {
    for (const id of [actionId('main', 'nobody'), actionId('nothing', 'a0')]) {
      await expect(service.actions.abort({ actionId: id })).rejects.toMatchObject({ code: 5 })
      expect(service.lastCall()?.outcome).toBe('action_not_found')
    }
    await expect(service.actions.abort({})).rejects.toMatchObject({ code: 3 })
  })
})

describe('Signal', () => {
  const signal = (name: string, value: object = flag(true), parentActionName = 'a0') =>
    service.actions.signal({ actionId: actionId('main', name), parentActionName, value })
  const waiting = (name: string, changes = {}) =>
    service.actions.enqueue(child('main', name, { spec: condition(changes) }))
  const typed = (simple: number) => ({ type: { type: { case: 'simple' as const, value: simple } } })

  it('gives a condition its value, and its parent hears of it', async () => {
    await waiting('hears', typed(4))
    await signal('hears')
    const { updates } = await watched(service, 'main')
    expect(updates.find(({ actionId: id }) => id?.name === 'hears')).toMatchObject({
      phase: 5,
      value: flag(true),
    })
  })

  it('is answered alike when it is sent again, and refused with another value', async () => {
    await waiting('twice', typed(4))
    await signal('twice', flag(false))
    await signal('twice', flag(false))
    await expect(signal('twice', flag(true))).rejects.toMatchObject({ code: 9 })
    expect(service.lastCall()?.outcome).toBe('action_not_signalable')
  })

  it('counts once, of many at once', async () => {
    await waiting('race')
    const values = ['a', 'b', 'c', 'd'].map(text)
    const outcomes = await Promise.allSettled(values.map((value) => signal('race', value)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('takes any value where the condition declares no type', async () => {
    await waiting('untyped')
    await signal('untyped', text('yes'))
    expect(await phaseOf('main', 'untyped')).toBe(5)
  })

  it('is refused for what is no condition, has ended, or was aborted', async () => {
    await service.actions.enqueue(child('main', 'a-task'))
    await waiting('aborted')
    await service.actions.abort({ actionId: actionId('main', 'aborted') })
    for (const name of ['a-task', 'aborted']) {
      await expect(signal(name)).rejects.toMatchObject({ code: 9 })
      expect(service.lastCall()?.outcome).toBe('action_not_signalable')
    }
  })

  it('is refused with a value of another type', async () => {
    await waiting('number', typed(1))
    for (const value of [text('1'), flag(true), {}]) {
      await expect(signal('number', value)).rejects.toMatchObject({ code: 3 })
    }
    expect(await phaseOf('main', 'number')).toBe(9)
  })

  it('is refused without end', async () => {
    await waiting('endless')
    await expect(signal('endless', text('x'.repeat(20_000)))).rejects.toMatchObject({ code: 11 })
  })

  it('says not_found under another parent, and for what there is none of', async () => {
    await waiting('elsewhere')
    await expect(signal('elsewhere', flag(true), 'one')).rejects.toMatchObject({ code: 5 })
    await expect(signal('nobody')).rejects.toMatchObject({ code: 5 })
  })

  it('is refused without a value or a parent', async () => {
    await waiting('bare')
    const id = actionId('main', 'bare')
    await expect(service.actions.signal({ actionId: id, parentActionName: 'a0' })).rejects.toMatchObject({
      code: 3,
    })
    await expect(signal('bare', flag(true), '')).rejects.toMatchObject({ code: 3 })
  })
})
