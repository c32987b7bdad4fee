/** The command that makes secrets of clients, and the authorization server that reads what it wrote. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { clientSecret, HELP } from '../../../cli/client-secret/main.ts'
import { createClientSecrets } from '../../../functions/authorization-server/client-secrets.ts'

interface Run {
  readonly code: number
  readonly out: string
  readonly said: string
  /** The secret that was shown, if one was. */
  readonly secret: string
}

async function run(argv: string[], input = '{}', isTTY = false): Promise<Run> {
  const run = { out: '', said: '' }
  const code = await clientSecret(argv, {
    stdin: Object.assign(Readable.from([input]), { isTTY }),
    stdout: (text) => {
      run.out += text
    },
    stderr: (text) => {
      run.said += text
    },
  })
  const [, secret = ''] = /^ {2}([\w-]{43})$/m.exec(run.said) ?? []
  return { code, ...run, secret }
}

/** Whether the authorization server takes a secret for the client's. */
function isTaken(document: string, clientId: string, secret: string): Promise<boolean> {
  const check = createClientSecrets({
    readSecret: async () => document,
    secretName: 'clients',
    random: (length) => new Uint8Array(length),
  })
  return check(clientId, secret)
}

describe('a secret that is made', () => {
  it('is shown to the person, written as a hash, and taken by the authorization server', async () => {
    const { code, out, secret } = await run(['add', 'flytepropeller'])
    expect(code).toBe(0)
    expect(out).not.toContain(secret)
    expect(await isTaken(out, 'flytepropeller', secret)).toBe(true)
    expect(await isTaken(out, 'flytepropeller', `${secret}x`)).toBe(false)
    expect(await isTaken(out, 'flytectl', secret)).toBe(false)
  })

  it('is another one each time, and leaves other clients alone', async () => {
    const first = await run(['add', 'reporter'])
    const second = await run(['add', 'ci'], first.out)
    expect(second.secret).not.toBe(first.secret)
    expect(await isTaken(second.out, 'reporter', first.secret)).toBe(true)
  })

  it('leaves the one before it good until that is retired', async () => {
    const old = await run(['add', 'ci'])
    const both = await run(['add', 'ci'], old.out)
    expect(await isTaken(both.out, 'ci', old.secret)).toBe(true)
    expect(await isTaken(both.out, 'ci', both.secret)).toBe(true)
    const after = await run(['retire', 'ci'], both.out)
    expect(await isTaken(after.out, 'ci', old.secret)).toBe(false)
    expect(await isTaken(after.out, 'ci', both.secret)).toBe(true)
  })

  it('is never the third', async () => {
    const two = await run(['add', 'ci'], (await run(['add', 'ci'])).out)
    expect(await run(['add', 'ci'], two.out)).toMatchObject({ code: 1, out: '', secret: '' })
  })

  it('is the first of a secret that holds nothing yet', async () => {
    expect(await run(['add', 'ci'], '')).toMatchObject({ code: 0 })
  })
})

describe('a client that has no business any more', () => {
  it('loses all its secrets, and nobody else does', async () => {
    const mine = await run(['add', 'ci'])
    const both = await run(['add', 'reporter'], mine.out)
    const { code, out } = await run(['remove', 'reporter'], both.out)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(JSON.parse(mine.out))
  })

  for (const command of ['retire', 'remove']) {
    it(`cannot be one that has none, to ${command}`, async () => {
      expect(await run([command, 'ci'])).toMatchObject({
        code: 1,
        out: '',
        said: expect.stringContaining('ci'),
      })
    })
  }
})

describe('the command', () => {
  it('explains itself', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, out: HELP })
  })

  const refused: [what: string, argv: string[], input?: string, isTTY?: boolean][] = [
    ['nothing to do', []],
    ['something that it does not do', ['rotate', 'ci']],
    ['a method of objects', ['toString', 'ci']],
    ['no client', ['add']],
    ['an id that no client has', ['add', 'a b']],
    ['more than one client', ['add', 'a', 'b']],
    ['no document', ['add', 'ci'], '{}', true],
    ['a document that is none', ['add', 'ci'], 'not JSON'],
    ['a list', ['add', 'ci'], '[]'],
    ['something else than hashes', ['add', 'ci'], '{"ci":1}'],
  ]
  for (const [what, argv, input, isTTY] of refused) {
    it(`refuses ${what}, and writes nothing`, async () => {
      expect(await run(argv, input, isTTY)).toMatchObject({ code: 1, out: '', secret: '' })
    })
  }
})
