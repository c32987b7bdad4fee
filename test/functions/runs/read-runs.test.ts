import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { create, toBinary } from '@bufbuild/protobuf'
import { ErrorInfoSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
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
beforeAll(async () => {
  service = await startRunsFunction()
  ada = service.clients(await service.bearer('ada'))
})
afterEach(() => {
  service.database.failWith(undefined)
  service.setNow(NOW_MS)
})
afterAll(() => service.close())

const a0 = (name: string) => ({ run: runIdOf(name), name: 'a0' })
const seconds = (ms: number) => expect.objectContaining({ seconds: BigInt(ms / 1000) })

/** Changes what is stored of a run, as what executes it would. */
async function change(name: string, expression: string, values: UpdateValues): Promise<void> {
  await service.database.client.send(
    new UpdateItemCommand({
      TableName: RUNS_TABLE,
      Key: { pk: { S: `RUN#flytesnacks#development#${name}` }, sk: { S: 'ACTION#a0' } },
      UpdateExpression: expression,
      ExpressionAttributeValues: values,
    }),
  )
}
type UpdateValues = NonNullable<
  ConstructorParameters<typeof UpdateItemCommand>[0]['ExpressionAttributeValues']
>

describe('GetRunDetails', () => {
  it('has the whole of a new run', async () => {
    await ada.runs.createRun({
      id: named('details'),
      task: byTaskSpec(),
      runSpec: { cluster: 'blue' },
      source: 1,
    })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('details') })
    expect(details).toMatchObject({
      runSpec: { cluster: 'blue' },
      action: {
        id: { name: 'a0', run: runIdOf('details') },
        metadata: { source: 1, environmentName: 'env', parent: '' },
        status: { phase: 1, attempts: 1, startTime: seconds(NOW_MS) },
        result: { case: undefined },
        spec: { case: 'task', value: { shortName: 'main' } },
        attempts: [{ attempt: 1, phase: 1, startTime: seconds(NOW_MS) }],
      },
    })
  })

  it('has an empty run spec for a run that came without one', async () => {
    await ada.runs.createRun({ id: named('no-spec'), task: byTaskSpec() })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('no-spec') })
    expect(details?.runSpec).toMatchObject({ cluster: '' })
  })

  it('says how a failed run failed, and where a finished one left its outputs', async () => {
    await ada.runs.createRun({ id: named('failed'), task: byTaskSpec() })
    const error = toBinary(ErrorInfoSchema, create(ErrorInfoSchema, { message: 'it broke', kind: 1 }))
    await change('failed', 'SET phase = :p, endTime = :e, errorInfo = :i, outputsUri = :o', {
      ':p': { N: '6' },
      ':e': { N: String(NOW_MS + 5000) },
      ':i': { B: error },
      ':o': { S: 's3://bucket/outputs.pb' },
    })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('failed') })
    expect(details?.action).toMatchObject({
      result: { case: 'errorInfo', value: { message: 'it broke', kind: 1 } },
      status: { phase: 6, endTime: seconds(NOW_MS + 5000), durationMs: 5000n },
      attempts: [{ errorInfo: { message: 'it broke' }, outputs: { outputUri: 's3://bucket/outputs.pb' } }],
    })
    const uris = await ada.runs.getActionDataURIs({ actionId: a0('failed') })
    expect(uris.outputsUri).toBe('s3://bucket/outputs.pb')
  })

  const unreadable: [string, Uint8Array][] = [
    ['cannot be read', new Uint8Array([0xff, 0xff, 0xff])],
    ['are cut short', new Uint8Array([0x0a, 0x10, 0x0a])],
    ['name nobody', new Uint8Array([])],
  ]
  for (const [i, [title, bytes]] of unreadable.entries()) {
    it(`names nobody for a run whose identity bytes ${title}`, async () => {
      const name = `unreadable-${i}`
      await ada.runs.createRun({ id: named(name), task: byTaskSpec() })
      await change(name, 'SET executedBy = :b', { ':b': { B: bytes } })
      const { details } = await ada.runs.getRunDetails({ runId: runIdOf(name) })
      expect(details?.action?.metadata).toBeDefined()
      expect(details?.action?.metadata?.executedBy).toBeUndefined()
    })
  }

  it('says not_found for a run that there is none of', async () => {
    await expect(ada.runs.getRunDetails({ runId: runIdOf('nothing') })).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('run_not_found')
  })

  it('says invalid_argument without a run id', async () => {
    await expect(ada.runs.getRunDetails({})).rejects.toMatchObject({ code: 3 })
  })

  it('says unavailable while the database is', async () => {
    service.database.failWith(() => 'hang-up')
    await expect(ada.runs.getRunDetails({ runId: runIdOf('details') })).rejects.toMatchObject({ code: 14 })
  })

  it('shows a run to everybody who may call', async () => {
    const grace = service.clients(await service.bearer('grace'))
    const { details } = await grace.runs.getRunDetails({ runId: runIdOf('details') })
    expect(details?.action?.metadata?.executedBy?.principal).toMatchObject({
      value: { id: { subject: 'ada' } },
    })
  })
})

describe('GetActionDetails and GetActionDataURIs', () => {
  it('have the root action of a run', async () => {
    await ada.runs.createRun({ id: named('action'), task: byTaskSpec() })
    const { details } = await ada.runs.getActionDetails({ actionId: a0('action') })
    expect(details).toMatchObject({ id: { name: 'a0' }, spec: { case: 'task' }, status: { attempts: 1 } })
  })

  it('say not_found for another action, and for another run', async () => {
    for (const actionId of [{ run: runIdOf('action'), name: 'a1' }, a0('nothing')]) {
      await expect(ada.runs.getActionDetails({ actionId })).rejects.toMatchObject({ code: 5 })
      await expect(ada.runs.getActionDataURIs({ actionId })).rejects.toMatchObject({ code: 5 })
      expect(service.lastCall()?.outcome).toBe('action_not_found')
    }
  })

  it('say invalid_argument without an id', async () => {
    await expect(ada.runs.getActionDetails({})).rejects.toMatchObject({ code: 3 })
    await expect(ada.runs.getActionDataURIs({ actionId: { name: 'a0' } })).rejects.toMatchObject({ code: 3 })
  })
})

describe('AbortRun and AbortAction', () => {
  it('end a run, with a reason and who gave it', async () => {
    await ada.runs.createRun({ id: named('aborted'), task: byTaskSpec() })
    service.setNow(NOW_MS + 1500)
    await ada.runs.abortRun({ runId: runIdOf('aborted'), reason: 'wrong inputs' })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('aborted') })
    expect(details?.action).toMatchObject({
      status: { phase: 7, durationMs: 1500n },
      result: {
        case: 'abortInfo',
        value: {
          reason: 'wrong inputs',
          abortedBy: { principal: { value: { spec: { firstName: 'Ada' } } } },
        },
      },
    })
  })

  it('change nothing about a run that has ended', async () => {
    const grace = service.clients(await service.bearer('grace'))
    await grace.runs.abortRun({ runId: runIdOf('aborted'), reason: 'me too' })
    await grace.runs.abortAction({ actionId: a0('aborted'), reason: 'me too' })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('aborted') })
    expect(details?.action?.result).toMatchObject({ value: { reason: 'wrong inputs' } })
  })

  it('end the root action, which is the run', async () => {
    await ada.runs.createRun({ id: named('aborted-action'), task: byTaskSpec() })
    await ada.runs.abortAction({ actionId: a0('aborted-action') })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('aborted-action') })
    expect(details?.action).toMatchObject({ status: { phase: 7 }, result: { case: 'abortInfo' } })
  })

  it('give a reason where none was sent, and cut an endless one', async () => {
    await ada.runs.createRun({ id: named('endless'), task: byTaskSpec() })
    await ada.runs.abortRun({ runId: runIdOf('endless'), reason: 'x'.repeat(100_000) })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('endless') })
    const result = details?.action?.result
    expect(result?.case === 'abortInfo' && result.value.reason.length).toBe(4000)
  })

  it('say not_found for what there is none of, and make nothing', async () => {
    await expect(ada.runs.abortRun({ runId: runIdOf('nothing') })).rejects.toMatchObject({ code: 5 })
    await expect(ada.runs.abortAction({ actionId: a0('nothing') })).rejects.toMatchObject({ code: 5 })
    await expect(ada.runs.getRunDetails({ runId: runIdOf('nothing') })).rejects.toMatchObject({ code: 5 })
  })
})

describe('UserInfo', () => {
  it('is what a run records, for a bearer token', async () => {
    const info = await ada.identity.userInfo({})
    expect(info).toMatchObject({
      subject: 'ada',
      name: 'Ada Lovelace',
      givenName: 'Ada',
      familyName: 'Lovelace',
      email: 'ada@example.com',
    })
    const { run } = await ada.runs.createRun({ id: named('whoami'), task: byTaskSpec() })
    expect(run?.action?.metadata?.executedBy?.principal).toMatchObject({
      value: { id: { subject: info.subject }, spec: { firstName: info.givenName, email: info.email } },
    })
  })

  it('is what a run records, for a person whom the load balancer signed in', async () => {
    const data = service.region.data({ sub: 'grace', given_name: 'Grace', email: 'grace@example.com' })
    const grace = service.clients({ 'x-amzn-oidc-data': data }, { access: 'oidc' })
    const info = await grace.identity.userInfo({})
    expect(info).toMatchObject({ subject: 'grace', givenName: 'Grace', email: 'grace@example.com' })
    const { run } = await grace.runs.createRun({ id: named('whoami-alb'), task: byTaskSpec() })
    expect(run?.action?.metadata?.executedBy?.principal).toMatchObject({
      value: { id: { subject: info.subject }, spec: { firstName: info.givenName, email: info.email } },
    })
  })

  it('is refused to nobody', async () => {
    await expect(service.clients({}).identity.userInfo({})).rejects.toMatchObject({ code: 16 })
  })

  it('believes no identity header on a way in that anybody can use', async () => {
    const data = service.region.data({ sub: 'grace' })
    const headers = { 'x-amzn-oidc-data': data, 'x-amzn-oidc-identity': 'grace' }
    await expect(service.clients(headers).identity.userInfo({})).rejects.toMatchObject({ code: 16 })
  })
})
