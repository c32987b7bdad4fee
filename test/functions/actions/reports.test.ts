import { fromBinary } from '@bufbuild/protobuf'
import { ActionAttemptSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { runIdOf } from '../runs/runs-function.ts'
import {
  type ActionsFunction,
  actionId,
  child,
  condition,
  startActionsFunction,
  stream,
  trace,
  watched,
} from './actions-function.ts'

let service: ActionsFunction
let made = 0
beforeAll(async () => {
  service = await startActionsFunction()
  await service.makeRun('main')
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

/** A new action of its own for a test, and its id. */
async function newAction(changes: Parameters<typeof child>[2] = {}) {
  made += 1
  const name = `action${made}`
  await service.actions.enqueue(child('main', name, changes))
  return { name, id: actionId('main', name) }
}

const stored = (name: string) => service.store.find({ run: runIdOf('main'), action: name })
const report = (id: ReturnType<typeof actionId>, phase: number, attempts = 1) =>
  service.internal.updateActionStatus({ actionId: id, status: { phase, attempts } })
const time = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 })

const QUEUED = 1
const RUNNING = 4
const SUCCEEDED = 5
const FAILED = 6
const ABORTED = 7
const TIMED_OUT = 8
const PAUSED = 9
const RECOVERED = 10

describe('UpdateActionStatus', () => {
  it('takes an action from waiting to its end', async () => {
    const { name, id } = await newAction()
    for (const phase of [2, 3, RUNNING]) {
      const answer = await report(id, phase)
      expect(answer).toMatchObject({ actionId: { name }, status: { code: 0, message: '' } })
      expect(await stored(name)).toMatchObject({ phase, endedAtMs: undefined })
    }
    const status = { phase: SUCCEEDED, attempts: 1, endTime: time(NOW_MS + 2500) }
    await service.internal.updateActionStatus({ actionId: id, status })
    expect(await service.details('main', name)).toMatchObject({
      status: { phase: SUCCEEDED, durationMs: 2500n },
    })
  })

  it('says when an action ended if its executor does not', async () => {
    const { name, id } = await newAction()
    service.setNow(NOW_MS + 9_000)
    await report(id, FAILED)
    expect(await stored(name)).toMatchObject({ phase: FAILED, endedAtMs: NOW_MS + 9_000 })
  })

  it('is what a run itself ends with, too', async () => {
    await service.makeRun('whole')
    await report(actionId('whole', 'a0'), SUCCEEDED)
    expect(await service.details('whole', 'a0')).toMatchObject({ status: { phase: SUCCEEDED } })
  })

  const transitions: [from: number, to: number, taken: boolean][] = [
    [QUEUED, QUEUED, true],
    [QUEUED, RUNNING, true],
    [QUEUED, SUCCEEDED, true],
    [RUNNING, QUEUED, false],
    [RUNNING, 2, false],
    [RUNNING, RUNNING, true],
    [RUNNING, ABORTED, true],
    [SUCCEEDED, RUNNING, false],
    [SUCCEEDED, QUEUED, false],
    [ABORTED, SUCCEEDED, false],
    [ABORTED, FAILED, false],
    [ABORTED, RUNNING, false],
    [RECOVERED, RUNNING, false],
    [RECOVERED, SUCCEEDED, false],
    [FAILED, QUEUED, true],
    [FAILED, RUNNING, true],
    [FAILED, SUCCEEDED, true],
    [TIMED_OUT, QUEUED, true],
    [TIMED_OUT, ABORTED, true],
  ]
  for (const [from, to, taken] of transitions) {
    it(`${taken ? 'takes' : 'does not take'} an action from phase ${from} to ${to}, and answers the same`, async () => {
      const { name, id } = await newAction()
      await report(id, from)
      expect(await report(id, to)).toMatchObject({ status: { code: 0 } })
      expect(await stored(name)).toMatchObject({ phase: taken ? to : from })
      if (!taken) expect(service.lastCall()?.notes.outdated).toBe(true)
    })
  }

  const pauses: [to: number, taken: boolean][] = [
    [SUCCEEDED, true],
    [FAILED, true],
    [ABORTED, true],
    [TIMED_OUT, true],
    [QUEUED, false],
    [RUNNING, false],
  ]
  for (const [to, taken] of pauses) {
    it(`${taken ? 'takes' : 'does not take'} an action that is paused to phase ${to}`, async () => {
      const { name, id } = await newAction({ spec: condition() })
      await report(id, to)
      expect(await stored(name)).toMatchObject({ phase: taken ? to : PAUSED })
    })
  }

  it('ends up with the end, in whatever order reports arrive at once', async () => {
    const { name, id } = await newAction()
    await Promise.all([SUCCEEDED, 2, RUNNING, 3, QUEUED, RUNNING].map((phase) => report(id, phase)))
    expect(await stored(name)).toMatchObject({ phase: SUCCEEDED })
  })

  it('starts over with another attempt, without the end of the one before', async () => {
    const { name, id } = await newAction()
    await report(id, FAILED)
    await report(id, QUEUED, 2)
    expect(await stored(name)).toMatchObject({ phase: QUEUED, attempts: 2, endedAtMs: undefined })
  })

  it('does not listen to an attempt that is over', async () => {
    const { name, id } = await newAction()
    await report(id, FAILED)
    await report(id, RUNNING, 2)
    await report(id, FAILED, 1)
    expect(await stored(name)).toMatchObject({ phase: RUNNING, attempts: 2 })
  })

  it('changes nothing when it is sent again after an answer that was lost', async () => {
    const { name, id } = await newAction()
    service.database.failWith((operation) => (operation === 'UpdateItem' ? 'lost-answer' : undefined))
    await expect(report(id, RUNNING)).rejects.toMatchObject({ code: 14 })
    service.database.failWith(undefined)
    await report(id, RUNNING)
    expect(await stored(name)).toMatchObject({ phase: RUNNING, attempts: 1 })
  })

  const refusals: [string, object, number][] = [
    ['an action that there is none of', { actionId: actionId('main', 'nobody') }, 5],
    ['a run that there is none of', { actionId: actionId('nothing', 'a0') }, 5],
    ['no action', { actionId: undefined }, 3],
    ['no status', { status: undefined }, 3],
    ['no attempt', { status: { phase: RUNNING } }, 3],
    ['an attempt without end', { status: { phase: RUNNING, attempts: 4_000_000_000 } }, 3],
    ['a phase that there is none of', { status: { phase: 11, attempts: 1 } }, 3],
    ['a negative phase', { status: { phase: -1, attempts: 1 } }, 3],
    [
      'an end before time began',
      { status: { phase: 5, attempts: 1, endTime: { seconds: -1n, nanos: 0 } } },
      3,
    ],
    [
      'an end that is no time',
      { status: { phase: 5, attempts: 1, endTime: { seconds: 2n ** 62n, nanos: 0 } } },
      3,
    ],
  ]
  for (const [name, changes, code] of refusals) {
    it(`is refused for ${name}`, async () => {
      const { name: action, id } = await newAction()
      const request = { actionId: id, status: { phase: RUNNING, attempts: 1 }, ...changes }
      await expect(service.internal.updateActionStatus(request)).rejects.toMatchObject({ code })
      expect(await stored(action)).toMatchObject({ phase: QUEUED })
    })
  }

  it('makes nothing of an action that there is none of', async () => {
    await expect(report(actionId('main', 'ghost'), RUNNING)).rejects.toMatchObject({ code: 5 })
    expect(await stored('ghost')).toBeUndefined()
  })
})

describe('Update and GetLatestState', () => {
  const update = (id: ReturnType<typeof actionId>, changes: object = {}) =>
    service.actions.update({
      actionId: id,
      attempt: 1,
      status: { phase: RUNNING, attempts: 1 },
      state: '{}',
      ...changes,
    })

  it('keep what an executor noted about an attempt', async () => {
    const { name, id } = await newAction()
    await update(id, { state: '{"pod":"é"}' })
    const { state } = await service.actions.getLatestState({ actionId: id, attempt: 1 })
    expect(state).toBe('{"pod":"é"}')
    expect(await stored(name)).toMatchObject({ phase: RUNNING, attempts: 1 })
  })

  it('have no state of another attempt, of none, and of an action that there is none of', async () => {
    const { id } = await newAction()
    await expect(service.actions.getLatestState({ actionId: id, attempt: 1 })).rejects.toMatchObject({
      code: 5,
    })
    await update(id)
    await expect(service.actions.getLatestState({ actionId: id, attempt: 2 })).rejects.toMatchObject({
      code: 5,
    })
    expect(service.lastCall()?.outcome).toBe('state_not_found')
    const nobody = { actionId: actionId('main', 'nobody'), attempt: 1 }
    await expect(service.actions.getLatestState(nobody)).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('action_not_found')
  })

  it('take neither status nor state of a report that is outdated', async () => {
    const { name, id } = await newAction()
    await update(id, { status: { phase: SUCCEEDED, attempts: 1 }, state: 'done' })
    await update(id, { state: 'running' })
    expect(await stored(name)).toMatchObject({ phase: SUCCEEDED, state: { attempt: 1, text: 'done' } })
  })

  it('take a state without a phase', async () => {
    const { name, id } = await newAction()
    await update(id)
    await update(id, { status: { attempts: 1 }, state: 'more' })
    expect(await stored(name)).toMatchObject({ phase: RUNNING, state: { text: 'more' } })
  })

  it('refuse a state that does not fit into an item', async () => {
    const { id } = await newAction()
    await expect(update(id, { state: 'x'.repeat(40_000) })).rejects.toMatchObject({ code: 11 })
    expect(service.lastCall()?.outcome).toBe('request_too_large')
  })

  it('refuse what says neither attempt nor action', async () => {
    const { id } = await newAction()
    await expect(update(id, { attempt: 0 })).rejects.toMatchObject({ code: 3 })
    await expect(update(id, { actionId: undefined })).rejects.toMatchObject({ code: 3 })
    await expect(service.actions.getLatestState({ actionId: id })).rejects.toMatchObject({ code: 3 })
  })
})

describe('RecordAction', () => {
  it('makes an action that belongs to whoever started the run, whatever its subject says', async () => {
    const id = actionId('main', 'recorded')
    const answer = await service.internal.recordAction({
      actionId: id,
      parent: 'a0',
      subject: 'mallory',
      inputUri: 's3://bucket/in.pb',
      spec: trace(),
    })
    expect(answer).toMatchObject({ actionId: { name: 'recorded' }, status: { code: 0 } })
    const details = await service.details('main', 'recorded')
    expect(details?.metadata?.executedBy?.principal).toMatchObject({ value: { id: { subject: 'ada' } } })
    expect(await stored('recorded')).toMatchObject({ owner: { subject: 'ada' }, phase: SUCCEEDED })
  })

  it('leaves a run that is there as it is, and makes none', async () => {
    await service.internal.recordAction({ actionId: actionId('main', 'a0'), spec: trace() })
    expect(service.lastCall()?.notes.repeated).toBe(true)
    const nothing = service.internal.recordAction({ actionId: actionId('nothing', 'a0'), spec: trace() })
    await expect(nothing).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('run_not_found')
  })

  it('is refused without a parent, a spec or an id', async () => {
    const request = { actionId: actionId('main', 'refused'), parent: 'a0', spec: trace() }
    for (const changes of [{ parent: '' }, { spec: { case: undefined } }, { actionId: undefined }]) {
      await expect(service.internal.recordAction({ ...request, ...changes })).rejects.toMatchObject({
        code: 3,
      })
    }
    expect(await stored('refused')).toBeUndefined()
  })
})

describe('RecordActionEvents', () => {
  const attemptsOf = async (name: string) =>
    (await stored(name))?.attemptRecords.map(({ record }) => fromBinary(ActionAttemptSchema, record))

  it('puts attempts together from what is told of them, in any order', async () => {
    const { name, id } = await newAction()
    const at = (ms: number) => ({ updatedTime: time(NOW_MS + ms) })
    const outputs = { outputUri: 's3://bucket/o/1/outputs.pb', reportUri: 's3://bucket/o/1/report.html' }
    await service.internal.recordActionEvents({
      events: [
        { id, attempt: 1, phase: SUCCEEDED, outputs, ...at(3_000) },
        { id, attempt: 1, phase: QUEUED, ...at(0) },
        { id, attempt: 1, phase: RUNNING, logInfo: [{ uri: 'https://logs.example.com' }], ...at(1_000) },
      ],
    })
    expect(await attemptsOf(name)).toMatchObject([
      {
        attempt: 1,
        phase: SUCCEEDED,
        outputs,
        logsAvailable: true,
        logInfo: [{ uri: 'https://logs.example.com' }],
        startTime: time(NOW_MS),
        endTime: time(NOW_MS + 3_000),
        phaseTransitions: [
          { phase: QUEUED, startTime: time(NOW_MS), endTime: time(NOW_MS + 1_000) },
          { phase: RUNNING, startTime: time(NOW_MS + 1_000), endTime: time(NOW_MS + 3_000) },
          { phase: SUCCEEDED, startTime: time(NOW_MS + 3_000) },
        ],
      },
    ])
    expect(await stored(name)).toMatchObject({ outputsUri: outputs.outputUri })
  })

  it('leaves the phase to the status: a failed attempt is not a failed action', async () => {
    const { name, id } = await newAction()
    await report(id, RUNNING)
    const errorInfo = { message: 'it broke', kind: 1 }
    await service.internal.recordActionEvents({ events: [{ id, attempt: 1, phase: FAILED, errorInfo }] })
    expect(await stored(name)).toMatchObject({ phase: RUNNING })
    await report(id, FAILED)
    const details = await service.details('main', name)
    expect(details?.result).toMatchObject({ case: 'errorInfo', value: errorInfo })
  })

  it('counts an event once, however often it comes', async () => {
    const { name, id } = await newAction()
    const event = { id, attempt: 1, phase: RUNNING, clusterEvents: [{ message: 'pulled' }] }
    await Promise.all([1, 2, 3].map(() => service.internal.recordActionEvents({ events: [event] })))
    await service.internal.recordActionEvents({ events: [event, event] })
    const [attempt] = (await attemptsOf(name)) ?? []
    expect(attempt?.clusterEvents).toHaveLength(1)
    expect(attempt?.phaseTransitions).toHaveLength(1)
  })

  it('takes a newer version of the same phase, and no older one', async () => {
    const { name, id } = await newAction()
    for (const [version, cluster] of [
      [1, 'one'],
      [3, 'three'],
      [2, 'two'],
    ] as const) {
      await service.internal.recordActionEvents({
        events: [{ id, attempt: 1, phase: RUNNING, version, cluster }],
      })
    }
    expect(await attemptsOf(name)).toMatchObject([{ cluster: 'three' }])
  })

  it('does not let an earlier attempt speak for the action', async () => {
    const { name, id } = await newAction()
    await report(id, FAILED)
    await report(id, RUNNING, 2)
    const outputs = { outputUri: 's3://bucket/o/1/outputs.pb' }
    await service.internal.recordActionEvents({ events: [{ id, attempt: 1, phase: FAILED, outputs }] })
    expect(await stored(name)).toMatchObject({ outputsUri: '' })
    expect(await attemptsOf(name)).toMatchObject([{ attempt: 1, outputs }])
  })

  it('keeps every report of many that arrive at once', async () => {
    const { name, id } = await newAction()
    await Promise.all(
      [1, 2, 3, 4].map((attempt) =>
        service.internal.recordActionEvents({ events: [{ id, attempt, phase: FAILED }] }),
      ),
    )
    expect((await attemptsOf(name))?.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4])
  })

  it('fits into an item whatever is told, and keeps the last attempts', async () => {
    const { name, id } = await newAction()
    const message = 'é'.repeat(20_000)
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      await service.internal.recordActionEvents({
        events: [
          {
            id,
            attempt,
            phase: FAILED,
            errorInfo: { message, kind: 1 },
            clusterEvents: Array.from({ length: 50 }, () => ({ message })),
            logInfo: Array.from({ length: 50 }, () => ({ uri: 'https://logs.example.com', name: 'log' })),
          },
        ],
      })
    }
    expect((await attemptsOf(name))?.map(({ attempt }) => attempt)).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
    await report(id, FAILED, 12)
    const details = await service.details('main', name)
    expect(details?.result).toMatchObject({ case: 'errorInfo' })
    expect((await watched(service, 'main')).updates.length).toBeGreaterThan(0)
  })

  const refusals: [string, object, number][] = [
    ['an action that there is none of', { id: actionId('main', 'nobody') }, 5],
    ['no action', { id: undefined }, 3],
    ['no attempt', { attempt: 0 }, 3],
    ['a phase that there is none of', { phase: 12 }, 3],
    ['a time that is none', { updatedTime: { seconds: 0n, nanos: -1 } }, 3],
    ['a URI without end', { outputs: { outputUri: 'x'.repeat(5_000) } }, 3],
  ]
  for (const [title, changes, code] of refusals) {
    it(`is refused for ${title}`, async () => {
      const { id } = await newAction()
      const events = [{ id, attempt: 1, phase: RUNNING, ...changes }]
      await expect(service.internal.recordActionEvents({ events })).rejects.toMatchObject({ code })
    })
  }

  it('is refused without events', async () => {
    await expect(service.internal.recordActionEvents({ events: [] })).rejects.toMatchObject({ code: 3 })
  })

  for (const outage of ['throttle', 'hang-up'] as const) {
    it(`says unavailable while the database meets ${outage}, and can be sent again`, async () => {
      const { name, id } = await newAction()
      const events = [{ id, attempt: 1, phase: RUNNING }]
      service.database.failWith((operation) => (operation === 'UpdateItem' ? outage : undefined))
      await expect(service.internal.recordActionEvents({ events })).rejects.toMatchObject({ code: 14 })
      service.database.failWith(undefined)
      await service.internal.recordActionEvents({ events })
      expect(await attemptsOf(name)).toMatchObject([{ phase: RUNNING }])
    })
  }
})

describe('the streams of InternalRunService', () => {
  async function answersOf<Answer>(answers: AsyncIterable<Answer>): Promise<Answer[]> {
    const all: Answer[] = []
    for await (const answer of answers) all.push(answer)
    return all
  }

  it('answer each status with its nonce, and refuse one without refusing the others', async () => {
    const { name, id } = await newAction()
    const status = { phase: RUNNING, attempts: 1 }
    const answers = await answersOf(
      service.internal.updateActionStatusStream(
        stream(
          { request: { actionId: id, status }, nonce: 7n },
          { request: { actionId: actionId('main', 'nobody'), status }, nonce: 8n },
          { nonce: 9n },
          { request: { actionId: id, status: { phase: SUCCEEDED, attempts: 1 } }, nonce: 10n },
        ),
      ),
    )
    expect(answers.map(({ nonce, response }) => [nonce, response?.status?.code])).toEqual([
      [7n, 0],
      [8n, 5],
      [9n, 3],
      [10n, 0],
    ])
    expect(service.lastCall()).toMatchObject({ outcome: 'ok', notes: { refused: 2 } })
    expect(await stored(name)).toMatchObject({ phase: SUCCEEDED })
  })

  it('record actions and events', async () => {
    const { name, id } = await newAction()
    const events = stream({ request: { event: { id, attempt: 1, phase: RUNNING } }, nonce: 1n })
    expect(await answersOf(service.internal.recordActionEventStream(events))).toMatchObject([
      { nonce: 1n, response: { actionId: { name }, status: { code: 0 } } },
    ])
    const request = { actionId: actionId('main', 'streamed'), parent: 'a0', spec: trace() }
    const actions = stream({ request }, { request: { ...request, parent: 'nobody' } }, {})
    const answers = await answersOf(service.internal.recordActionStream(actions))
    expect(answers.map(({ response }) => response?.status?.code)).toEqual([0, 5, 3])
    expect(await stored('streamed')).toMatchObject({ phase: SUCCEEDED })
  })

  it('end with unavailable in an outage, so that all is sent again', async () => {
    const { id } = await newAction()
    service.database.failWith((operation) => (operation === 'UpdateItem' ? 'throttle' : undefined))
    const request = { actionId: id, status: { phase: RUNNING, attempts: 1 } }
    const answers = service.internal.updateActionStatusStream(stream({ request, nonce: 1n }))
    await expect(answersOf(answers)).rejects.toMatchObject({ code: 14 })
  })

  it('take as many messages as they can in time, and say so about the rest', async () => {
    const nonces: bigint[] = []
    const many = stream(...Array.from({ length: 1_001 }, (_, i) => ({ nonce: BigInt(i) })))
    const all = async () => {
      for await (const { nonce } of service.internal.updateActionStatusStream(many)) nonces.push(nonce)
    }
    await expect(all()).rejects.toMatchObject({ code: 11 })
    expect(nonces).toHaveLength(1_000)
    expect(service.lastCall()?.outcome).toBe('request_too_large')
  })

  it('end at once for a stream with nothing in it', async () => {
    expect(await answersOf(service.internal.recordActionStream(stream()))).toEqual([])
  })
})
