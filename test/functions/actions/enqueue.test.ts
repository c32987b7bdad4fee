import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { runIdOf } from '../runs/runs-function.ts'
import {
  type ActionsFunction,
  actionId,
  child,
  condition,
  startActionsFunction,
  task,
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

const seconds = (ms: number) => expect.objectContaining({ seconds: BigInt(ms / 1000) })
const updateOf = async (run: string, name: string, parent = 'a0') =>
  (await watched(service, run, parent)).updates.find((update) => update.actionId?.name === name)

describe('Enqueue', () => {
  it('makes a task that waits to be run', async () => {
    await service.actions.enqueue(child('main', 'c1', { group: 'map' }))
    expect(await service.details('main', 'c1')).toMatchObject({
      id: { name: 'c1', run: runIdOf('main') },
      status: { phase: 1, attempts: 1, startTime: seconds(NOW_MS) },
      spec: { case: 'task', value: { shortName: 'main' } },
    })
    expect(await service.store.find({ run: runIdOf('main'), action: 'c1' })).toMatchObject({
      parent: 'a0',
      group: 'map',
      kind: 1,
      inputsUri: 's3://bucket/main/c1/inputs.pb',
      outputBase: 's3://bucket/main',
      task: { name: 'env.main', version: 'v1' },
    })
  })

  it('makes an action of an action, however deep', async () => {
    await service.actions.enqueue(child('main', 'deep1'))
    await service.actions.enqueue(child('main', 'deep2', { parentActionName: 'deep1' }))
    await service.actions.enqueue(child('main', 'deep3', { parentActionName: 'deep2' }))
    expect(await updateOf('main', 'deep3', 'deep2')).toMatchObject({ phase: 1 })
    expect(await updateOf('main', 'deep3')).toBeUndefined()
  })

  it('attributes an action to whoever started the run', async () => {
    await service.actions.enqueue(child('main', 'whose'))
    await service.actions.enqueue(child('main', 'whose-too', { parentActionName: 'whose' }))
    for (const name of ['whose', 'whose-too']) {
      const details = await service.details('main', name)
      expect(details?.metadata?.executedBy?.principal).toMatchObject({
        case: 'user',
        value: { id: { subject: 'ada' }, spec: { firstName: 'Ada', email: 'ada@example.com' } },
      })
      expect(await service.store.find({ run: runIdOf('main'), action: name })).toMatchObject({
        owner: { issuer: service.runs.issuer.issuer, subject: 'ada' },
      })
    }
  })

  it('attributes an action to nobody else, whatever the request and its bearer say', async () => {
    const grace = service.clients(await service.runs.bearer('grace'))
    await grace.actions.enqueue(child('main', 'not-grace', { subject: 'grace' }))
    const details = await service.details('main', 'not-grace')
    expect(details?.metadata?.executedBy?.principal).toMatchObject({ value: { id: { subject: 'ada' } } })
  })

  it('does not put an action among the runs', async () => {
    const ada = service.runs.clients(await service.runs.bearer('ada'))
    const { runs } = await ada.runs.listRuns({
      scopeBy: { case: 'projectId', value: { name: 'flytesnacks', domain: 'development' } },
    })
    expect(runs.map(({ action }) => action?.id?.name)).toEqual(['a0'])
  })

  it('changes nothing when it is sent again', async () => {
    await service.actions.enqueue(child('main', 'again'))
    await service.actions.update({
      actionId: actionId('main', 'again'),
      attempt: 1,
      status: { phase: 4, attempts: 1 },
    })
    service.setNow(NOW_MS + 60_000)
    await service.actions.enqueue(child('main', 'again', { group: 'another' }))
    expect(service.lastCall()).toMatchObject({ outcome: 'ok', notes: { repeated: true } })
    expect(await service.details('main', 'again')).toMatchObject({
      status: { phase: 4, startTime: seconds(NOW_MS) },
    })
    expect(await service.store.find({ run: runIdOf('main'), action: 'again' })).toMatchObject({ group: '' })
  })

  it('makes one action of many requests at once', async () => {
    await Promise.all(Array.from({ length: 12 }, () => service.actions.enqueue(child('main', 'at-once'))))
    const { updates } = await watched(service, 'main')
    expect(updates.filter(({ actionId: id }) => id?.name === 'at-once')).toHaveLength(1)
  })

  it('finds its own action after an answer that was lost', async () => {
    let lost = false
    service.database.failWith((operation, body) => {
      if (lost || operation !== 'PutItem' || !body.includes('lost-answer')) return undefined
      lost = true
      return 'lost-answer'
    })
    await expect(service.actions.enqueue(child('main', 'lost-answer'))).rejects.toMatchObject({ code: 14 })
    await service.actions.enqueue(child('main', 'lost-answer'))
    expect(await updateOf('main', 'lost-answer')).toMatchObject({ phase: 1 })
  })
})

describe('Enqueue of a trace', () => {
  it('is over at once, with the outputs as they were given', async () => {
    const startTime = { seconds: 1_799_999_990n, nanos: 0 }
    const endTime = { seconds: 1_799_999_995n, nanos: 500_000_000 }
    await service.actions.enqueue(child('main', 'traced', { spec: trace({ startTime, endTime }) }))
    expect(await updateOf('main', 'traced')).toMatchObject({
      phase: 5,
      outputUri: 's3://bucket/x/outputs.pb',
    })
    expect(await service.details('main', 'traced')).toMatchObject({
      status: { phase: 5, durationMs: 5500n },
    })
  })

  it('is failed at once if it says so, and succeeded whatever else it says', async () => {
    await service.actions.enqueue(child('main', 'trace-failed', { spec: trace({ phase: 6 }) }))
    await service.actions.enqueue(child('main', 'trace-odd', { spec: trace({ phase: 0 }) }))
    expect(await updateOf('main', 'trace-failed')).toMatchObject({ phase: 6 })
    expect(await updateOf('main', 'trace-odd')).toMatchObject({ phase: 5 })
  })

  it('is refused with a time that is none', async () => {
    const spec = trace({ endTime: { seconds: 10n ** 17n, nanos: 0 } })
    await expect(service.actions.enqueue(child('main', 'no-time', { spec }))).rejects.toMatchObject({
      code: 3,
    })
    expect(await updateOf('main', 'no-time')).toBeUndefined()
  })
})

describe('Enqueue of a condition', () => {
  it('waits for its signal', async () => {
    await service.actions.enqueue(child('main', 'waits', { spec: condition() }))
    expect(await updateOf('main', 'waits')).toMatchObject({ phase: 9, outputUri: '' })
  })

  it('is refused with a web hook, because nobody would call it', async () => {
    const spec = condition({ webhook: { url: 'https://example.com/hook' } })
    await expect(service.actions.enqueue(child('main', 'hook', { spec }))).rejects.toMatchObject({ code: 3 })
  })
})

describe('Enqueue is refused', () => {
  const refusals: [string, Parameters<typeof child>[2], number, string][] = [
    ['below a parent that there is none of', { parentActionName: 'nobody' }, 5, 'parent_not_found'],
    ['in a run that there is none of', { actionId: actionId('no-run', 'x') }, 5, 'parent_not_found'],
    ['without a parent', { parentActionName: '' }, 3, 'request_invalid'],
    ['without a name', { actionId: actionId('main', '') }, 3, 'request_invalid'],
    ['with a name that is too long', { actionId: actionId('main', 'x'.repeat(31)) }, 3, 'request_invalid'],
    ['without a run', { actionId: { name: 'x' } }, 3, 'request_invalid'],
    ['without an id', { actionId: undefined as never }, 3, 'request_invalid'],
    ['without inputs', { inputUri: '' }, 3, 'request_invalid'],
    ['without a place for outputs', { runOutputBase: '' }, 3, 'request_invalid'],
    ['without a spec', { spec: { case: undefined } }, 3, 'request_invalid'],
    ['for a task of which nothing is said', { spec: task({ spec: undefined }) }, 3, 'request_invalid'],
    [
      'with a URI that no key of a bucket is as long as',
      { inputUri: 'x'.repeat(3000) },
      3,
      'request_invalid',
    ],
    ['with a parent name that is no name', { parentActionName: 'x'.repeat(2000) }, 3, 'request_invalid'],
    [
      'with a trace that does not fit into an item',
      { spec: trace({ name: 'x'.repeat(200_000) }) },
      3,
      'request_invalid',
    ],
    ['under the name of another kind of action', { actionId: actionId('main', 'kind') }, 6, 'action_exists'],
    ['under the name of the run itself', { actionId: actionId('main', 'a0') }, 6, 'action_exists'],
  ]
  for (const [name, changes, code, reason] of refusals) {
    it(name, async () => {
      await service.actions.enqueue(child('main', 'kind', { spec: trace() }))
      await expect(service.actions.enqueue(child('main', 'x', changes))).rejects.toMatchObject({ code })
      expect(service.lastCall()?.outcome).toBe(reason)
      expect(await updateOf('main', 'x')).toBeUndefined()
    })
  }

  it('below a parent that has ended, in a way that ends the task', async () => {
    await service.makeRun('ended')
    await service.actions.enqueue(child('ended', 'before'))
    const ada = service.runs.clients(await service.runs.bearer('ada'))
    await ada.runs.abortRun({ runId: runIdOf('ended') })
    await expect(service.actions.enqueue(child('ended', 'after'))).rejects.toMatchObject({ code: 10 })
    expect(service.lastCall()?.outcome).toBe('parent_ended')
    await service.actions.enqueue(child('ended', 'before'))
    expect(service.lastCall()?.notes.repeated).toBe(true)
  })

  const outages = ['throttle', 'broken', 'hang-up'] as const
  for (const outage of outages) {
    for (const failing of ['GetItem', 'PutItem']) {
      it(`with unavailable while ${failing} meets ${outage}, and nothing is half-made`, async () => {
        const name = `${outage}-${failing}`.toLowerCase()
        service.database.failWith((operation) => (operation === failing ? outage : undefined))
        await expect(service.actions.enqueue(child('main', name))).rejects.toMatchObject({ code: 14 })
        service.database.failWith(undefined)
        expect(await updateOf('main', name)).toBeUndefined()
        await service.actions.enqueue(child('main', name))
        expect(await updateOf('main', name)).toMatchObject({ phase: 1 })
      })
    }
  }
})
