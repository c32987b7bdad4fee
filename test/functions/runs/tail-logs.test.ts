import { randomBytes } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import { ActionAttemptSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_LOG_BYTES } from '../../../functions/runs/data/tail-logs.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { LOG_GROUP } from '../../support/local-services.ts'
import { putAction } from './action-fixture.ts'
import {
  byTaskSpec,
  type Clients,
  named,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
} from './runs-function.ts'

const USER = 1
const SYSTEM = 2
const RUN = 'logged'
const PLACE = `flytesnacks/development/${RUN}`

interface Line {
  readonly message: string
  readonly atMs: number
  readonly originator: number
}

/** Every line of an attempt, as the SDK reads them. */
async function tail({ data }: Clients, action: string, more: { attempt?: number; podName?: string } = {}) {
  const lines: Line[] = []
  const actionId = { run: runIdOf(RUN), name: action }
  for await (const { logs } of data.tailLogs({ actionId, attempt: 1, ...more })) {
    for (const { timestamp, message, originator } of logs.flatMap((one) => one.lines)) {
      const atMs = Number(timestamp?.seconds ?? 0) * 1000 + (timestamp?.nanos ?? 0) / 1e6
      lines.push({ message, atMs, originator })
    }
  }
  return lines
}
const messages = async (...call: Parameters<typeof tail>) =>
  (await tail(...call)).map(({ message }) => message)

describe('the logs of an attempt', () => {
  let service: RunsFunction
  let ada: Clients
  beforeAll(async () => {
    service = await startRunsFunction()
    ada = service.clients(await service.bearer('ada'))
    await ada.runs.createRun({ id: named(RUN), task: byTaskSpec() })
    for (const name of ['child', 'quiet', 'long', 'several'])
      await putAction(service, RUN, { name, type: 1, phase: 4, atMs: NOW_MS })
  })
  afterAll(() => service.close())

  it('are told with their times, the newest last, and end there', async () => {
    await service.services.write(`${PLACE}/a0/1`, [
      [2_500, 'second'],
      [1_000, 'first\n'],
    ])
    expect(await tail(ada, 'a0')).toEqual([
      { message: 'first\n', atMs: 1_000, originator: USER },
      { message: 'second\n', atMs: 2_500, originator: USER },
    ])
  })

  it('are those of the attempt that was asked for, and of no other one whose name begins alike', async () => {
    await service.services.write(`${PLACE}/child/1`, [[1, 'one']])
    await service.services.write(`${PLACE}/child/10`, [[1, 'ten']])
    await service.services.write(`${PLACE}/child-2/1`, [[1, 'other']])
    expect(await messages(ada, 'child')).toEqual(['one\n'])
    expect(await messages(ada, 'child', { attempt: 10 })).toEqual(['ten\n'])
  })

  it('are those of all its containers, in the order of time', async () => {
    await service.services.write(`${PLACE}/several/1/main`, [
      [1, 'main 1'],
      [3, 'main 3'],
    ])
    await service.services.write(`${PLACE}/several/1/side/0123`, [[2, 'side 2']])
    expect(await messages(ada, 'several')).toEqual(['main 1\n', 'side 2\n', 'main 3\n'])
  })

  it('are the last part of what does not fit, and say where the rest is', async () => {
    const lines = Array.from(
      { length: 3_000 },
      (_, i) => [i, `${i} ${randomBytes(500).toString('hex')}`] as const,
    )
    await service.services.write(`${PLACE}/long/1`, lines)
    const [first, ...others] = await tail(ada, 'long')
    expect(first).toMatchObject({ originator: SYSTEM, message: expect.stringContaining(`${PLACE}/long/1`) })
    expect(first?.message).toContain(LOG_GROUP)
    expect(others.at(-1)?.message).toBe(`${lines.at(-1)?.[1]}\n`)
    expect(others).toHaveLength(Math.floor(MAX_LOG_BYTES / (1_005 + 24)))
    expect(others[0]?.atMs).toBe(first?.atMs)
  })

  it('are not found as long as nothing was written', async () => {
    await expect(tail(ada, 'quiet')).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('logs_not_found')
    await expect(tail(ada, 'a0', { attempt: 2 })).rejects.toMatchObject({ code: 5 })
  })

  it('need an action', async () => {
    await expect(tail(ada, 'nothing')).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('action_not_found')
  })
})

describe('logs that are named by their pod', () => {
  let service: RunsFunction
  let ada: Clients
  beforeAll(async () => {
    service = await startRunsFunction({ logs: { group: LOG_GROUP, stream: 'jobs/{pod}' } })
    ada = service.clients(await service.bearer('ada'))
    const logContext = {
      primaryPodName: 'main/default/0123',
      pods: [{ podName: 'main/default/0123' }, { podName: 'worker' }],
    }
    const attempt1 = { B: toBinary(ActionAttemptSchema, create(ActionAttemptSchema, { logContext })) }
    const action = { type: 1, phase: 4, atMs: NOW_MS }
    await putAction(service, RUN, { ...action, name: 'placed', item: { attempt1 } })
    await putAction(service, RUN, { ...action, name: 'waiting' })
    await service.services.write('jobs/main/default/0123', [[1, 'of the main pod']])
    await service.services.write('jobs/worker', [[1, 'of a worker']])
    await service.services.write('jobs/somebody', [[1, 'of somebody else']])
  })
  afterAll(() => service.close())

  it('are those of the main pod that the executor reported', async () => {
    expect(await messages(ada, 'placed')).toEqual(['of the main pod\n'])
  })

  it('are those of another one of its pods, if that is asked for', async () => {
    expect(await messages(ada, 'placed', { podName: 'worker' })).toEqual(['of a worker\n'])
  })

  it('are not those of any other stream that somebody names', async () => {
    for (const podName of ['somebody', 'worker/../somebody', 'main'])
      await expect(tail(ada, 'placed', { podName })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('logs_not_found')
  })

  it('are not found until there is a pod', async () => {
    await expect(tail(ada, 'waiting')).rejects.toMatchObject({ code: 5 })
  })
})

describe('a deployment', () => {
  const outcomeWith = async (logs: { group: string; stream: string } | null) => {
    const service = await startRunsFunction({ logs })
    try {
      const ada = service.clients(await service.bearer('ada'))
      await ada.runs.createRun({ id: named(RUN), task: byTaskSpec() })
      const error = await tail(ada, 'a0').catch(
        (thrown: unknown) => thrown as { code: number; rawMessage: string },
      )
      return { error, outcome: service.lastCall()?.outcome }
    } finally {
      await service.close()
    }
  }

  it('that reads no logs says so, and which setting is missing', async () => {
    expect(await outcomeWith(null)).toMatchObject({
      error: { code: 12, rawMessage: expect.stringContaining('runs.logs') },
      outcome: 'feature_unconfigured',
    })
  })

  it('whose log group is not there says so', async () => {
    expect(await outcomeWith({ group: '/elsewhere', stream: '{pod}-{run}' })).toMatchObject({
      outcome: 'logs_not_found',
    })
    expect(await outcomeWith({ group: '/elsewhere', stream: '{run}' })).toMatchObject({
      error: { code: 9, rawMessage: expect.stringContaining('runs.logs') },
      outcome: 'logs_unreadable',
    })
  })
})
