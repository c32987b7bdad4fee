/**
 * Cold start: the import of a bundle and its first call in a fresh process, as a ratio to a bare `node -e 0`.
 *
 * The bundles are the deployed ones. The first call of `runs` is a CreateRun with a bearer token that nobody has seen
 * before: keys, the issuer's metadata and userinfo come from a local server, and claims, task and run go through the
 * AWS SDK into a real DynamoDB engine. The first call of `login` begins a sign-in: the keys of its cookies come out of
 * a secret, the provider's document from the local server, and the answer leads to the provider.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import type { Bundles } from '../../lib/bundling.ts'
import { buildCase } from './build.ts'
import { median } from './figures.ts'

const run = promisify(execFile)
const CHILD = fileURLToPath(new URL('cold-child.mjs', import.meta.url))
const ROUNDS = 40

export interface ColdStart {
  /** Import and first call, over the wall time of a bare process. */
  readonly ratio: number
  /** The whole process, start of Node included, over the wall time of a bare one. */
  readonly processRatio: number
}

interface Prepared {
  readonly settings: Readonly<Record<Name, object>>
  /** What only the authorization server is told. */
  readonly authorizationServer: object
  /** Secrets by their names. */
  readonly secrets: Readonly<Record<string, object>>
  readonly documents: Readonly<Record<string, object>>
  readonly events: Readonly<Record<Name, readonly object[]>>
}

const NAMES = ['metadata', 'runs', 'login', 'authorization-server'] as const
type Name = (typeof NAMES)[number]

/** Measures the functions in turn with the bare process, so that a machine whose speed drifts is unkind to all. */
export async function measureColdStarts(bundles: Bundles): Promise<Record<Name, ColdStart>> {
  const directory = await mkdtemp(join(tmpdir(), 'flyte-bench-'))
  const documents: Record<string, object> = {}
  const secrets: Record<string, object> = {}
  const provider = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    // Secrets Manager: every operation is a POST to its root.
    const document = pathname === '/' ? await secretOf(request, secrets) : documents[pathname]
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  const database = dynalite({ createTableMs: 0 })
  const providerUrl = `http://localhost:${await listen(provider)}`
  const databaseUrl = `http://127.0.0.1:${await listen(database)}`
  try {
    const prepared = await prepare(directory, providerUrl)
    Object.assign(documents, prepared.documents)
    Object.assign(secrets, prepared.secrets)
    await createTables(databaseUrl)
    return await measure({
      directory,
      bundles,
      prepared,
      environment: environmentOf(databaseUrl, providerUrl),
    })
  } finally {
    provider.close()
    database.close()
  }
}

async function secretOf(request: IncomingMessage, secrets: Readonly<Record<string, object>>) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { SecretId: name } = JSON.parse(Buffer.concat(chunks).toString()) as { SecretId: string }
  return { SecretString: JSON.stringify(secrets[name]) }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, () => resolve()))
  return (server.address() as AddressInfo).port
}

async function prepare(directory: string, providerUrl: string): Promise<Prepared> {
  const outfile = join(directory, 'events.json')
  await run(process.execPath, [await buildCase('cold-events'), outfile, providerUrl, String(ROUNDS)])
  return JSON.parse(await readFile(outfile, 'utf8')) as Prepared
}

async function createTables(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
  const client = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials })
  for (const TableName of ['runs', 'auth']) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    )
  }
  client.destroy()
}

function environmentOf(databaseUrl: string, secretsUrl: string): NodeJS.ProcessEnv {
  return {
    RUNS_TABLE: 'runs',
    TRIGGER_SCHEDULES: '{"groupName":"bench","functionArn":"bench","roleArn":"bench"}',
    AUTH_TABLE: 'auth',
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: databaseUrl,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsUrl,
    POWERTOOLS_SERVICE_NAME: 'bench',
    POWERTOOLS_METRICS_NAMESPACE: 'bench',
  }
}

interface Measurement {
  readonly directory: string
  readonly bundles: Bundles
  readonly prepared: Prepared
  readonly environment: NodeJS.ProcessEnv
}

/** What the log line of a call has to say for the call to count: that nothing was left out of it. */
const HAS_TO_SAY: Readonly<Record<Name, string>> = {
  metadata: '"outcome":"ok"',
  runs: '"userinfo":"provider"',
  login: '"signIn":"started"',
  'authorization-server': '"outcome":"ok"',
}
const STATUS: Readonly<Record<Name, number>> = {
  metadata: 200,
  runs: 200,
  login: 303,
  'authorization-server': 200,
}

async function measure({ directory, bundles, prepared, environment }: Measurement) {
  const noRatios = (): Record<Name, number[]> => ({
    metadata: [],
    runs: [],
    login: [],
    'authorization-server': [],
  })
  const ratios = noRatios()
  const processRatios = noRatios()
  const environmentFor = (name: Name) => ({
    ...environment,
    FLYTE_SETTINGS: JSON.stringify(prepared.settings[name]),
    AUTHORIZATION_SERVER: JSON.stringify(prepared.authorizationServer),
  })
  const taskFile = join(directory, 'task.json')
  let bareBeforeMs = await bareMs()
  for (let round = 0; round < ROUNDS; round += 1) {
    const took = []
    for (const name of NAMES) {
      const bundle = join(bundles.directoryOf(name), 'index.mjs')
      const event = prepared.events[name][round]
      await writeFile(taskFile, JSON.stringify({ bundle, event, status: STATUS[name] }))
      const { ms, stdout } = await timed([CHILD, taskFile], environmentFor(name))
      if (!stdout.includes(HAS_TO_SAY[name]))
        throw new Error(`the call of ${name} was not a whole one: ${stdout}`)
      took.push({ name, processMs: ms, ms: Number(/^TOOK (.*)$/m.exec(stdout)?.[1]) })
    }
    // Compared within the round: what else the machine does then weighs on all of it.
    const bareAfterMs = await bareMs()
    const bare = (bareBeforeMs + bareAfterMs) / 2
    for (const { name, ms, processMs } of took) {
      ratios[name].push(ms / bare)
      processRatios[name].push(processMs / bare)
    }
    bareBeforeMs = bareAfterMs
  }
  const over = (name: Name): ColdStart => ({
    ratio: median(ratios[name]),
    processRatio: median(processRatios[name]),
  })
  return {
    metadata: over('metadata'),
    runs: over('runs'),
    login: over('login'),
    'authorization-server': over('authorization-server'),
  }
}

const bareMs = async () => (await timed(['-e', '0'], {})).ms

async function timed(args: string[], env: NodeJS.ProcessEnv): Promise<{ ms: number; stdout: string }> {
  const startedMs = performance.now()
  const { stdout } = await run(process.execPath, args, { env })
  return { ms: performance.now() - startedMs, stdout }
}
