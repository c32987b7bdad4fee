import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BundleError, type Bundles, bundleFunctions } from '../../lib/bundling.ts'

const HANDLER = `
import { create, toBinary } from '@bufbuild/protobuf'
import { CreateRunRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
const major = require('node:process').versions.node.split('.')[0]
export const handler = () => ({
  bytes: toBinary(CreateRunRequestSchema, create(CreateRunRequestSchema, { id: { case: 'runId', value: { name: 'n' } } })).length,
  major,
})
`

const NAMED = `
class AuthorizationCode {}
export const handler = () => AuthorizationCode.name
`

const DIST = join(import.meta.dirname, '../../dist')
let root: string
let bundles: Bundles

/** A folder of functions, inside the project so that packages are found as they are from `functions/`. */
function writeHandler(name: string, code: string, file = 'handler.ts'): void {
  mkdirSync(join(root, 'source', name), { recursive: true })
  writeFileSync(join(root, 'source', name, file), code)
}

beforeAll(async () => {
  mkdirSync(DIST, { recursive: true })
  root = mkdtempSync(join(DIST, 'test-'))
  writeHandler('metadata', 'export const handler = () => 1')
  writeHandler('runs', HANDLER)
  writeHandler('authorization-server', NAMED)
  writeHandler('authorization-server', 'export const handler = () => 2', 'rotate-handler.ts')
  bundles = await bundleFunctions({
    names: ['metadata', 'runs', 'authorization-server', 'rotate-keys'],
    source: join(root, 'source'),
    outdir: join(root, 'out'),
  })
})

afterAll(() => rmSync(root, { recursive: true }))

describe('a bundle', () => {
  it('is one module and its source map, in a folder of its own', () => {
    expect(readdirSync(bundles.directoryOf('metadata')).sort()).toEqual(['index.mjs', 'index.mjs.map'])
  })

  it('runs by itself: messages encode, require works', async () => {
    const bundle = pathToFileURL(join(bundles.directoryOf('runs'), 'index.mjs')).href
    const script = `import('${bundle}').then(({ handler }) => console.log(JSON.stringify(handler())))`
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script])
    expect(JSON.parse(stdout)).toEqual({
      bytes: 5,
      major: process.versions.node.split('.')[0],
    })
  })

  it('keeps the names of classes where the engine stores things under them', async () => {
    const { handler } = await import(
      pathToFileURL(join(bundles.directoryOf('authorization-server'), 'index.mjs')).href
    )
    expect(handler()).toBe('AuthorizationCode')
  })

  it('may have its handler beside that of another function', async () => {
    const { handler } = await import(
      pathToFileURL(join(bundles.directoryOf('rotate-keys'), 'index.mjs')).href
    )
    expect(handler()).toBe(2)
  })

  it('has no source code in its source map', () => {
    const map = JSON.parse(readFileSync(join(bundles.directoryOf('runs'), 'index.mjs.map'), 'utf8'))
    expect(map.sourcesContent).toBeUndefined()
    expect(map.sources.length).toBeGreaterThan(1)
  })

  it('imports nothing but modules of Node itself', () => {
    const outputs = Object.values(bundles.metafile.outputs).flatMap(({ imports }) => imports)
    expect(
      outputs.filter(({ external, path }) => external && !path.startsWith('node:')).map(({ path }) => path),
    ).toEqual([])
  })

  it('leaves the validation options out, of which only the name is needed', () => {
    const [, runs] =
      Object.entries(bundles.metafile.outputs).find(([path]) => path.endsWith('runs/index.mjs')) ?? []
    const [, validate] =
      Object.entries(runs?.inputs ?? {}).find(([path]) => path.includes('buf/validate')) ?? []
    expect(validate?.bytesInOutput ?? 0).toBeLessThan(200)
  })

  it('is described beside the others', () => {
    expect(JSON.parse(readFileSync(join(root, 'out', 'metafile.json'), 'utf8'))).toEqual(bundles.metafile)
  })
})

describe('bundling', () => {
  it('refuses a function without a handler, by its path', async () => {
    const source = join(root, 'source')
    await expect(
      bundleFunctions({ names: ['console'], source, outdir: join(tmpdir(), 'unused') }),
    ).rejects.toThrow(join(source, 'console', 'handler.ts'))
  })

  it('refuses code that does not build, with the place', async () => {
    writeHandler('console', 'export const handler = (')
    const bundling = bundleFunctions({
      names: ['console'],
      source: join(root, 'source'),
      outdir: join(root, 'broken'),
    })
    await expect(bundling).rejects.toThrow(BundleError)
    await expect(bundling).rejects.toThrow(/handler\.ts:1:\d+/)
  })
})
