/**
 * `npm run bench`: what a call and a cold start cost, as ratios to their floors, measured in one run.
 *
 * Prints a table; with `--json`, one flat JSON object. Ratios travel between machines, absolute times do not.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bundles, bundleFunctions } from '../../lib/bundling.ts'
import { buildCase } from './build.ts'
import { measureColdStarts } from './cold.ts'
import { type Figure, printJson, printTable } from './figures.ts'

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const progress = (text: string) => process.stderr.write(`${text}\n`)

/** Runs a bundled case in a process of its own and reads the JSON file that it writes. */
async function runCase<Result>(name: string): Promise<Result> {
  const outfile = join(await mkdtemp(join(tmpdir(), 'flyte-bench-')), 'result.json')
  const bundle = await buildCase(name)
  const env = { ...process.env, POWERTOOLS_SERVICE_NAME: 'bench', POWERTOOLS_METRICS_NAMESPACE: 'bench' }
  const child = spawn(process.execPath, [bundle, outfile], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the ${name} benchmark failed`)
  return JSON.parse(await readFile(outfile, 'utf8')) as Result
}

interface CallCost {
  readonly p50Us: number
  readonly p99Us: number
  readonly floorP50Us: number
  /** The median of the rounds' own ratios. */
  readonly ratio: number
}

function createRunFigures(credential: string, cost: CallCost): Figure[] {
  const key = `createRun.${credential}`
  const note = `CreateRun with ${credential === 'oidc' ? "the load balancer's identity" : 'a bearer token'}`
  return [
    { key: `${key}.p50us`, value: cost.p50Us, unit: 'µs', note: `${note}, event to result, no store` },
    { key: `${key}.p99us`, value: cost.p99Us, unit: 'µs', note: 'its slowest one in a hundred' },
    {
      key: `${key}.floor.us`,
      value: cost.floorP50Us,
      unit: 'µs',
      note: 'one signature, one decoding, one encoding',
    },
    {
      key: `${key}.ratio`,
      value: cost.ratio,
      unit: '×',
      target: 4,
      note: 'p50 over the floor',
    },
  ]
}

type RpcCosts = Record<keyof typeof RPC_TARGETS, Pick<CallCost, 'p50Us' | 'floorP50Us' | 'ratio'>>

/** What a call may take over its floor: the less there is to decode, the more the rest of a call weighs. */
const RPC_TARGETS = { listRuns: 6, getRunDetails: 10, watchActionDetails: 12, enqueue: 8 } as const

function rpcFigures(costs: RpcCosts): Figure[] {
  return Object.entries(RPC_TARGETS).flatMap(([name, target]) => {
    const { p50Us, floorP50Us, ratio } = costs[name as keyof RpcCosts]
    const key = `rpc.${name}`
    return [
      { key: `${key}.p50us`, value: p50Us, unit: 'µs', note: 'event to result, caller known, no store' },
      { key: `${key}.floor.us`, value: floorP50Us, unit: 'µs', note: 'its protobuf only' },
      { key: `${key}.ratio`, value: ratio, unit: '×', target, note: 'p50 over the floor' },
    ]
  })
}

type PageCosts = Record<'fewFirstMs' | 'fewHundredthMs' | 'manyFirstMs' | 'manyHundredthMs', number>

/** Every page of ten costs the same: however many items there are, and however far into them it is. */
function scaleFigures(key: string, items: string, costs: PageCosts): Figure[] {
  const { fewFirstMs, fewHundredthMs, manyFirstMs, manyHundredthMs } = costs
  const common = { unit: '×', target: 1.3 }
  return [
    { key: `${key}.first.ms`, value: fewFirstMs, unit: 'ms', note: `first page of 1,000 ${items}` },
    {
      ...{ key: `${key}.scale.ratio`, value: manyFirstMs / fewFirstMs, ...common },
      note: `first page of 100,000 ${items} over that`,
    },
    {
      ...{ key: `${key}.page100.ratio`, value: fewHundredthMs / fewFirstMs, ...common },
      note: `hundredth page of 1,000 ${items} over that`,
    },
    {
      ...{ key: `${key}.page100.scale.ratio`, value: manyHundredthMs / fewFirstMs, ...common },
      note: `hundredth page of 100,000 ${items} over that`,
    },
  ]
}

/** What a cold start reads: the entry of a bundle and every file that it imports at once. */
function bundleFigures({ directoryOf, metafile }: Bundles): Figure[] {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, one]) => [resolve(path), one]))
  const readBytes = (path: string, seen: Set<string>): number => {
    const output = outputs.get(path)
    if (output === undefined || seen.has(path)) return 0
    seen.add(path)
    const atOnce = output.imports.filter(({ kind, external }) => kind === 'import-statement' && !external)
    return atOnce.reduce((sum, one) => sum + readBytes(resolve(one.path), seen), output.bytes)
  }
  return MEASURED.map((name) => ({
    key: `bundle.${keyOf(name)}.kb`,
    value: readBytes(join(directoryOf(name), 'index.mjs'), new Set()) / 1024,
    unit: 'KB',
    note: 'the code that a cold start reads',
  }))
}

/** The name of a function within a key. */
const keyOf = (name: string) => name.replaceAll(/-(.)/g, (_dash, letter: string) => letter.toUpperCase())

const MEASURED = ['metadata', 'runs', 'console', 'login', 'authorization-server'] as const

progress('Bundling the functions')
const bundles = await bundleFunctions({ names: MEASURED })
progress('Cold starts')
const cold = await measureColdStarts(bundles)
progress('CreateRun')
const createRun = await runCase<Record<'oidc' | 'bearer', CallCost>>('create-run')
progress('Sessions')
const session = await runCase<{ p50Ms: number; p99Ms: number }>('session')
progress('Tokens')
const token = await runCase<Record<'clientCredentials' | 'refresh', CallCost>>('token')
progress("The console's first page")
const firstPage = await runCase<{ kb: number }>('first-page')
progress('Other RPCs')
const rpcs = await runCase<RpcCosts>('rpcs')
progress('ListRuns and ListActions over a thousand and a hundred thousand items (some minutes)')
const lists = await runCase<Record<'runs' | 'actions', PageCosts>>('list-runs')

function tokenFigures(grant: 'clientCredentials' | 'refresh', cost: CallCost): Figure[] {
  const key = `token.${grant}`
  const note = `${grant === 'refresh' ? 'a refresh' : "a service's token"}, event to result, no store`
  return [
    { key: `${key}.p50us`, value: cost.p50Us, unit: 'µs', note },
    { key: `${key}.p99us`, value: cost.p99Us, unit: 'µs', note: 'its slowest one in a hundred' },
    { key: `${key}.floor.us`, value: cost.floorP50Us, unit: 'µs', note: 'one RS256 signature' },
    { key: `${key}.ratio`, value: cost.ratio, unit: '×', target: 8, note: 'p50 over the floor' },
  ]
}

const figures: Figure[] = [
  ...createRunFigures('oidc', createRun.oidc),
  ...createRunFigures('bearer', createRun.bearer),
  ...tokenFigures('clientCredentials', token.clientCredentials),
  ...tokenFigures('refresh', token.refresh),
  {
    key: 'cold.metadata.ratio',
    value: cold.metadata.ratio,
    unit: '×',
    target: 2,
    note: 'import and first call over a bare node',
  },
  {
    key: 'cold.metadata.process.ratio',
    value: cold.metadata.processRatio,
    unit: '×',
    note: 'the whole process',
  },
  {
    key: 'cold.runs.ratio',
    value: cold.runs.ratio,
    unit: '×',
    target: 4.5,
    note: 'import and first CreateRun, keys and database included',
  },
  { key: 'cold.runs.process.ratio', value: cold.runs.processRatio, unit: '×', note: 'the whole process' },
  {
    key: 'cold.login.ratio',
    value: cold.login.ratio,
    unit: '×',
    target: 2,
    note: 'import and the first sign-in begun, secret and provider included',
  },
  { key: 'cold.login.process.ratio', value: cold.login.processRatio, unit: '×', note: 'the whole process' },
  {
    key: 'cold.authorizationServer.ratio',
    value: cold['authorization-server'].ratio,
    unit: '×',
    note: "import and a service's first token, secrets and database included",
  },
  {
    key: 'cold.authorizationServer.process.ratio',
    value: cold['authorization-server'].processRatio,
    unit: '×',
    note: 'the whole process',
  },
  {
    key: 'session.verify.ms',
    value: session.p50Ms,
    unit: 'ms',
    target: 0.3,
    note: 'a session from cookies to caller, p50 a request',
  },
  { key: 'session.verify.p99ms', value: session.p99Ms, unit: 'ms', note: 'its slowest one in a hundred' },
  {
    key: 'console.firstPage.kb',
    value: firstPage.kb,
    unit: 'KB',
    target: 100,
    note: 'page, style sheet and script over the wire',
  },
  ...rpcFigures(rpcs),
  ...scaleFigures('listRuns', 'runs', lists.runs),
  ...scaleFigures('listActions', 'actions', lists.actions),
  ...bundleFigures(bundles),
]

if (options.json) printJson(figures)
else printTable(figures)
