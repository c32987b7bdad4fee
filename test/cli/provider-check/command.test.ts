/** The command: its arguments, its two forms of report, and whether the clients are registered. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseSettings } from '../../../lib/settings/settings.ts'
import {
  AUTHORIZE_PATH,
  type DescribedProvider,
  startDescribedProvider,
} from '../../support/described-provider.ts'
import { type Answer, broken } from '../../support/test-issuer.ts'
import { check, runCheck } from './run-check.ts'

const PUBLIC_URL = 'https://flyte.example.com'
const WEB = ['--client-id', 'flyte-web', '--public-url', PUBLIC_URL]

let provider: DescribedProvider
beforeAll(async () => {
  provider = await startDescribedProvider()
})
afterAll(() => provider.close())

describe('the command', () => {
  it('says how it is used', async () => {
    const { exitCode, stdout, stderr } = await runCheck(['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('--token-file')
  })

  const mistakes: Record<string, string[]> = {
    'no issuer': [],
    'two issuers': ['https://a.example.com', 'https://b.example.com'],
    'no address': ['example'],
    'an issuer over http': ['http://id.example.com'],
    'a query in the issuer': ['https://id.example.com?a=b'],
    'an unknown option': ['https://id.example.com', '--token', 'x'],
    'an option without its value': ['https://id.example.com', '--client-id'],
    'a public URL with a path': ['https://id.example.com', '--public-url', 'https://flyte.example.com/v2'],
    'a file that is not there': ['https://id.example.com', '--token-file', '/does/not/exist'],
  }
  for (const [name, argv] of Object.entries(mistakes)) {
    it(`answers ${name} with one sentence and exit code 1`, async () => {
      const { exitCode, stdout, stderr } = await runCheck(argv)
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
      expect(stderr).toMatch(/^[A-Z-].*\.\n$/)
      for (const value of argv.slice(2))
        expect(stderr).not.toContain(value === '--token-file' ? '\n\n' : ` ${value}`)
    })
  }

  it('runs as a program', () => {
    const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'provider-check.ts')
    const { status, stdout } = spawnSync(process.execPath, [program, '--help'], { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toContain('provider:check')
  })
})

describe('the report', () => {
  it('has a line for each finding, a verdict, and a file to paste', async () => {
    const { stdout, exitCode } = await runCheck([provider.issuer])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^Discovery$/m)
    expect(stdout).toMatch(/^ {2}✓ PKCE with S256 is supported\.$/m)
    expect(stdout).toMatch(/^Nothing has to change\.$/m)
    expect(stdout).toMatch(/^ {2}auth:$/m)
  })

  it('says what to do below what must change, and counts', async () => {
    const complete = provider.metadata
    provider.metadata = { ...complete, code_challenge_methods_supported: ['plain'] }
    const { stdout, exitCode } = await runCheck([provider.issuer])
    provider.metadata = complete
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^ {2}✗ PKCE.*\n {6}→ Allow S256/m)
    expect(stdout).toMatch(/^1 thing must change \(✗\)\.$/m)
  })

  it('keeps control characters of the provider off the terminal', async () => {
    const complete = provider.metadata
    provider.metadata = {
      ...complete,
      issuer: 'https://id.example.com/\u001b[2J',
      jwks_uri: 'https://id.example.com/\u009b2J\u202e',
    }
    const texts = [await runCheck([provider.issuer]), await runCheck([provider.issuer, '--json'])]
    provider.metadata = complete
    for (const { stdout } of texts) {
      expect(stdout).toContain('\\u009b2J\\u202e')
      for (const character of '\u001b\u009b\u202e') expect(stdout).not.toContain(character)
    }
  })

  it('says that there is no provider where there is none, and one thing to do', async () => {
    const { stdout, exitCode } = await runCheck(['http://127.0.0.1:9'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('This does not look like an OpenID provider')
    expect(stdout).toMatch(/^1 thing must change \(✗\)\.$/m)
  })

  it('has settings that the deployment takes as they are', async () => {
    const { stdout } = await runCheck([provider.issuer, ...WEB, '--cli-client-id', 'flyte-cli'])
    const block = stdout.split('For flyte.yaml')[1] ?? ''
    const place = 'aws: { region: eu-west-1 }\ndomain: { hostedZoneId: Z0123456789, zoneName: example.com }\n'
    const { auth } = parseSettings(place + block.replaceAll(/^ {2}/gm, ''))
    expect(auth.userAuth.openId).toMatchObject({ baseUrl: provider.issuer, clientId: 'flyte-web' })
  })
})

describe('the registration of a client', () => {
  const accept: Answer = (_request, response) => void response.writeHead(302, { location: '/login' }).end()
  const refuse: Answer = (_request, response) => void response.writeHead(400).end('Invalid redirect_uri')
  const redirectWithError: Answer = (request, response) => {
    const { searchParams } = new URL(request.url ?? '', provider.issuer)
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('error', 'unauthorized_client')
    response.writeHead(302, { location: back.href }).end()
  }

  beforeEach(() => {
    provider.asked.length = 0
  })

  async function levelsWith(answer: Answer) {
    provider.answers[AUTHORIZE_PATH] = answer
    return (await check([provider.issuer, ...WEB, '--cli-client-id', 'flyte-cli'])).levels
  }

  it('is asked for as a sign-in would begin, for each redirect URI', async () => {
    expect(await levelsWith(accept)).toMatchObject({
      'load-balancer-redirect-uri': 'ok',
      'own-redirect-uri': 'ok',
      'cli-redirect-uri': 'ok',
    })
    const urls = provider.asked.filter((url) => url.startsWith(AUTHORIZE_PATH))
    const queries = urls.map((url) => new URL(url, provider.issuer).searchParams)
    expect(queries.map((query) => query.get('redirect_uri')).sort()).toEqual([
      'http://localhost:53593/callback',
      `${PUBLIC_URL}/callback`,
      `${PUBLIC_URL}/oauth2/idpresponse`,
    ])
    for (const query of queries) expect(query.get('code_challenge_method')).toBe('S256')
  })

  for (const [name, answer] of Object.entries({ refuse, redirectWithError })) {
    it(`has to change where the provider refuses it (${name}); our own callback is optional`, async () => {
      expect(await levelsWith(answer)).toMatchObject({
        'load-balancer-redirect-uri': 'change',
        'own-redirect-uri': 'note',
        'cli-redirect-uri': 'change',
      })
    })
  }

  it('cannot be told where the provider is out of order', async () => {
    expect((await levelsWith(broken))['cli-redirect-uri']).toBe('change')
  })

  it('is not asked for where no client was named', async () => {
    await check([provider.issuer])
    expect(provider.asked.some((url) => url.startsWith(AUTHORIZE_PATH))).toBe(false)
  })
})
