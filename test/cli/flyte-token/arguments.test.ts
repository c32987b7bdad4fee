/** What can be typed, and what is said of anything else. */
import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../../cli/flyte-token/arguments.ts'
import { HELP_TEXT } from '../../../cli/flyte-token/help.ts'
import { CommandError } from '../../../cli/shared/failure.ts'

const USER = ['user-id-token', '--client-id', 'a']
const SERVICE = ['service-account-id-token']

function complaintOf(argv: readonly string[]): string {
  try {
    parseArguments(argv)
    return 'accepted'
  } catch (error) {
    if (error instanceof CommandError && error.reason === 'usage') return error.message
    throw error
  }
}

describe('what is typed', () => {
  it('means Google, an ID token and any free port where nothing else is said', () => {
    expect(parseArguments(USER)).toMatchObject({
      name: 'user-id-token',
      timeoutSeconds: 300,
      keyring: true,
      shown: { as: 'token' },
      options: {
        issuer: 'https://accounts.google.com',
        token: 'idToken',
        redirectUri: new URL('http://127.0.0.1:0/callback'),
        openBrowser: true,
        device: false,
        clientSecret: undefined,
      },
    })
  })

  for (const argv of [
    [],
    ['help'],
    ['--help'],
    ['-h'],
    ['list', '--help'],
    [...USER, '-h'],
    [...SERVICE, '--help'],
  ]) {
    it(`asks for help with "${argv.join(' ')}"`, () => expect(parseArguments(argv).name).toBe('help'))
  }

  const refusals: [name: string, argv: string[], says: RegExp][] = [
    ['another command', ['login'], /^The first argument is one of user-id-token/],
    ['a flag that there is not', [...USER, '--colour'], /--colour/],
    ['a word too many', [...USER, 'ada'], /ada/],
    ['a flag without its value', [...USER, '--audience'], /--audience/],
    ['no client', ['user-id-token'], /--client-id is missing/],
    [
      'an issuer over plain http',
      [...USER, '--issuer', 'http://id.example.com'],
      /--issuer takes the https URL/,
    ],
    ['an issuer that is none', [...USER, '--issuer', 'id'], /--issuer takes/],
    ['an issuer with a password', [...USER, '--issuer', 'https://a:b@id.example.com'], /--issuer takes/],
    ['no time', [...USER, '--timeout', '0'], /--timeout takes a whole number/],
    ['a time of some kind', [...USER, '--timeout', 'soon'], /--timeout takes/],
    ['port 0', [...USER, '--port', '0'], /--port takes/],
    ['a port beyond', [...USER, '--port', '70000'], /--port takes/],
    ['both port and callback', [...USER, '--port', '1', '--redirect-uri', 'http://localhost/'], /not both/],
    ['a callback elsewhere', [...USER, '--redirect-uri', 'https://example.com/cb'], /URL of this machine/],
    [
      'a callback with a query',
      [...USER, '--redirect-uri', 'http://localhost/cb?a=b'],
      /URL of this machine/,
    ],
    ['two secrets', [...USER, '--client-secret-env', 'A', '--client-secret-file', 'b'], /^Give one of/],
    ['a key without a secret', [...USER, '--client-secret-key', 'a'], /needs a secret/],
    ['the secret itself', [...USER, '--client-secret', 's3cret'], /--client-secret/],
    ['another way to send it', [...USER, '--client-auth', 'jwt'], /basic or post/],
    ['two ways to print', [...USER, '--json', '--decode'], /not both/],
    ['another source', [...SERVICE, '--source', 'moon'], /key-file/],
    ['a flag of the other command', [...SERVICE, '--device'], /--device/],
  ]
  for (const [name, argv, says] of refusals) {
    it(`is refused with ${name}, in one sentence`, () => {
      const complaint = complaintOf(argv)
      expect(complaint).toMatch(says)
      expect(complaint.trimEnd().split('\n')).toHaveLength(1)
      expect(complaint).not.toContain('s3cret')
    })
  }
})

describe('the help', () => {
  it('fits a terminal, and has a configuration for each of the two SDKs', () => {
    for (const line of HELP_TEXT.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
    for (const text of ['ExternalCommand', 'proxyCommand', '--access-token'])
      expect(HELP_TEXT).toContain(text)
  })

  it('names every flag there is', async () => {
    const { readFile } = await import('node:fs/promises')
    const source = await readFile(new URL('../../../cli/flyte-token/arguments.ts', import.meta.url), 'utf8')
    const table = source.slice(source.indexOf('const COMMON'), source.indexOf('const DEFAULT_ISSUER'))
    const flags = [...table.matchAll(/(?:'([a-z-]+)'|\b([a-z]+)): (?:text|flag|\{)/g)].map(
      ([, a, b]) => a ?? b,
    )
    expect(flags.length).toBeGreaterThan(20)
    const unnamed = flags.filter((name) => !['help', 'short', 'default'].includes(String(name)))
    expect(unnamed.filter((name) => !HELP_TEXT.includes(`--${name}`))).toEqual([])
  })
})
