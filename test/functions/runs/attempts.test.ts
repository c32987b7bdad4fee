import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  ActionAttemptSchema,
  TraceActionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
const attempt = (init: MessageInitShape<typeof ActionAttemptSchema>) => ({
  B: toBinary(ActionAttemptSchema, create(ActionAttemptSchema, init)),
})
beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
  await ada.runs.createRun({ id: named('attempts'), task: byTaskSpec() })
  await putAction(service, 'attempts', {
    name: 'twice',
    type: 1,
    phase: 4,
    atMs: NOW_MS,
    item: {
      attempts: { N: '2' },
      attempt1: attempt({
        attempt: 1,
        phase: 6,
        cluster: 'blue',
        logContext: { primaryPodName: 'pod' },
        clusterEvents: [{ message: 'no room' }],
      }),
      attempt1Version: { N: '1' },
      attempt3: { B: new Uint8Array([0xff, 0xff]) },
    },
  })
  const spec = { interface: {} }
  const detail = toBinary(TraceActionSchema, create(TraceActionSchema, { name: 'step', spec }))
  await putAction(service, 'attempts', {
    ...{ name: 'traced', type: 2, phase: 5, atMs: NOW_MS },
    item: { detail: { B: detail } },
  })
})
afterAll(() => service.close())

const actionId = (name: string) => ({ run: runIdOf('attempts'), name })

describe('the attempts of an action', () => {
  it('are those that were reported, and the one that the status is about', async () => {
    const { details } = await ada.runs.getActionDetails({ actionId: actionId('twice') })
    expect(details?.attempts.map((one) => [one.attempt, one.phase, one.cluster])).toEqual([
      [1, 6, 'blue'],
      [2, 4, ''],
    ])
  })

  it('say where their logs are', async () => {
    const found = await ada.runs.getActionLogContext({ actionId: actionId('twice'), attempt: 1 })
    expect(found).toMatchObject({ logContext: { primaryPodName: 'pod' }, cluster: 'blue' })
  })

  for (const number of [2, 3, 4]) {
    it(`have no logs where nobody reported any, or nothing readable: ${number}`, async () => {
      const call = ada.runs.getActionLogContext({ actionId: actionId('twice'), attempt: number })
      await expect(call).rejects.toMatchObject({ code: 5 })
      expect(service.lastCall()?.outcome).toBe('logs_not_found')
    })
  }

  it('show what happened around them, or nothing', async () => {
    const watch = async (attempt: number) => {
      const messages = []
      const stream = ada.runs.watchClusterEvents({ id: actionId('twice'), attempt })
      for await (const { clusterEvents } of stream) messages.push(clusterEvents.map(({ message }) => message))
      return messages
    }
    expect(await watch(1)).toEqual([['no room']])
    expect(await watch(2)).toEqual([[]])
  })

  it('are not found for another action', async () => {
    const call = ada.runs.getActionLogContext({ actionId: actionId('other'), attempt: 1 })
    await expect(call).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('action_not_found')
  })
})

describe('a trace', () => {
  it('has its own spec and no task', async () => {
    const { details } = await ada.runs.getActionDetails({ actionId: actionId('traced') })
    expect(details).toMatchObject({ metadata: { actionType: 2 }, spec: { case: 'trace' } })
  })
})
