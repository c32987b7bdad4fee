/**
 * The first page of ListRuns over a thousand and over a hundred thousand runs, in a real DynamoDB engine.
 *
 * Prints JSON to the file named by the first argument: the p50 of each, in milliseconds.
 */
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { INDEX_KEYS, itemOfRun } from '../../functions/shared/stores/dynamodb/run-item.ts'
import { createDynamoDbRunStore } from '../../functions/shared/stores/dynamodb/run-store.ts'
import type { StoredRun } from '../../functions/shared/stores/run-store.ts'
import { quantile } from './figures.ts'

const SIZES = { few: 1_000, many: 100_000 }
const PAGE = { limit: 50, after: undefined }
const CALLS = 150
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

function runNumber(index: number): StoredRun {
  const atMs = EPOCH_MS + index * 1_000
  return {
    key: { project: PROJECT, domain: DOMAIN, name: `r${index.toString(36).padStart(8, '0')}` },
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

async function fill(tableName: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 25) {
    const indexes = Array.from({ length: Math.min(25, count - first) }, (_, offset) => first + offset)
    const requests = indexes.map((index) => ({ PutRequest: { Item: itemOfRun(runNumber(index)) } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }))
    if (first % 20_000 === 0) process.stdout.write(`  ${tableName}: ${first} of ${count} runs\n`)
  }
}

async function firstPageMs(tableName: string): Promise<number> {
  const store = createDynamoDbRunStore(client, tableName)
  const query = {
    scope: { kind: 'project' as const, project: PROJECT, domain: DOMAIN },
    phases: undefined,
    ownerSubject: undefined,
    created: undefined,
    updated: undefined,
    newestFirst: true,
  }
  const samples: number[] = []
  for (let call = 0; call < CALLS; call += 1) {
    const startedMs = performance.now()
    const page = await store.list(query, PAGE)
    samples.push(performance.now() - startedMs)
    if (page.runs.length !== PAGE.limit) throw new Error(`a page of ${page.runs.length} runs`)
  }
  return quantile(samples.slice(CALLS / 3), 0.5)
}

for (const [name, count] of Object.entries(SIZES)) {
  await createTable(name)
  await fill(name, count)
}
// In turn, so that a machine whose speed drifts is unkind to both.
const few = [await firstPageMs('few'), await firstPageMs('few')]
const many = [await firstPageMs('many'), await firstPageMs('many')]
few.push(await firstPageMs('few'))
many.push(await firstPageMs('many'))
writeFileSync(
  process.argv[2] as string,
  JSON.stringify({ fewMs: quantile(few, 0.5), manyMs: quantile(many, 0.5) }),
)
client.destroy()
server.close(() => process.exit(0))
