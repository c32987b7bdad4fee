/**
 * DynamoDB for tests: dynalite in memory with the tables of the stack, behind a port that can be made to fail.
 *
 * The shape of the tables is compared with the stack's own in `stores/dynamodb/table-shape.test.ts`.
 */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'

export const RUNS_TABLE = 'runs'
export const AUTH_TABLE = 'auth'

export const RUNS_INDEX_KEYS = {
  byProject: 'projectKey',
  byOwner: 'ownerKey',
  byTask: 'taskKey',
  byTrigger: 'triggerKey',
} as const

export const RUNS_INDEX_ATTRIBUTES = [
  'phase',
  'startTime',
  'endTime',
  'ownerSubject',
  'ownerIssuer',
  'taskProject',
  'taskDomain',
  'taskName',
  'taskVersion',
  'taskType',
  'shortName',
  'executedBy',
  'attempts',
  'runSource',
  'environmentName',
  'updatedAt',
  'labels',
  'triggerName',
  'triggerRevision',
  'triggerSpec',
]

/** What byProject has beside them. */
export const ACTIONS_INDEX_ATTRIBUTES = ['actionType', 'parentName', 'groupName']

/** The index of an action's children. */
export const CHILDREN_INDEX = {
  indexName: 'byParent',
  partitionKey: 'parentKey',
  sortKey: 'changedKey',
  attributes: [
    'phase',
    'attempts',
    'actionType',
    'outputsUri',
    'outputBase',
    'errorInfo',
    'signalValue',
    'timesOutAt',
  ],
} as const

/** The index of actions that wait for somebody. */
export const PAUSED_INDEX = {
  indexName: 'byPaused',
  partitionKey: 'pausedKey',
  sortKey: 'createdAtKey',
  attributes: ['timesOutAt'],
} as const

/**
 * What goes wrong with a call instead of its answer.
 *
 * - `throttle`: the table has no capacity left
 * - `broken`: an internal error
 * - `hang-up`: the connection ends without an answer, and the call was not carried out
 * - `lost-answer`: the call is carried out, and then the connection ends
 */
export type Fault = 'throttle' | 'broken' | 'hang-up' | 'lost-answer'

/** Decides about each call; `operation` is for example `PutItem`, `body` its JSON. */
export type FaultPlan = (operation: string, body: string) => Fault | undefined

export interface TestDatabase {
  readonly endpoint: string
  /** A client that does not repeat what failed, unless asked to. */
  readonly client: DynamoDBClient
  readonly newClient: (options: { maxAttempts: number }) => DynamoDBClient
  /** The operations that were called since the last {@link forget}. */
  readonly operations: readonly string[]
  readonly forget: () => void
  /** Makes calls fail; undefined heals. */
  readonly failWith: (plan: FaultPlan | undefined) => void
  readonly close: () => Promise<void>
}

/** Starts a database with both tables, empty. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const inner = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  const innerPort = await listen(inner)
  const operations: string[] = []
  let plan: FaultPlan | undefined
  const outer = faultyServer(innerPort, (operation, body) => {
    operations.push(operation)
    return plan?.(operation, body)
  })
  const endpoint = `http://127.0.0.1:${await listen(outer)}`
  const newClient = (options: { maxAttempts: number }) => testClient(endpoint, options.maxAttempts)
  const client = newClient({ maxAttempts: 1 })
  await createTables(client)
  operations.length = 0
  return {
    endpoint,
    client,
    newClient,
    operations,
    forget: () => {
      operations.length = 0
    },
    failWith: (faults) => {
      plan = faults
    },
    close: async () => {
      client.destroy()
      await closeServer(outer)
      await closeServer(inner)
    },
  }
}

function testClient(endpoint: string, maxAttempts: number): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
  })
}

async function createTables(client: DynamoDBClient): Promise<void> {
  const keys = [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ] as const
  const textAttributes = (names: readonly string[]) =>
    names.map((name) => ({ AttributeName: name, AttributeType: 'S' }) as const)
  const runsIndexes = Object.entries(RUNS_INDEX_KEYS).map(([indexName, partitionKey]) => ({
    indexName,
    partitionKey,
    sortKey: 'createdAtKey',
    attributes: [...RUNS_INDEX_ATTRIBUTES, ...(indexName === 'byProject' ? ACTIONS_INDEX_ATTRIBUTES : [])],
  }))
  const indexes = [...runsIndexes, CHILDREN_INDEX, PAUSED_INDEX].map((index) => ({
    IndexName: index.indexName,
    KeySchema: [
      { AttributeName: index.partitionKey, KeyType: 'HASH' as const },
      { AttributeName: index.sortKey, KeyType: 'RANGE' as const },
    ],
    Projection: {
      ProjectionType: 'INCLUDE' as const,
      NonKeyAttributes: index.attributes.slice() as string[],
    },
  }))
  const indexKeys = indexes.flatMap(({ KeySchema: schema }) => schema.map((key) => key.AttributeName))
  const tables = [
    {
      TableName: RUNS_TABLE,
      KeySchema: [...keys],
      AttributeDefinitions: textAttributes([...new Set(['pk', 'sk', ...indexKeys])]),
      GlobalSecondaryIndexes: indexes,
      BillingMode: 'PAY_PER_REQUEST',
    },
    {
      TableName: AUTH_TABLE,
      KeySchema: [...keys],
      AttributeDefinitions: textAttributes(['pk', 'sk']),
      BillingMode: 'PAY_PER_REQUEST',
    },
  ] satisfies CreateTableCommandInput[]
  for (const table of tables) await client.send(new CreateTableCommand(table))
}

function faultyServer(innerPort: number, faultOf: FaultPlan): Server {
  return createServer((request, response) => {
    void answer().catch(() => response.destroy())
    async function answer(): Promise<void> {
      const body = await bodyOf(request)
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      const fault = faultOf(operation, body.toString('utf8'))
      if (fault === 'hang-up') return void response.destroy()
      if (fault === 'throttle' || fault === 'broken') {
        const type = fault === 'throttle' ? 'ProvisionedThroughputExceededException' : 'InternalServerError'
        response.writeHead(fault === 'throttle' ? 400 : 500, { 'content-type': 'application/x-amz-json-1.0' })
        return void response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}` }))
      }
      const inner = await forward(request, body, innerPort)
      if (fault === 'lost-answer') return void response.destroy()
      response.writeHead(inner.status, inner.headers).end(inner.body)
    }
  })
}

async function forward(message: IncomingMessage, body: Buffer, port: number) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>(
    (resolve, reject) => {
      const { method, headers, url } = message
      const outgoing = httpRequest(
        { host: '127.0.0.1', port, method, path: url, headers, agent: false },
        (answer) => {
          bodyOf(answer).then(
            (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
            reject,
          )
        },
      )
      outgoing.on('error', reject).end(body)
    },
  )
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
