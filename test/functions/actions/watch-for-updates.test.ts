import { gunzipSync, gzipSync } from 'node:zlib'
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  WatchForUpdatesRequestSchema,
  WatchForUpdatesResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { ErrorInfoSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NewAction } from '../../../functions/shared/stores/action-store.ts'
import { itemOfAction } from '../../../functions/shared/stores/dynamodb/action-item.ts'
import { callThrough } from '../../support/alb-event.ts'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { runIdOf } from '../runs/runs-function.ts'
import { envelope, envelopes } from '../shared/rpc/fixture.ts'
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
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

const namesOf = (updates: Awaited<ReturnType<typeof watched>>['updates']) =>
  updates.map(({ actionId: id }) => id?.name ?? '')

/** Writes many children at once, as if enqueued one a millisecond. */
async function makeMany(run: string, count: number, changes: Partial<NewAction> = {}): Promise<void> {
  const { runId: _, ...template } = await templateOf(run)
  for (let from = 0; from < count; from += 25) {
    const items = Array.from({ length: Math.min(25, count - from) }, (_unused, i) => {
      const action = `m${String(from + i).padStart(6, '0')}`
      const updatedAtMs = NOW_MS + from + i
      return { PutRequest: { Item: itemOfAction({ ...template, action, updatedAtMs, ...changes }) } }
    })
    await service.database.client.send(new BatchWriteItemCommand({ RequestItems: { [RUNS_TABLE]: items } }))
  }
}

async function templateOf(run: string) {
  await service.makeRun(run)
  await service.actions.enqueue(child(run, 'template'))
  const found = await service.store.find({ run: runIdOf(run), action: 'template' })
  if (found === undefined) throw new Error('the template was not made')
  return { runId: runIdOf(run), ...found }
}

describe('WatchForUpdates', () => {
  it('answers every child, then the sentinel, then the end', async () => {
    await service.makeRun('watch')
    for (const name of ['one', 'two', 'three']) await service.actions.enqueue(child('watch', name))
    await service.actions.enqueue(child('watch', 'below', { parentActionName: 'one' }))
    const { messages, updates } = await watched(service, 'watch')
    expect(namesOf(updates).sort()).toEqual(['one', 'three', 'two'])
    expect(messages.map(({ message }) => message.case)).toEqual([
      'actionUpdate',
      'actionUpdate',
      'actionUpdate',
      'controlMessage',
    ])
    expect(messages.at(-1)?.message.value).toMatchObject({ sentinel: true })
    expect(updates[0]?.actionId?.run).toMatchObject(runIdOf('watch'))
  })

  it('answers the sentinel alone while there are no children', async () => {
    await service.makeRun('childless')
    const { messages } = await watched(service, 'childless')
    expect(messages.map(({ message }) => message.case)).toEqual(['controlMessage'])
  })

  it('says of a task the directory of its outputs, and of a trace the file', async () => {
    await service.makeRun('outputs')
    await service.actions.enqueue(child('outputs', 'reported'))
    await service.actions.enqueue(child('outputs', 'silent'))
    await service.actions.enqueue(child('outputs', 'traced', { spec: trace() }))
    const outputs = { outputUri: 's3://bucket/ab/outputs/reported/1/outputs.pb' }
    await service.internal.recordActionEvents({
      events: [{ id: actionId('outputs', 'reported'), attempt: 1, phase: 5, outputs }],
    })
    const { updates } = await watched(service, 'outputs')
    expect(Object.fromEntries(updates.map((one) => [one.actionId?.name, one.outputUri]))).toEqual({
      reported: 's3://bucket/ab/outputs/reported/1',
      silent: 's3://bucket/outputs/silent/1',
      traced: 's3://bucket/x/outputs.pb',
    })
  })

  it('says how a failed child failed, and nothing of one that is tried again', async () => {
    await service.makeRun('failures')
    const id = actionId('failures', 'failed')
    await service.actions.enqueue(child('failures', 'failed'))
    const event = { id, attempt: 1, phase: 6, errorInfo: { message: 'it broke', kind: 1 } }
    await service.internal.recordActionEvents({ events: [event] })
    await service.internal.updateActionStatus({ actionId: id, status: { phase: 6, attempts: 1 } })
    const [failed] = (await watched(service, 'failures')).updates
    expect(failed).toMatchObject({
      phase: 6,
      error: { code: 'UserError', message: 'it broke', kind: 1 },
    })
    await service.internal.updateActionStatus({ actionId: id, status: { phase: 1, attempts: 2 } })
    const [again] = (await watched(service, 'failures')).updates
    expect(again?.phase).toBe(1)
    expect(again?.error).toBeUndefined()
    expect(again?.outputUri).toBe('s3://bucket/failures/failed/2')
  })

  it('ends a condition that has waited too long', async () => {
    await service.makeRun('overdue')
    const spec = condition({ timeout: { seconds: 60n, nanos: 0 } })
    await service.actions.enqueue(child('overdue', 'approve', { spec }))
    service.setNow(NOW_MS + 59_999)
    expect((await watched(service, 'overdue')).updates[0]?.phase).toBe(9)
    service.setNow(NOW_MS + 60_000)
    const late = { actionId: actionId('overdue', 'approve'), parentActionName: 'a0', value: {} }
    await expect(service.actions.signal(late)).rejects.toMatchObject({ code: 9 })
    const [update] = (await watched(service, 'overdue')).updates
    expect(update).toMatchObject({ phase: 8, error: { kind: 1 } })
    expect(await service.details('overdue', 'approve')).toMatchObject({
      status: { phase: 8, durationMs: 60_000n },
    })
  })

  it('keeps the organization that it was asked with', async () => {
    await service.makeRun('org')
    await service.actions.enqueue(child('org', 'one'))
    const value = { run: { ...runIdOf('org'), org: 'acme' }, name: 'a0' }
    const answers = service.actions.watchForUpdates({ filter: { case: 'parentActionId', value } })
    for await (const { message } of answers) {
      if (message.case === 'actionUpdate') expect(message.value.actionId?.run?.org).toBe('acme')
    }
  })

  it('speaks Connect as the SDK does: gzip in every envelope, and exactly its content type', async () => {
    await service.makeRun('wire')
    await service.actions.enqueue(child('wire', 'one'))
    const filter = { case: 'parentActionId' as const, value: actionId('wire', 'a0') }
    const message = toBinary(
      WatchForUpdatesRequestSchema,
      create(WatchForUpdatesRequestSchema, { filter: filter as never }),
    )
    const answer = await callThrough(service.handler, {
      path: '/flyteidl2.actions.ActionsService/WatchForUpdates',
      access: 'internal',
      headers: {
        'content-type': 'application/connect+proto',
        'connect-protocol-version': '1',
        'connect-content-encoding': 'gzip',
        'connect-accept-encoding': 'gzip,identity',
        'x-actions-run': 'wire',
      },
      body: envelope(1, gzipSync(message)),
    })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/connect+proto')
    expect(answer.headers['content-encoding']).toBeUndefined()
    const parts = envelopes(answer.body)
    expect(parts.map(({ flags }) => flags & 2)).toEqual([0, 0, 2])
    const [first, second] = parts.map((part) =>
      part.flags & 1 ? gunzipSync(part.message) : Buffer.from(part.message),
    )
    expect(fromBinary(WatchForUpdatesResponseSchema, first as Buffer).message).toMatchObject({
      case: 'actionUpdate',
      value: { phase: 1 },
    })
    expect(fromBinary(WatchForUpdatesResponseSchema, second as Buffer).message.case).toBe('controlMessage')
  })

  it('speaks JSON too', async () => {
    await service.makeRun('json')
    await service.actions.enqueue(child('json', 'one'))
    expect(namesOf((await watched(service.clients({}, { json: true }), 'json')).updates)).toEqual(['one'])
  })

  it('says not_found for a parent or a run that there is none of', async () => {
    await service.makeRun('known')
    for (const [run, parent] of [
      ['known', 'nobody'],
      ['unknown', 'a0'],
    ] as const) {
      await expect(watched(service, run, parent)).rejects.toMatchObject({ code: 5 })
      expect(service.lastCall()?.outcome).toBe('parent_not_found')
    }
  })

  it('says invalid_argument without a parent', async () => {
    const answers = async () => {
      for await (const _ of service.actions.watchForUpdates({})) expect.unreachable()
    }
    await expect(answers()).rejects.toMatchObject({ code: 3 })
  })

  for (const outage of ['throttle', 'broken', 'hang-up'] as const) {
    it(`ends with unavailable while the database meets ${outage}`, async () => {
      await service.makeRun(`out-${outage}`)
      service.database.failWith(() => outage)
      await expect(watched(service, `out-${outage}`)).rejects.toMatchObject({ code: 14 })
    })
  }
})

describe('WatchForUpdates of more children than an answer holds', () => {
  const COUNT = 4_500

  beforeAll(async () => {
    await makeMany('large', COUNT)
  }, 120_000)

  it('stays far below what the load balancer passes on, and reads a bounded number of pages', async () => {
    service.database.forget()
    const { updates } = await watched(service, 'large')
    expect(updates.length).toBeGreaterThan(1_500)
    expect(updates.length).toBeLessThan(COUNT)
    expect(service.database.operations.length).toBeLessThanOrEqual(4)
  })

  it('has at once whatever changed last, in every answer', async () => {
    for (const name of ['m000000', 'm002222', 'm004499']) {
      service.setNow(NOW_MS + 1_000_000)
      const status = { phase: 5, attempts: 1 }
      await service.internal.updateActionStatus({ actionId: actionId('large', name), status })
      const { updates } = await watched(service, 'large')
      expect(updates.find(({ actionId: id }) => id?.name === name)?.phase).toBe(5)
      await watched(service, 'large')
    }
  })

  it('has at once whatever a person has aborted', async () => {
    service.runs.setNow(NOW_MS + 1_500_000)
    const ada = service.runs.clients(await service.runs.bearer('ada'))
    await ada.runs.abortAction({ actionId: actionId('large', 'm000007'), reason: 'too slow' })
    const { updates } = await watched(service, 'large')
    expect(updates[0]).toMatchObject({ actionId: { name: 'm000007' }, phase: 7 })
    service.runs.setNow(NOW_MS)
  })

  it('has every child within a few answers, and again within as many', async () => {
    for (let round = 0; round < 2; round += 1) {
      const seen = new Set<string>()
      for (let answers = 0; answers < 8; answers += 1) {
        for (const name of namesOf((await watched(service, 'large')).updates)) seen.add(name)
      }
      expect(seen.size).toBe(COUNT + 1)
    }
  })

  it('goes on while the children change between answers', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 10; i += 1) {
      service.setNow(NOW_MS + 2_000_000 + i)
      const status = { phase: 5, attempts: 1 }
      const name = `m${String(i * 300).padStart(6, '0')}`
      await service.internal.updateActionStatus({ actionId: actionId('large', name), status })
      for (const one of namesOf((await watched(service, 'large')).updates)) seen.add(one)
    }
    expect(seen.size).toBe(COUNT + 1)
  })

  it('cuts the messages of many errors, so that many failures fit', async () => {
    const message = 'why '.repeat(600)
    const errorInfo = toBinary(ErrorInfoSchema, create(ErrorInfoSchema, { message, kind: 1 }))
    await makeMany('failing', 1_000, { phase: 6, errorInfo })
    const { updates } = await watched(service, 'failing')
    expect(updates.length).toBeGreaterThan(500)
    expect(updates[0]?.error?.message).toBe(message)
    expect(updates[300]?.error?.message).toHaveLength(200)
    expect(updates[300]?.error?.message.endsWith('…')).toBe(true)
    const seen = new Set(namesOf(updates))
    for (const name of namesOf((await watched(service, 'failing')).updates)) seen.add(name)
    expect(seen.size).toBe(1_001)
  })
})
