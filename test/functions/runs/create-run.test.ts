import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { CreateRunRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDynamoDbTaskStore } from '../../../functions/shared/stores/dynamodb/task-store.ts'
import { callThrough, type SentHeaders } from '../../support/alb-event.ts'
import { type Fault, RUNS_TABLE } from '../../support/dynamodb.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { memoryObjectStore } from '../../support/memory-object-store.ts'
import {
  byTaskSpec,
  type Clients,
  named,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
  taskSpec,
  unnamed,
} from './runs-function.ts'

let service: RunsFunction
let ada: Clients
let adaHeaders: SentHeaders

beforeAll(async () => {
  service = await startRunsFunction()
  adaHeaders = await service.bearer('ada')
  ada = service.clients(adaHeaders)
})
beforeEach(() => {
  service.setNow(NOW_MS)
  service.database.forget()
})
afterEach(() => service.database.failWith(undefined))
afterAll(() => service.close())

const withRequestId = (id: string, headers = adaHeaders) =>
  service.clients({ ...headers, 'x-request-id': id })
const adaLovelace = {
  case: 'user',
  value: {
    id: { subject: 'ada' },
    spec: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
  },
}

describe('CreateRun', () => {
  it('answers with what the client goes on with', async () => {
    const { run } = await ada.runs.createRun({ id: named('answered'), task: byTaskSpec() })
    expect(run?.action).toMatchObject({
      id: { name: 'a0', run: runIdOf('answered') },
      metadata: {
        actionType: 1,
        executedBy: { principal: adaLovelace },
        spec: {
          case: 'task',
          value: {
            id: { project: 'flytesnacks', domain: 'development', name: 'env.main', version: 'v1' },
            taskType: 'python',
            shortName: 'main',
          },
        },
        environmentName: 'env',
        funtionName: 'env.main',
      },
      status: { phase: 1, attempts: 1, startTime: { seconds: BigInt(NOW_MS / 1000) } },
    })
  })

  it('records who started the run: a bearer token with only a subject gets its name from userinfo', async () => {
    await ada.runs.createRun({ id: named('by-bearer'), task: byTaskSpec() })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('by-bearer') })
    expect(details?.action?.metadata?.executedBy).toMatchObject({ principal: adaLovelace })
  })

  it('records who started the run: a person whom the load balancer signed in', async () => {
    const data = service.region.data({
      sub: 'grace',
      given_name: 'Grace',
      family_name: 'Hopper',
      email: 'grace@example.com',
    })
    const grace = service.clients({ 'x-amzn-oidc-data': data }, { access: 'oidc' })
    await grace.runs.createRun({ id: named('by-browser'), task: byTaskSpec() })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('by-browser') })
    expect(details?.action?.metadata?.executedBy?.principal).toMatchObject({
      case: 'user',
      value: { id: { subject: 'grace' }, spec: { firstName: 'Grace', lastName: 'Hopper' } },
    })
  })

  it('records an application that calls for itself as one', async () => {
    const reporter = service.clients(await service.bearer('reporter', { client_id: 'reporter' }))
    await reporter.runs.createRun({ id: named('by-application'), task: byTaskSpec() })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('by-application') })
    expect(details?.action?.metadata?.executedBy?.principal).toMatchObject({
      case: 'application',
      value: { id: { subject: 'reporter' } },
    })
  })

  it('generates a name that is a DNS label', async () => {
    const { run } = await ada.runs.createRun({ id: unnamed, task: byTaskSpec() })
    expect(run?.action?.id?.run?.name).toMatch(/^r[bcdfghjklmnpqrstvwxz2456789]{19}$/)
  })

  it('generates another name for every call', async () => {
    const calls = [1, 2, 3].map(() => ada.runs.createRun({ id: unnamed, task: byTaskSpec() }))
    const names = (await Promise.all(calls)).map(({ run }) => run?.action?.id?.run?.name)
    expect(new Set(names).size).toBe(3)
  })

  it('returns the organization that was sent, and keys nothing on it', async () => {
    const id = { case: 'runId' as const, value: { ...runIdOf('with-org'), org: 'acme' } }
    const { run } = await ada.runs.createRun({ id, task: byTaskSpec() })
    expect(run?.action?.id?.run?.org).toBe('acme')
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('with-org') })
    expect(details?.action?.id?.run?.org).toBe('')
  })

  it('stores the task spec once and the run with one write', async () => {
    const task = byTaskSpec({ shortName: 'once' })
    await ada.runs.createRun({ id: named('spec-1'), task })
    service.database.forget()
    await ada.runs.createRun({ id: named('spec-2'), task })
    expect(service.database.operations).toEqual(['PutItem'])
  })

  it('keeps fields of the task spec and the run spec that it does not know', async () => {
    const unknown = [{ no: 4000, wireType: 2, data: new Uint8Array([3, 110, 101, 119]) }]
    const task = byTaskSpec({ shortName: 'newer' })
    task.value.$unknown = unknown
    const request = {
      id: named('newer'),
      task,
      runSpec: Object.assign(create(RunSpecSchema, { cluster: 'blue' }), { $unknown: unknown }),
    }
    await ada.runs.createRun(request)
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('newer') })
    expect(details?.runSpec).toMatchObject({ cluster: 'blue', $unknown: unknown })
    const spec = details?.action?.spec
    expect(spec?.case === 'task' && toBinary(TaskSpecSchema, spec.value)).toEqual(
      toBinary(TaskSpecSchema, task.value),
    )
  })

  it('takes JSON as well as protobuf', async () => {
    const { runs } = service.clients(adaHeaders, { json: true })
    const { run } = await runs.createRun({ id: named('in-json'), task: byTaskSpec() })
    expect(run?.action?.id?.run?.name).toBe('in-json')
  })

  it('makes a run in a project that was created', async () => {
    await ada.projects.createProject({ project: { id: 'made', name: 'Made' } })
    const id = { case: 'runId' as const, value: { ...runIdOf('in-made'), project: 'made' } }
    const { run } = await ada.runs.createRun({ id, task: byTaskSpec() })
    expect(run?.action?.id?.run?.project).toBe('made')
  })
})

describe('CreateRun, the task', () => {
  const task = { project: 'flytesnacks', domain: 'development', name: 'env.deployed', version: 'v7' }
  const spec = () =>
    taskSpec({
      shortName: 'deployed',
      defaultInputs: [
        {
          name: 'x',
          parameter: { behavior: { case: 'default', value: { value: { case: 'scalar', value: {} } } } },
        },
      ],
    })

  beforeAll(async () => {
    const tasks = createDynamoDbTaskStore({
      client: service.database.client,
      tableName: RUNS_TABLE,
      objects: memoryObjectStore().store,
      storagePrefix: 's3://bucket',
    })
    await tasks.putSpec('deployed-digest', toBinary(TaskSpecSchema, spec()))
    const described = { ...task, type: 'python', shortName: 'deployed', environmentName: 'env' }
    await tasks.putTask({ task: described, specDigest: 'deployed-digest' })
  })

  it('can be a deployed one', async () => {
    await ada.runs.createRun({ id: named('deployed'), task: { case: 'taskId', value: { ...task, org: '' } } })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('deployed') })
    expect(details?.action?.spec).toMatchObject({ case: 'task', value: { shortName: 'deployed' } })
    expect(details?.action?.metadata?.spec).toMatchObject({ value: { id: task } })
  })

  it('has its default inputs where the request leaves some out', async () => {
    await ada.runs.createRun({ id: named('defaults'), task: { case: 'taskId', value: { ...task, org: '' } } })
    const { inputsUri } = await ada.runs.getActionDataURIs({
      actionId: { run: runIdOf('defaults'), name: 'a0' },
    })
    const inputs = fromBinary(InputsSchema, service.objects.get(inputsUri) ?? new Uint8Array())
    expect(inputs.literals.map(({ name }) => name)).toEqual(['x'])
  })

  it('is refused if it was not deployed', async () => {
    const value = { ...task, version: 'v8', org: '' }
    const call = ada.runs.createRun({ id: named('undeployed'), task: { case: 'taskId', value } })
    await expect(call).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('task_not_found')
  })

  it('cannot be a trigger that is not there', async () => {
    const value = {
      org: '',
      project: 'flytesnacks',
      domain: 'development',
      name: 'nightly',
      taskName: 'env.main',
    }
    const call = ada.runs.createRun({ id: named('triggered'), task: { case: 'triggerName', value } })
    await expect(call).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('trigger_not_found')
  })

  it('may be larger than an item of the database', async () => {
    const args = Array.from({ length: 4000 }, (_, i) => `${i}`.padStart(100, 'x'))
    const large = byTaskSpec({
      taskTemplate: { type: 'python', target: { case: 'container', value: { image: 'i', args } } },
    })
    await ada.runs.createRun({ id: named('large-spec'), task: large })
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('large-spec') })
    const stored = details?.action?.spec
    expect(stored?.case === 'task' && toBinary(TaskSpecSchema, stored.value)).toEqual(
      toBinary(TaskSpecSchema, large.value),
    )
  })
})

describe('CreateRun, the inputs', () => {
  const urisOf = (name: string) =>
    ada.runs.getActionDataURIs({ actionId: { run: runIdOf(name), name: 'a0' } })

  it('are taken from where they were uploaded', async () => {
    const value = { uri: 's3://bucket/uploaded/', inputsHash: 'hash' }
    const inputWrapper = { case: 'offloadedInputData' as const, value }
    await ada.runs.createRun({ id: named('offloaded'), task: byTaskSpec(), inputWrapper })
    expect(await urisOf('offloaded')).toMatchObject({
      inputsUri: 's3://bucket/uploaded/inputs.pb',
      outputsUri: '',
    })
  })

  it('are written to the bucket when they are sent along, with fields that are not known', async () => {
    const unknown = [{ no: 4000, wireType: 2, data: new Uint8Array([1, 120]) }]
    const inputs = create(InputsSchema, { context: [{ key: 'k', value: 'v' }] })
    const value = Object.assign(inputs, { $unknown: unknown })
    await ada.runs.createRun({
      id: named('inline'),
      task: byTaskSpec(),
      inputWrapper: { case: 'inputs', value },
    })
    const { inputsUri } = await urisOf('inline')
    expect(inputsUri).toMatch(
      /^s3:\/\/bucket\/prefix\/flytesnacks\/development\/offloaded-inputs\/[\w-]{43}\/inputs\.pb$/,
    )
    const stored = fromBinary(InputsSchema, service.objects.get(inputsUri) ?? new Uint8Array())
    expect(stored).toMatchObject({ context: [{ key: 'k', value: 'v' }], $unknown: unknown })
  })

  it('of another run are not overwritten by a request that is refused', async () => {
    const send = (value: string) =>
      ada.runs.createRun({
        id: named('kept-inputs'),
        task: byTaskSpec(),
        inputWrapper: { case: 'inputs', value: { context: [{ key: 'k', value }] } },
      })
    await send('first')
    const { inputsUri } = await urisOf('kept-inputs')
    await expect(send('second')).rejects.toMatchObject({ code: 6 })
    const inputs = fromBinary(InputsSchema, service.objects.get(inputsUri) ?? new Uint8Array())
    expect(inputs.context[0]?.value).toBe('first')
  })

  it('leave nothing in the bucket when there are none', async () => {
    service.objects.clear()
    await ada.runs.createRun({ id: named('no-inputs'), task: byTaskSpec() })
    expect(service.objects.size).toBe(0)
    expect((await urisOf('no-inputs')).inputsUri).toBe('')
  })
})

describe('CreateRun, more than once', () => {
  it('makes one run of a request and its retry', async () => {
    const retrying = withRequestId('11111111-2222-4333-8444-555555555555')
    const first = await retrying.runs.createRun({ id: unnamed, task: byTaskSpec() })
    service.setNow(NOW_MS + 5000)
    const second = await retrying.runs.createRun({ id: unnamed, task: byTaskSpec() })
    expect(second).toEqual(first)
    const { runs } = await ada.runs.listRuns({
      scopeBy: { case: 'projectId', value: { ...unnamed.value } },
      request: { limit: 200 },
    })
    const name = first.run?.action?.id?.run?.name
    expect(runs.filter(({ action }) => action?.id?.run?.name === name)).toHaveLength(1)
  })

  it('makes one run of a request and its retry that arrive at once', async () => {
    const retrying = withRequestId('at-once')
    const [first, second] = await Promise.all([
      retrying.runs.createRun({ id: unnamed, task: byTaskSpec() }),
      retrying.runs.createRun({ id: unnamed, task: byTaskSpec() }),
    ])
    expect(first.run?.action?.id).toEqual(second.run?.action?.id)
  })

  it('makes one named run of a request and its retry', async () => {
    const retrying = withRequestId('named-retry')
    const first = await retrying.runs.createRun({ id: named('retried'), task: byTaskSpec() })
    const second = await retrying.runs.createRun({ id: named('retried'), task: byTaskSpec() })
    expect(second).toEqual(first)
  })

  it('finds the run of a call whose answer was lost', async () => {
    const retrying = withRequestId('lost-answer')
    service.database.failWith((operation, body) =>
      operation === 'PutItem' && body.includes('ACTION#') ? 'lost-answer' : undefined,
    )
    const lost = retrying.runs.createRun({ id: named('lost-answer'), task: byTaskSpec() })
    await expect(lost).rejects.toMatchObject({ code: 14 })
    service.database.failWith(undefined)
    const { run } = await retrying.runs.createRun({ id: named('lost-answer'), task: byTaskSpec() })
    expect(run?.action?.id?.run?.name).toBe('lost-answer')
  })

  it('makes another run for the same request id with other contents', async () => {
    const retrying = withRequestId('reused')
    const first = await retrying.runs.createRun({ id: unnamed, task: byTaskSpec() })
    const second = await retrying.runs.createRun({
      id: unnamed,
      task: byTaskSpec(),
      runSpec: { cluster: 'x' },
    })
    expect(second.run?.action?.id).not.toEqual(first.run?.action?.id)
  })

  it("makes another run for somebody else's request with the same id", async () => {
    const grace = withRequestId('shared', await service.bearer('grace'))
    const first = await withRequestId('shared').runs.createRun({ id: unnamed, task: byTaskSpec() })
    const second = await grace.runs.createRun({ id: unnamed, task: byTaskSpec() })
    expect(second.run?.action?.id).not.toEqual(first.run?.action?.id)
  })

  const second: [string, () => Clients | Promise<Clients>][] = [
    ['another request', () => ada],
    ['a request with another id', () => withRequestId('second')],
    [
      "somebody else's request with the same id",
      async () => withRequestId('first', await service.bearer('grace')),
    ],
  ]
  for (const [i, [title, clientsOf]] of second.entries()) {
    it(`refuses a name that is taken, in ${title}`, async () => {
      const id = named(`taken-${i}`)
      await withRequestId('first').runs.createRun({ id, task: byTaskSpec() })
      const clients = await clientsOf()
      await expect(clients.runs.createRun({ id, task: byTaskSpec() })).rejects.toMatchObject({ code: 6 })
      expect(service.lastCall()?.outcome).toBe('run_exists')
    })
  }

  it('makes one of two different runs that are created at once under one name', async () => {
    const calls = ['left', 'right'].map((cluster) =>
      ada.runs.createRun({ id: named('contested'), task: byTaskSpec(), runSpec: { cluster } }).then(
        () => cluster,
        (error: { code: number }) => error.code,
      ),
    )
    const outcomes = await Promise.all(calls)
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('contested') })
    expect(outcomes).toContain(details?.runSpec?.cluster)
    expect(outcomes).toContain(6)
  })
})

describe('CreateRun, refused', () => {
  type Row = [string, Parameters<Clients['runs']['createRun']>[0], number, string]
  const rows: Row[] = [
    ['a name in upper case', { id: named('Upper'), task: byTaskSpec() }, 3, 'request_invalid'],
    ['a name that starts with a digit', { id: named('1st'), task: byTaskSpec() }, 3, 'request_invalid'],
    ['a name that ends with a dash', { id: named('end-'), task: byTaskSpec() }, 3, 'request_invalid'],
    ['a name with a hash sign', { id: named('a#b'), task: byTaskSpec() }, 3, 'request_invalid'],
    ['a name of 31 characters', { id: named('a'.repeat(31)), task: byTaskSpec() }, 3, 'request_invalid'],
    ['an empty name', { id: named(''), task: byTaskSpec() }, 3, 'request_invalid'],
    ['no id', { task: byTaskSpec() }, 3, 'request_invalid'],
    ['no task', { id: unnamed }, 3, 'request_invalid'],
    [
      'a domain that is not configured',
      { id: { case: 'projectId', value: { ...unnamed.value, domain: 'moon' } }, task: byTaskSpec() },
      3,
      'request_invalid',
    ],
    [
      'a project that there is none of',
      { id: { case: 'projectId', value: { ...unnamed.value, name: 'nothing' } }, task: byTaskSpec() },
      5,
      'project_not_found',
    ],
    [
      'a run spec that an item cannot hold',
      { id: unnamed, task: byTaskSpec(), runSpec: { annotations: { values: { a: 'x'.repeat(400_000) } } } },
      11,
      'request_too_large',
    ],
  ]
  for (const [title, request, code, reason] of rows) {
    it(`refuses ${title}, and writes nothing`, async () => {
      service.database.forget()
      await expect(ada.runs.createRun(request)).rejects.toMatchObject({ code })
      expect(service.lastCall()?.outcome).toBe(reason)
      expect(service.database.operations).not.toContain('PutItem')
    })
  }

  it('refuses a caller without a credential, and says where to get one', async () => {
    const path = '/flyteidl2.workflow.RunService/CreateRun'
    const answer = await callThrough(service.handler, {
      path,
      headers: { 'content-type': 'application/proto' },
      body: new Uint8Array([1]),
    })
    expect(answer.status).toBe(401)
    expect(answer.json()).toMatchObject({ code: 'unauthenticated' })
    expect(answer.headers['www-authenticate']).toContain(
      'resource_metadata="https://flyte.example.com/.well-known/oauth-protected-resource"',
    )
  })
})

describe('CreateRun, with bytes that are no request', () => {
  const path = '/flyteidl2.workflow.RunService/CreateRun'
  const valid = toBinary(CreateRunRequestSchema, {
    $typeName: 'flyteidl2.workflow.CreateRunRequest',
    id: { case: undefined },
    task: byTaskSpec(),
    inputWrapper: { case: undefined },
    source: 0,
  })
  const rows: [string, string, Uint8Array | string][] = [
    ['truncated protobuf', 'application/proto', valid.subarray(0, valid.length - 3)],
    ['a wrong wire type', 'application/proto', new Uint8Array([0x0d, 1, 2, 3, 4, 0x18, 0x01, 0x1d, 1])],
    ['a string that is no UTF-8', 'application/proto', new Uint8Array([0x32, 4, 0x12, 2, 0xff, 0xfe])],
    ['JSON that is cut short', 'application/json', '{"taskSpec": {"shortName": '],
    ['JSON with a wrong type', 'application/json', '{"taskSpec": {"shortName": 7}}'],
    ['JSON that is a list', 'application/json', '[]'],
    ['JSON that is no UTF-8', 'application/json', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22])],
    ['two members of a oneof', 'application/json', '{"runId": {}, "projectId": {}}'],
  ]
  for (const [title, type, body] of rows) {
    it(`refuses ${title} with invalid_argument, and quotes none of it`, async () => {
      const headers = { ...adaHeaders, 'content-type': type, 'connect-protocol-version': '1' }
      const answer = await callThrough(service.handler, { path, headers, body })
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ code: 'invalid_argument' })
      expect(answer.text).not.toContain('shortName')
      expect(service.database.operations).toEqual([])
    })
  }
})

describe('CreateRun, when something it depends on fails', () => {
  const faults: [Fault, string][] = [
    ['throttle', 'store_throttled'],
    ['broken', 'store_unavailable'],
    ['hang-up', 'store_unavailable'],
  ]
  for (const [fault, reason] of faults) {
    for (const written of ['TASKSPEC#', 'ACTION#']) {
      it(`says unavailable when writing ${written} meets ${fault}, and the next try makes the run`, async () => {
        const name = `fails-${fault}-${written === 'ACTION#' ? 'run' : 'spec'}`
        const request = { id: named(name), task: byTaskSpec({ shortName: name }) }
        service.database.failWith((operation, body) =>
          operation === 'PutItem' && body.includes(written) ? fault : undefined,
        )
        await expect(ada.runs.createRun(request)).rejects.toMatchObject({ code: 14 })
        expect(service.lastCall()?.outcome).toBe(reason)
        await expect(ada.runs.getRunDetails({ runId: runIdOf(name) })).rejects.toMatchObject({ code: 5 })
        service.database.failWith(undefined)
        const { run } = await ada.runs.createRun(request)
        expect(run?.action?.id?.run?.name).toBe(name)
      })
    }
  }

  it('makes the run without a name when userinfo is down', async () => {
    const before = service.issuer.answers.userinfo
    service.issuer.answers.userinfo = (_request, response) => void response.writeHead(503).end()
    const lin = service.clients(await service.bearer('lin'))
    await lin.runs.createRun({ id: named('nameless'), task: byTaskSpec() })
    service.issuer.answers.userinfo = before
    const { details } = await ada.runs.getRunDetails({ runId: runIdOf('nameless') })
    expect(details?.action?.metadata?.executedBy?.principal).toMatchObject({
      case: 'user',
      value: { id: { subject: 'lin' }, spec: { firstName: '', email: '' } },
    })
  })
})

describe('what is stored of a run', () => {
  it('is protobuf as bytes, and the owner as plain attributes', async () => {
    await ada.runs.createRun({ id: named('stored'), task: byTaskSpec(), runSpec: { cluster: 'blue' } })
    const { Item: item } = await service.database.client.send(
      new GetItemCommand({
        TableName: RUNS_TABLE,
        Key: { pk: { S: 'RUN#flytesnacks#development#stored' }, sk: { S: 'ACTION#a0' } },
      }),
    )
    expect(item).toMatchObject({
      ownerSubject: { S: 'ada' },
      ownerIssuer: { S: service.issuer.issuer },
      phase: { N: '1' },
      projectKey: { S: 'flytesnacks#development' },
    })
    expect(fromBinary(RunSpecSchema, item?.runSpec?.B ?? new Uint8Array())).toMatchObject({ cluster: 'blue' })
  })
})
