/**
 * ListRuns, GetRunDetails, WatchActionDetails and Enqueue from event to result, with stores that hand out what is in
 * memory and a caller who is known already, against the least that any implementation has to do with protobuf: decode
 * the request and what is stored, and encode the answer.
 *
 * Prints JSON to the file named by the first argument; what the functions log goes to standard output, as in Lambda.
 */
import { writeFileSync } from 'node:fs'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  EnqueueRequestSchema,
  EnqueueResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { EnrichedIdentitySchema } from '@flyteorg/flyteidl2/flyteidl2/common/identity_pb.ts'
import { RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import {
  CreateRunRequestSchema,
  GetRunDetailsRequestSchema,
  GetRunDetailsResponseSchema,
  ListRunsRequestSchema,
  ListRunsResponseSchema,
  WatchActionDetailsRequestSchema,
  WatchActionDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { ALBEvent } from 'aws-lambda'
import { createActionsApp } from '../../functions/actions/app.ts'
import { createRunsApp } from '../../functions/runs/app.ts'
import { callerKey } from '../../functions/shared/identity/caller-gate.ts'
import { type AlbHandler, createLambdaHandler } from '../../functions/shared/lambda.ts'
import type { StoredAction } from '../../functions/shared/stores/action-store.ts'
import { createTelemetry } from '../../functions/shared/telemetry.ts'
import { ISSUER, SUBJECT } from './credentials.ts'
import { median } from './figures.ts'
import { nullRunsDeps } from './null-stores.ts'
import { createRunBytes, rpcEvent } from './requests.ts'
import { benchSettings } from './settings.ts'

const ROUNDS = 40
const CALLS_A_ROUND = 100
const WARM_UP_CALLS = 2_000
const PAGE = 50

const { task: sentTask, runSpec } = fromBinary(CreateRunRequestSchema, createRunBytes)
if (sentTask.case !== 'taskSpec' || runSpec === undefined) throw new Error('the request is another one')
const taskSpecBytes = toBinary(TaskSpecSchema, sentTask.value)
const runSpecBytes = toBinary(RunSpecSchema, runSpec)
const executedBy = toBinary(
  EnrichedIdentitySchema,
  create(EnrichedIdentitySchema, {
    principal: {
      case: 'user',
      value: {
        id: { subject: SUBJECT },
        spec: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com', userHandle: 'ada' },
      },
    },
  }),
)

const PLACE = { project: 'flytesnacks', domain: 'development' }
const ORG = 'example'
const runId = (name: string) => ({ org: ORG, ...PLACE, name })

function storedRun(name: string): StoredAction {
  const atMs = 1_790_000_000_000
  return {
    key: { ...PLACE, name },
    ...{ action: 'a0', phase: 5, attempts: 1, source: 1 },
    ...{ createdAtMs: atMs, updatedAtMs: atMs, startedAtMs: atMs, endedAtMs: atMs + 60_000 },
    task: {
      ...PLACE,
      name: 'hello.main',
      version: 'v1',
      type: 'python',
      shortName: 'main',
      environmentName: 'hello',
    },
    owner: { issuer: ISSUER, subject: SUBJECT },
    executedBy,
    runSpec: runSpecBytes,
    ...{
      taskSpecDigest: 'digest',
      inputsUri: 's3://bucket/inputs.pb',
      inputsHash: 'hash',
      requestDigest: '',
    },
    ...{ outputsUri: 's3://bucket/outputs.pb', abort: undefined, errorInfo: undefined },
    ...{ kind: 1, parent: '', group: '', outputBase: '', cacheKey: '', cluster: '' },
    ...{ detail: undefined, timesOutAtMs: undefined, value: undefined, state: undefined, attemptRecords: [] },
  }
}

const found = storedRun('r1')
const listed = Array.from({ length: PAGE }, (_, i) => storedRun(`r${i}`))

function runsHandler(): AlbHandler {
  const deps = nullRunsDeps()
  const caller = {
    ...{ kind: 'user' as const, issuer: ISSUER, subject: SUBJECT, clientId: 'flytectl', scopes: [] },
    ...{ profile: {}, source: 'bearer' as const, expiresAtEpochSeconds: undefined },
  }
  const app = createRunsApp({
    ...deps,
    gate: async (context) => void context.values.set(callerKey, { caller, bearer: undefined }),
    enrich: async (resolved) => resolved.caller,
    runs: { ...deps.runs, list: async () => ({ runs: listed, next: 'somewhere' }) },
    actions: { ...deps.actions, find: async () => found },
    tasks: { ...deps.tasks, findSpec: async () => taskSpecBytes },
  })
  return createLambdaHandler({ app, telemetry: createTelemetry(), tracing: false })
}

function actionsHandler(): AlbHandler {
  const deps = nullRunsDeps()
  const unused = async () => {
    throw new TypeError('Enqueue does not ask for this')
  }
  const app = createActionsApp({
    authorizedUris: benchSettings().authorizedUris,
    resolveCaller: async () => undefined,
    tasks: deps.tasks,
    now: deps.now,
    actions: {
      ...{ changeStatus: unused, recordAttempt: unused, abort: unused, signal: unused, children: unused },
      ...{ pausedRuns: unused, findTurn: unused, keepTurn: unused },
      create: async () => ({ created: true }),
      find: async () => ({ ...found, phase: 4, endedAtMs: undefined }),
    },
  })
  return createLambdaHandler({ app, telemetry: createTelemetry(), tracing: false })
}

/** One message of a stream as it is sent. */
function envelope(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

interface Case {
  readonly handler: AlbHandler
  readonly event: ALBEvent
  readonly floor: () => void
}

const RUNS = '/flyteidl2.workflow.RunService'

function eventOf(path: string, body: Uint8Array, change: { type?: string; access?: string } = {}): ALBEvent {
  const event = rpcEvent({ path, body, credential: 'none', requestId: 'bench' })
  const { type = 'application/proto', access = 'open' } = change
  const { targetGroupArn } = event.requestContext.elb
  return {
    ...event,
    requestContext: { elb: { targetGroupArn: targetGroupArn.replace('-open/', `-${access}/`) } },
    multiValueHeaders: { ...event.multiValueHeaders, 'content-type': [type] },
  }
}

const readStored = () => {
  fromBinary(EnrichedIdentitySchema, executedBy)
  fromBinary(TaskSpecSchema, taskSpecBytes)
}

async function answerOf(handler: AlbHandler, event: ALBEvent): Promise<Buffer> {
  const plain = {
    ...event,
    multiValueHeaders: { ...event.multiValueHeaders, 'accept-encoding': ['identity'] },
  }
  const result = await handler(plain, {} as Parameters<AlbHandler>[1])
  if (result.statusCode !== 200) throw new Error(`answered ${result.statusCode}`)
  return Buffer.from(result.body ?? '', 'base64')
}

async function listRuns(handler: AlbHandler): Promise<Case> {
  const scopeBy = {
    case: 'projectId' as const,
    value: { organization: ORG, domain: PLACE.domain, name: PLACE.project },
  }
  const request = toBinary(
    ListRunsRequestSchema,
    create(ListRunsRequestSchema, { scopeBy, request: { limit: PAGE } }),
  )
  const event = eventOf(`${RUNS}/ListRuns`, request)
  const answer = fromBinary(ListRunsResponseSchema, await answerOf(handler, event))
  if (answer.runs.length !== PAGE) throw new Error('the page is not a whole one')
  const floor = () => {
    fromBinary(ListRunsRequestSchema, request)
    for (const run of listed) fromBinary(EnrichedIdentitySchema, run.executedBy as Uint8Array)
    toBinary(ListRunsResponseSchema, answer)
  }
  return { handler, event, floor }
}

async function getRunDetails(handler: AlbHandler): Promise<Case> {
  const request = toBinary(
    GetRunDetailsRequestSchema,
    create(GetRunDetailsRequestSchema, { runId: runId('r1') }),
  )
  const event = eventOf(`${RUNS}/GetRunDetails`, request)
  const answer = fromBinary(GetRunDetailsResponseSchema, await answerOf(handler, event))
  const floor = () => {
    fromBinary(GetRunDetailsRequestSchema, request)
    fromBinary(RunSpecSchema, runSpecBytes)
    readStored()
    toBinary(GetRunDetailsResponseSchema, answer)
  }
  return { handler, event, floor }
}

async function watchActionDetails(handler: AlbHandler): Promise<Case> {
  const actionId = { run: runId('r1'), name: 'a0' }
  const request = toBinary(
    WatchActionDetailsRequestSchema,
    create(WatchActionDetailsRequestSchema, { actionId }),
  )
  const event = eventOf(`${RUNS}/WatchActionDetails`, envelope(request), {
    type: 'application/connect+proto',
  })
  const stream = await answerOf(handler, event)
  const answer = fromBinary(WatchActionDetailsResponseSchema, stream.subarray(5, 5 + stream.readUInt32BE(1)))
  if (answer.details === undefined) throw new Error('the stream has no details')
  const floor = () => {
    fromBinary(WatchActionDetailsRequestSchema, request)
    readStored()
    toBinary(WatchActionDetailsResponseSchema, answer)
  }
  return { handler, event, floor }
}

async function enqueue(handler: AlbHandler): Promise<Case> {
  const spec = fromBinary(TaskSpecSchema, taskSpecBytes)
  const action = {
    actionId: { run: runId('r1'), name: 'child' },
    parentActionName: 'a0',
    inputUri: 's3://bucket/flytesnacks/development/r1/child/inputs.pb',
    runOutputBase: 's3://bucket/flytesnacks/development/r1',
    spec: { case: 'task' as const, value: { id: { ...runId('hello.main'), version: 'v1' }, spec } },
  }
  const request = toBinary(EnqueueRequestSchema, create(EnqueueRequestSchema, { action }))
  const event = eventOf('/flyteidl2.actions.ActionsService/Enqueue', request, { access: 'internal' })
  await answerOf(handler, event)
  const empty = create(EnqueueResponseSchema)
  const floor = () => {
    fromBinary(EnqueueRequestSchema, request)
    toBinary(TaskSpecSchema, spec)
    toBinary(EnqueueResponseSchema, empty)
  }
  return { handler, event, floor }
}

async function callOnce({ handler, event }: Case): Promise<number> {
  const startedMs = performance.now()
  const result = await handler(event, {} as Parameters<AlbHandler>[1])
  const tookUs = (performance.now() - startedMs) * 1000
  if (result.statusCode !== 200) throw new Error(`answered ${result.statusCode}`)
  return tookUs
}

function floorOnce({ floor }: Case): number {
  const startedMs = performance.now()
  floor()
  return (performance.now() - startedMs) * 1000
}

/** Takes turns between the calls and their floor, and compares the two within each round. */
async function measure(one: Case): Promise<{ p50Us: number; floorP50Us: number; ratio: number }> {
  for (let call = 0; call < WARM_UP_CALLS; call += 1) await callOnce(one)
  for (let call = 0; call < WARM_UP_CALLS; call += 1) floorOnce(one)
  const [callsUs, floorsUs, ratios]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    const [calls, floors]: [number[], number[]] = [[], []]
    for (let call = 0; call < CALLS_A_ROUND; call += 1) calls.push(await callOnce(one))
    for (let call = 0; call < CALLS_A_ROUND; call += 1) floors.push(floorOnce(one))
    ratios.push(median(calls) / median(floors))
    callsUs.push(...calls)
    floorsUs.push(...floors)
  }
  return { p50Us: median(callsUs), floorP50Us: median(floorsUs), ratio: median(ratios) }
}

const runs = runsHandler()
const result = {
  listRuns: await measure(await listRuns(runs)),
  getRunDetails: await measure(await getRunDetails(runs)),
  watchActionDetails: await measure(await watchActionDetails(runs)),
  enqueue: await measure(await enqueue(actionsHandler())),
}
writeFileSync(process.argv[2] as string, JSON.stringify(result))
