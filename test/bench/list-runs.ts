/**
 * The first and the hundredth page of ListRuns and of ListActions, over a thousand items and over a hundred thousand,
 * in a real DynamoDB engine: from the request message to the answer.
 *
 * Prints JSON to the file named by the first argument: the p50 of each, in milliseconds.
 */
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { create } from '@bufbuild/protobuf'
import {
  ListActionsRequestSchema,
  ListRunsRequestSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import dynalite from 'dynalite'
import { listActionsMethod } from '../../functions/runs/list-actions/list-actions.ts'
import { listRunsMethod } from '../../functions/runs/list-runs/list-runs.ts'
import type { Item } from '../../functions/shared/stores/dynamodb/attributes.ts'
import { INDEX_KEYS, itemOfRun } from '../../functions/shared/stores/dynamodb/run-item.ts'
import { createDynamoDbRunStore } from '../../functions/shared/stores/dynamodb/run-store.ts'
import type { StoredRun } from '../../functions/shared/stores/run-store.ts'
import { quantile } from './figures.ts'
import { nullRunsDeps } from './null-stores.ts'

const SIZES = { few: 1_000, many: 100_000 }
/** Of ten, so that a thousand items have a hundred pages. */
const PAGE = 10
const HUNDREDTH = 100
const CALLS = 120
const TURNS = 3
const PROJECT = 'flytesnacks'
const DOMAIN = 'development'

const server = dynalite({ createTableMs: 0 })
await new Promise<void>((resolve) => server.listen(0, () => resolve()))
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
})

async function createTable(tableName: string): Promise<void> {
  const key = (name: string, type: 'HASH' | 'RANGE') => ({ AttributeName: name, KeyType: type })
  const names = ['pk', 'sk', ...Object.values(INDEX_KEYS), 'createdAtKey']
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
      KeySchema: [key('pk', 'HASH'), key('sk', 'RANGE')],
      GlobalSecondaryIndexes: Object.entries(INDEX_KEYS).map(([index, attribute]) => ({
        IndexName: index,
        KeySchema: [key(attribute, 'HASH'), key('createdAtKey', 'RANGE')],
        Projection: { ProjectionType: 'ALL' },
      })),
    }),
  )
}

const EPOCH_MS = 1_790_000_000_000

const nameOf = (index: number) => index.toString(36).padStart(8, '0')

function runNumber(index: number): StoredRun {
  const atMs = EPOCH_MS + index * 1_000
  return {
    key: { project: PROJECT, domain: DOMAIN, name: `r${nameOf(index)}` },
    action: 'a0',
    phase: 5,
    attempts: 1,
    createdAtMs: atMs,
    updatedAtMs: atMs,
    startedAtMs: atMs,
    endedAtMs: atMs + 60_000,
    source: 1,
    task: {
      project: PROJECT,
      domain: DOMAIN,
      name: 'hello.main',
      version: 'v1',
      type: 'python',
      shortName: 'main',
      environmentName: 'hello',
    },
    owner: { issuer: 'https://id.example.com', subject: `user-${index % 100}` },
    executedBy: new Uint8Array(80),
    runSpec: new Uint8Array(100),
    taskSpecDigest: 'digest',
    inputsUri: '',
    inputsHash: '',
    outputsUri: '',
    requestDigest: '',
    abort: undefined,
    errorInfo: undefined,
  }
}

/** The run whose actions are listed: the oldest, which pages of runs do not get to. */
const PARENT = runNumber(0)

function actionNumber(index: number): StoredRun {
  return { ...runNumber(index), key: PARENT.key, action: `c${nameOf(index)}`, taskSpecDigest: '' }
}

/** What lists show of an action and a run has not. */
const CHILD = { actionType: { N: '1' }, parentName: { S: 'a0' } }

const BATCH = 25
const AT_ONCE = 4

async function fill(tableName: string, count: number): Promise<void> {
  const items = (first: number) =>
    Array.from({ length: Math.min(BATCH, count - first) }, (_, offset) => first + offset)
  const write = async (requests: Item[]) => {
    const puts = requests.map((one) => ({ PutRequest: { Item: one } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: puts } }))
  }
  const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => items(i * BATCH))
  const work = Array.from({ length: AT_ONCE }, async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      await write(batch.map((index) => itemOfRun(runNumber(index))))
      await write(batch.map((index) => ({ ...itemOfRun(actionNumber(index + 1)), ...CHILD })))
      if (batches.length % 400 === 0) process.stdout.write(`  ${tableName}: ${batches.length} to go\n`)
    }
  })
  await Promise.all(work)
}

type Page = { readonly length: number; readonly token: string }
type List = (token: string) => Promise<Page>

function listsOf(tableName: string): Readonly<Record<'runs' | 'actions', List>> {
  const runs = createDynamoDbRunStore(client, tableName)
  const listRuns = listRunsMethod({ ...nullRunsDeps(), runs })
  const listActions = listActionsMethod({ runs })
  const scopeBy = { case: 'projectId' as const, value: { name: PROJECT, domain: DOMAIN } }
  const request = (token: string) => ({ limit: PAGE, token })
  return {
    async runs(token) {
      const answer = await listRuns(create(ListRunsRequestSchema, { scopeBy, request: request(token) }))
      return { length: answer.runs.length, token: answer.token }
    },
    async actions(token) {
      const runId = PARENT.key
      const answer = await listActions(create(ListActionsRequestSchema, { runId, request: request(token) }))
      return { length: answer.actions.length, token: answer.token }
    },
  }
}

async function tokenOfHundredth(list: List): Promise<string> {
  let token = ''
  for (let page = 1; page < HUNDREDTH; page += 1) token = (await list(token)).token
  return token
}

async function pageMs(list: List, token: string): Promise<number> {
  const samples: number[] = []
  for (let call = 0; call < CALLS; call += 1) {
    const startedMs = performance.now()
    const page = await list(token)
    samples.push(performance.now() - startedMs)
    if (page.length !== PAGE) throw new Error(`a page of ${page.length} items`)
  }
  return quantile(samples.slice(CALLS / 3), 0.5)
}

for (const [name, count] of Object.entries(SIZES)) {
  await createTable(name)
  await fill(name, count)
}

const result: Record<string, Record<string, number>> = {}
for (const kind of ['runs', 'actions'] as const) {
  const cases = []
  for (const size of Object.keys(SIZES)) {
    const list = listsOf(size)[kind]
    const hundredth = await tokenOfHundredth(list)
    cases.push(
      { key: `${size}FirstMs`, list, token: '' },
      { key: `${size}HundredthMs`, list, token: hundredth },
    )
  }
  const samples = new Map<string, number[]>(cases.map(({ key }) => [key, []]))
  // In turn, so that a machine whose speed drifts is unkind to all.
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const { key, list, token } of cases) samples.get(key)?.push(await pageMs(list, token))
  }
  result[kind] = Object.fromEntries([...samples].map(([key, all]) => [key, quantile(all, 0.5)]))
}
writeFileSync(process.argv[2] as string, JSON.stringify(result))
client.destroy()
server.close(() => process.exit(0))
