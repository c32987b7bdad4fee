import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sourceFrame } from '../../../functions/shared/source-position.ts'

const SOURCE = `
export function first() { return 1 }

export function fails() {
  throw new TypeError('on purpose')
}
`

let root: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'flyte-test-'))
  writeFileSync(join(root, 'source.ts'), SOURCE)
  await build({
    absWorkingDir: root,
    entryPoints: [{ in: join(root, 'source.ts'), out: 'index' }],
    outdir: join(root, 'out'),
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
  })
})

afterAll(() => rmSync(root, { recursive: true }))

/** Where the bundle throws: its address, line and column, as Node prints them without source maps. */
function thrownAt(): string {
  const script = `import('${bundleUrl()}').then(({ fails }) => fails()).catch(({ stack }) => console.log(stack))`
  const stack = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  return /\((file:.+)\)/.exec(stack)?.[1] ?? stack
}

const bundleUrl = () => pathToFileURL(join(root, 'out/index.mjs')).href

describe('a stack frame', () => {
  it('of a bundle names the place in the source', () => {
    expect(sourceFrame(`at r (${thrownAt()})`)).toBe('at source.ts:5:9')
    expect(sourceFrame(`at async ${thrownAt()}`)).toBe('at source.ts:5:9')
  })

  it('of a bundle without a map stays as it is', () => {
    writeFileSync(join(root, 'plain.mjs'), 'export {}')
    const frame = `at r (${pathToFileURL(join(root, 'plain.mjs')).href}:1:1)`
    expect(sourceFrame(frame)).toBe(frame)
    expect(sourceFrame(frame)).toBe(frame)
  })

  it('of a bundle with a broken map stays as it is', () => {
    writeFileSync(join(root, 'broken.mjs.map'), '{')
    const frame = `at r (${pathToFileURL(join(root, 'broken.mjs')).href}:1:1)`
    expect(sourceFrame(frame)).toBe(frame)
  })

  for (const frame of [
    'at node:internal/process/task_queues:103:5',
    'at new Promise (<anonymous>)',
    'at r (https://example.com/index.mjs:1:1)',
    '',
  ]) {
    it(`such as "${frame}" stays as it is`, () => expect(sourceFrame(frame)).toBe(frame))
  }
})
