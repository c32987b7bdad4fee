/** How long files and functions may be, what a function's folder holds, and what no file says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REASONS } from '../../functions/shared/errors.ts'
import { filesBelow, ROOT, sourceFiles } from './sources.ts'

const MAX_FILE_LINES = 300
const MAX_FUNCTION_LINES = 80

const files = sourceFiles()
const tests = sourceFiles(['test'])

describe('a file', () => {
  it(`has at most ${MAX_FILE_LINES} lines`, () => {
    const long = files.filter(({ lines }) => lines > MAX_FILE_LINES)
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([])
  })

  it(`has no function of more than ${MAX_FUNCTION_LINES} lines`, () => {
    const long = files.flatMap(({ path, functions }) =>
      functions
        .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
        .map((one) => `${path}:${one.line}: ${one.lines}`),
    )
    expect(long).toEqual([])
  })

  it('exports by name only', () => {
    expect([...files, ...tests].filter((file) => file.hasDefaultExport).map(({ path }) => path)).toEqual([])
  })

  it('is named in lower case, with hyphens', () => {
    const odd = [...files, ...tests].map(({ path }) => path).filter((path) => !/^[a-z0-9./-]+$/.test(path))
    expect(odd).toEqual([])
  })

  it('leaves nothing to be done later', () => {
    const marks = /\b(?:[T]ODO|[F]IXME|[X]XX|[H]ACK)\b/
    expect([...files, ...tests].filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([])
  })

  it('names no place of the machine it was written on', () => {
    const documents = ['docs', 'test/support'].flatMap((folder) => filesBelow(folder, '.md'))
    const texts = [...files, ...tests].map(({ path, text }) => ({ path, text }))
    const more = [
      ...documents,
      'README.md',
      'package.json',
      'package-lock.json',
      'flyte.yaml',
      'cdk.json',
    ].map((path) => {
      return { path, text: readFileSync(join(ROOT, path), 'utf8') }
    })
    const places = [ROOT, '/home/', '/Users/', '/root/'].filter((place) => place.length > 1)
    const found = [...texts, ...more].filter(({ path, text }) => {
      return path !== 'test/rules/shape.test.ts' && places.some((place) => text.includes(place))
    })
    expect(found.map(({ path }) => path)).toEqual([])
  })
})

describe('a test', () => {
  it('is neither left out nor run alone', () => {
    const named = (name: string) =>
      tests.filter(({ uses }) => ['it', 'describe', 'test'].some((word) => uses.has(`${word}.${name}`)))
    for (const name of ['skip', 'only', 'todo', 'fails'])
      expect(named(name).map(({ path }) => path)).toEqual([])
  })
})

describe('a reason', () => {
  it('is given somewhere: none is left over', () => {
    const functions = files.filter(
      ({ path }) => path.startsWith('functions/') && path !== 'functions/shared/errors.ts',
    )
    const given = functions.map(({ text }) => text).join('\n')
    expect(Object.keys(REASONS).filter((reason) => !given.includes(`'${reason}'`))).toEqual([])
  })
})

describe('the lock file', () => {
  it('takes packages from the registry that npm is set up with, by their hash', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string; integrity?: string; inBundle?: boolean }>
    }
    // What comes inside another package is covered by the hash of that one.
    const entries = Object.entries(packages).filter(([path, { inBundle }]) => path !== '' && !inBundle)
    const fromElsewhere = entries.filter(([, { resolved }]) => resolved !== undefined)
    expect(fromElsewhere.map(([path]) => path)).toEqual([])
    expect(entries.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([])
  })
})
