import { gunzipSync } from 'node:zlib'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import {
  WatchActionDetailsRequestSchema,
  WatchActionDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { callThrough } from '../../support/alb-event.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { putAction } from './action-fixture.ts'
import {
  byTaskSpec,
  type Clients,
  named,
  PROJECT,
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
  await putAction(service, 'tree', { name: 'left', type: 1, phase: 4, atMs: NOW_MS + 1000 })
  await putAction(service, 'tree', { name: 'right', type: 2, phase: 5, atMs: NOW_MS + 2000, group: 'g' })
  await putAction(service, 'tree', { name: 'leaf', type: 1, phase: 6, atMs: NOW_MS + 3000, parent: 'left' })
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const messages: T[] = []
  for await (const message of stream) messages.push(message)
  return messages
}

const a0 = (name: string) => ({ run: runIdOf(name), name: 'a0' })

describe('WatchActionDetails and WatchRunDetails', () => {
  it('have one snapshot, equal to what is read once', async () => {
    const watched = await all(ada.runs.watchActionDetails({ actionId: a0('tree') }))
    expect(watched).toHaveLength(1)
    const { details } = await ada.runs.getActionDetails({ actionId: a0('tree') })
    expect(watched[0]?.details).toEqual(details)
    const runs = await all(ada.runs.watchRunDetails({ runId: runIdOf('tree') }))
    expect(runs.map((one) => one.details)).toEqual([
      (await ada.runs.getRunDetails({ runId: runIdOf('tree') })).details,
    ])
  })

  it('show the end of a run at the next call', async () => {
    await ada.runs.createRun({ id: named('ends'), task: byTaskSpec() })
    await ada.runs.abortRun({ runId: runIdOf('ends') })
    const [last] = await all(ada.runs.watchActionDetails({ actionId: a0('ends') }))
    expect(last?.details?.status?.phase).toBe(ActionPhase.ABORTED)
  })

  it('have the content type to the letter, and compress each message of its own', async () => {
    const message = toBinary(
      WatchActionDetailsRequestSchema,
      create(WatchActionDetailsRequestSchema, { actionId: a0('tree') }),
    )
    const envelope = Buffer.alloc(5)
    envelope.writeUInt32BE(message.length, 1)
    const answer = await callThrough(service.handler, {
      method: 'POST',
      path: '/flyteidl2.workflow.RunService/WatchActionDetails',
      headers: {
        ...(await service.bearer()),
        'content-type': 'application/connect+proto',
        'connect-protocol-version': '1',
        'connect-accept-encoding': 'gzip, identity',
      },
      body: Buffer.concat([envelope, message]),
    })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/connect+proto')
    expect(answer.headers['content-encoding']).toBeUndefined()
    const length = answer.body.readUInt32BE(1)
    const payload = answer.body.subarray(5, 5 + length)
    const bytes = answer.body[0] === 1 ? gunzipSync(payload) : payload
    expect(fromBinary(WatchActionDetailsResponseSchema, bytes).details?.id?.name).toBe('a0')
    expect(answer.body[5 + length]).toBe(2)
  })

  it('say not_found for what there is none of', async () => {
    await expect(all(ada.runs.watchActionDetails({ actionId: a0('nothing') }))).rejects.toMatchObject({
      code: 5,
    })
    await expect(all(ada.runs.watchRunDetails({ runId: runIdOf('nothing') }))).rejects.toMatchObject({
      code: 5,
    })
  })

  it('say invalid_argument without an id, and unavailable while the database is', async () => {
    await expect(all(ada.runs.watchActionDetails({}))).rejects.toMatchObject({ code: 3 })
    service.database.failWith(() => 'hang-up')
    await expect(all(ada.runs.watchActionDetails({ actionId: a0('tree') }))).rejects.toMatchObject({
      code: 14,
    })
  })
})

describe('WatchRuns', () => {
  const target = { case: 'projectId' as const, value: PROJECT }

  it('has the newest runs of a project, as the list does', async () => {
    const [message, ...more] = await all(ada.runs.watchRuns({ target }))
    expect(more).toEqual([])
    const { runs } = await ada.runs.listRuns({ scopeBy: target })
    expect(message?.runs).toEqual(runs)
  })

  it('has an empty message for a project without runs', async () => {
    const value = { ...PROJECT, domain: 'production' }
    expect(await all(ada.runs.watchRuns({ target: { case: 'projectId', value } }))).toMatchObject([
      { runs: [] },
    ])
  })

  it('has the newest runs of all projects', async () => {
    const [message] = await all(ada.runs.watchRuns({ target: { case: 'org', value: '' } }))
    const { runs } = await ada.runs.listRuns({ scopeBy: { case: 'org', value: '' } })
    expect(runs.length).toBeGreaterThan(0)
    expect(message?.runs).toEqual(runs)
  })

  it('does not implement clusters, of which there are none', async () => {
    const clusterId = { case: 'clusterId' as const, value: { name: 'blue', organization: 'acme' } }
    await expect(all(ada.runs.watchRuns({ target: clusterId }))).rejects.toMatchObject({ code: 12 })
  })
})

describe('WatchActions', () => {
  const watch = (filter: object[] = []) => all(ada.runs.watchActions({ runId: runIdOf('tree'), filter }))

  it('has every action, oldest first, with the phases of its children', async () => {
    const [message] = await watch()
    const rows = message?.enrichedActions.map(({ action, childrenPhaseCounts }) => [
      action?.id?.name,
      action?.metadata?.parent,
      childrenPhaseCounts,
    ])
    expect(rows).toEqual([
      ['a0', '', { 4: 1, 5: 1 }],
      ['left', 'a0', { 6: 1 }],
      ['right', 'a0', {}],
      ['leaf', 'left', {}],
    ])
  })

  it('says of each action whether it meets the filter', async () => {
    const [message] = await watch([{ field: 'phase', function: 0, values: ['6'] }])
    expect(message?.enrichedActions.map(({ meetsFilter }) => meetsFilter)).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  it('refuses a filter that it does not know, and a run that there is none of', async () => {
    await expect(watch([{ field: 'favourite', function: 0, values: ['x'] }])).rejects.toMatchObject({
      code: 3,
    })
    await expect(all(ada.runs.watchActions({ runId: runIdOf('nothing') }))).rejects.toMatchObject({ code: 5 })
  })
})

describe('WatchGroups', () => {
  const since = (seconds: number) => timestampFromMs(NOW_MS + seconds * 1000)

  it('sums up the runs of each task in one message that says it is the last', async () => {
    const scopeBy = { case: 'projectId' as const, value: { ...PROJECT, name: 'sandbox' } }
    for (const [i, name] of ['g1', 'g2', 'g3'].entries()) {
      service.setNow(NOW_MS + i * 1000)
      const value = { org: '', project: 'sandbox', domain: 'development', name }
      await ada.runs.createRun({ id: { case: 'runId', value }, task: byTaskSpec() })
      if (i === 0) await ada.runs.abortRun({ runId: value })
    }
    const messages = await all(ada.runs.watchGroups({ scopeBy, startDate: since(0) }))
    expect(messages).toMatchObject([
      {
        sentinel: true,
        taskGroups: [
          {
            taskName: 'env.main',
            shortName: 'main',
            environmentName: 'env',
            totalRuns: 3n,
            recentStatuses: [{ runName: 'g3' }, { runName: 'g2' }, { runName: 'g1', phase: 7 }],
            averageFailureRate: 0,
            createdBy: [{ principal: { value: { id: { subject: 'ada' } } } }],
            phaseCounts: [
              { phase: 1, count: 2n },
              { phase: 7, count: 1n },
            ],
          },
        ],
      },
    ])
    const [late] = await all(ada.runs.watchGroups({ scopeBy, startDate: since(2) }))
    expect(late?.taskGroups).toMatchObject([{ totalRuns: 1n }])
  })

  it('has a last message for a project without runs', async () => {
    const value = { ...PROJECT, domain: 'production' }
    const messages = await all(
      ada.runs.watchGroups({ scopeBy: { case: 'projectId', value }, startDate: since(0) }),
    )
    expect(messages).toMatchObject([{ sentinel: true, taskGroups: [] }])
  })

  it('needs a project and a start', async () => {
    await expect(all(ada.runs.watchGroups({ startDate: since(0) }))).rejects.toMatchObject({ code: 3 })
    const scopeBy = { case: 'projectId' as const, value: PROJECT }
    await expect(all(ada.runs.watchGroups({ scopeBy }))).rejects.toMatchObject({ code: 3 })
  })
})
