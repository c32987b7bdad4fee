/** Where the environment, the clock, randomness and the console may be touched. */
import { describe, expect, it } from 'vitest'
import { isBelow, parseText, type SourceFile, sourceFiles } from './sources.ts'

const files = sourceFiles()
/** Code for the browser has no settings and no clock to be handed in. */
const inLambda = (path: string) => isBelow(path, 'functions') && !isBelow(path, 'functions/console/client')

interface Room {
  readonly what: string
  /** Whether a file uses it. */
  readonly uses: (file: SourceFile) => boolean
  /** Whether the rule holds for a file at all, and whether the file is the room. */
  readonly appliesTo: (path: string) => boolean
  readonly room: readonly string[]
  /** Code that uses it. */
  readonly examples: readonly string[]
}

/** Whether what a file calls `randomBytes` was handed in, as it should be. */
const isHandedRandomBytes = (file: SourceFile) =>
  file.text.includes('randomBytes: RandomBytes') &&
  !/\brandomBytes\b[^}]*\} from 'node:crypto'/.test(file.text)

const usesAny =
  (...names: string[]) =>
  (file: SourceFile) =>
    names.some((name) => file.uses.has(name))

const rooms: readonly Room[] = [
  {
    what: 'the environment',
    uses: (file) =>
      file.uses.has('process.env') || file.uses.has('env.?') || importsName(file, 'node:process'),
    appliesTo: (path) => !isBelow(path, 'local'),
    room: ['functions/shared/config.ts', 'bin/app.ts', 'bin/flyte-token.ts'],
    examples: ['const a = process.env.A', "const a = process.env['A']", "import { env } from 'node:process'"],
  },
  {
    what: 'the clock',
    uses: usesAny('Date.now', 'new Date()'),
    appliesTo: inLambda,
    room: ['functions/shared/clock.ts'],
    examples: ['const a = Date.now()', 'const now = Date.now', 'const a = new Date()'],
  },
  {
    what: 'randomness',
    uses: (file) =>
      usesAny('Math.random', 'randomUUID()', 'getRandomValues()', 'randomInt()', 'randomFillSync()')(file) ||
      (file.uses.has('randomBytes()') && !isHandedRandomBytes(file)),
    appliesTo: inLambda,
    room: ['functions/shared/random.ts'],
    examples: ['const a = Math.random()', 'const a = crypto.randomUUID()', 'const a = randomBytes(3)'],
  },
  {
    what: 'weak randomness',
    uses: usesAny('Math.random'),
    appliesTo: () => true,
    room: [],
    examples: ['const a = Math.random()'],
  },
  {
    what: 'the console',
    uses: (file) => [...file.uses].some((use) => use.startsWith('console.')),
    appliesTo: (path) => isBelow(path, 'functions') || isBelow(path, 'lib'),
    room: [],
    examples: ["console.log('a')", "globalThis.console.error('a')"],
  },
  {
    what: 'the end of the process',
    uses: usesAny('process.exit', 'process.kill', 'process.abort'),
    appliesTo: (path) => isBelow(path, 'functions') || isBelow(path, 'lib'),
    room: [],
    examples: ['process.exit(1)'],
  },
  {
    what: 'code made of text',
    uses: usesAny('eval()', 'new Function(…)', 'Function()'),
    appliesTo: () => true,
    room: [],
    examples: ["eval('1')", "new Function('return 1')"],
  },
]

function importsName(file: SourceFile, name: string): boolean {
  return file.imports.some(({ target }) => target === name)
}

for (const { what, uses, appliesTo, room, examples } of rooms) {
  describe(what, () => {
    it(`is used ${room.length === 0 ? 'nowhere' : `in ${room.join(' and ')} only`}`, () => {
      const users = files.filter((file) => appliesTo(file.path) && uses(file)).map(({ path }) => path)
      expect(users.filter((path) => !room.includes(path))).toEqual([])
    })

    it('is noticed when it is used', () => {
      for (const code of examples) expect(uses(parseText('functions/runs/x.ts', code)), code).toBe(true)
    })
  })
}
