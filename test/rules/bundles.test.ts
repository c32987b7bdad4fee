/** What is in each bundle that deploys, and what is not. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Metafile } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { routesFor } from '../../functions/shared/routes.ts'
import { type BundleName, bundleFunctions } from '../../lib/bundling.ts'
import { JOBS, type JobName } from '../../lib/jobs.ts'
import { deployedFunctions } from '../../lib/listener-rules.ts'
import { ROOT } from './sources.ts'

mkdirSync(join(ROOT, 'dist'), { recursive: true })
const outdir = mkdtempSync(join(ROOT, 'dist', 'rules-'))
afterAll(() => rmSync(outdir, { recursive: true }))
const jobs = Object.keys(JOBS) as JobName[]
const routes = routesFor({ authServerType: 'Self', browserAuth: 'service' })
const names: BundleName[] = [...deployedFunctions(routes, { internal: true }), ...jobs]
const { metafile } = await bundleFunctions({ names, outdir })

const TRACER = 'functions/shared/tracer.ts'

type Output = Metafile['outputs'][string]

/**
 * The files of a function's bundle: the one that Lambda loads first, and everything it may load later. Without
 * the tracer, which is the same everywhere and loaded only where a deployment asks for it.
 */
function outputsOf(name: BundleName): [path: string, output: Output][] {
  return Object.entries(metafile.outputs).filter(
    ([path, { entryPoint }]) => path.includes(`/${name}/`) && path.endsWith('.mjs') && entryPoint !== TRACER,
  )
}

/** The files that are loaded before the first call: the entry and what it imports statically. */
function loadedAtStart(name: BundleName): Map<string, Output> {
  const all = new Map(outputsOf(name))
  const entry = [...all.keys()].find((path) => path.endsWith(`/${name}/index.mjs`)) as string
  const loaded = new Map<string, Output>()
  const waiting = [entry]
  for (const path of waiting) {
    const output = all.get(path)
    if (output === undefined || loaded.has(path)) continue
    loaded.set(path, output)
    waiting.push(...output.imports.filter(({ kind }) => kind === 'import-statement').map((one) => one.path))
  }
  return loaded
}

/** The inputs that contribute code. */
function inputsOf(outputs: Iterable<Output>): string[] {
  return [...outputs].flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
}

function bytesOf(outputs: Iterable<Output>): number {
  return [...outputs].reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Never in any bundle: tools, doubles and what is only for tests. */
const NEVER = [
  'node_modules/aws-cdk-lib/',
  'node_modules/constructs/',
  'node_modules/cdk-nag/',
  'node_modules/dynalite/',
  'node_modules/playwright-core/',
  // What reads descriptors: bundles carry them as they come out of it.
  'node_modules/@bufbuild/protobuf/dist/esm/registry.js',
  'node_modules/@bufbuild/protobuf/dist/esm/codegenv2/boot.js',
  'node_modules/@bufbuild/protovalidate/',
  'node_modules/@bufbuild/cel/',
  'node_modules/@connectrpc/connect-node/',
  'node_modules/esbuild/',
  'node_modules/yaml/',
  'node_modules/zod/v4/classic/',
  'node_modules/zod/v3/',
  'lib/',
  'local/',
  'bin/',
  'test/',
]

/** What the authorization server is built on, and nothing else has. */
const ENGINE = 'node_modules/oidc-provider/'

interface Contents {
  /** KB of minified code that are loaded at start, and in all. About 10 % above what they are. */
  readonly startKb: number
  readonly allKb: number
  /** What its task does not need at its start, and may load later. */
  readonly without: readonly string[]
}

const AWS_SDK = ['node_modules/@aws-sdk/', 'node_modules/@smithy/']
const JWT = ['node_modules/jose/', 'node_modules/aws-jwt-verify/']
const OPENID_CLIENT = ['node_modules/openid-client/', 'node_modules/oauth4webapi/', 'node_modules/jose/']
/** What reads sessions, and what opens their cookies. */
const SESSIONS = ['functions/shared/session/sessions.ts', 'functions/shared/session/secure-cookie.ts']
const RPC = ['node_modules/@connectrpc/', 'node_modules/@flyteorg/', 'node_modules/@bufbuild/']

const BUDGETS: Readonly<Partial<Record<BundleName, Contents>>> = {
  metadata: { startKb: 100, allKb: 260, without: [...AWS_SDK, ...JWT] },
  runs: { startKb: 680, allKb: 1040, without: [...OPENID_CLIENT, ...SESSIONS] },
  actions: { startKb: 610, allKb: 810, without: ['node_modules/jose/'] },
  console: { startKb: 185, allKb: 500, without: [...AWS_SDK, ...RPC, ...OPENID_CLIENT, ...SESSIONS] },
  'authorization-server': {
    startKb: 875,
    allKb: 1010,
    without: [...RPC, ...OPENID_CLIENT.slice(0, 2), ...SESSIONS],
  },
  'rotate-keys': { startKb: 238, allKb: 295, without: [...RPC, ...JWT] },
  login: { startKb: 150, allKb: 440, without: [...AWS_SDK, ...RPC, ...OPENID_CLIENT] },
}

it('there is a budget for every bundle', () => expect(Object.keys(BUDGETS).sort()).toEqual([...names].sort()))

for (const name of names) {
  const { startKb, allKb, without } = BUDGETS[name] as Contents
  const outputs = outputsOf(name).map(([, output]) => output)
  const handler = Object.hasOwn(JOBS, name) ? JOBS[name as JobName] : `${name}/handler.ts`

  describe(`the bundle of ${name}`, () => {
    it('holds its handler', () => expect(inputsOf(outputs)).toContain(`functions/${handler}`))

    it('holds no tool, no test and no double', () => {
      const never = name === 'authorization-server' ? NEVER : [...NEVER, ENGINE]
      const found = inputsOf(outputs).filter((path) => never.some((prefix) => path.startsWith(prefix)))
      expect(found).toEqual([])
    })

    it('holds no other function', () => {
      const others = inputsOf(outputs).filter((path) => /^functions\/(?!shared\/)/.test(path))
      expect(others.filter((path) => !path.startsWith(`functions/${dirname(handler)}/`))).toEqual([])
    })

    it('holds nothing at its start that its task does not need', () => {
      const atStart = inputsOf(loadedAtStart(name).values())
      const found = atStart.filter((path) => without.some((prefix) => path.startsWith(prefix)))
      expect(found).toEqual([])
    })

    it('does not hold the description of the validation options', () => {
      const validate = outputs.flatMap(({ inputs }) =>
        Object.entries(inputs).flatMap(([path, one]) =>
          /buf\/validate/.test(path) ? [one.bytesInOutput] : [],
        ),
      )
      expect(Math.max(0, ...validate)).toBeLessThan(200)
    })

    it('has the tracer in a file of its own, loaded only when it is asked for', () => {
      expect(inputsOf(outputs).filter((path) => /powertools\/tracer|aws-xray/.test(path))).toEqual([])
      expect(Object.values(metafile.outputs).map(({ entryPoint }) => entryPoint)).toContain(TRACER)
    })

    it(`is at most ${startKb} KB at start and ${allKb} KB in all`, () => {
      expect(bytesOf(loadedAtStart(name).values()) / 1000).toBeLessThanOrEqual(startKb)
      expect(bytesOf(outputs) / 1000).toBeLessThanOrEqual(allKb)
    })
  })
}
