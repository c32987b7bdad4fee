import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseSettings } from '../../lib/settings/settings.ts'
import { TemplateError } from '../../local/alb/index.ts'
import { TableShapeError } from '../../local/aws/dynamodb.ts'
import { closingList } from '../../local/closing.ts'
import { parseStartArguments, UsageError } from '../../local/command-line.ts'
import { CustomResourceError } from '../../local/custom-resources.ts'
import { readOrMakeJson, writePrivately } from '../../local/data-directory.ts'
import { lockDataDirectory } from '../../local/data-lock.ts'
import { sentenceFor } from '../../local/failure.ts'
import { closeServer, ListenError, listen } from '../../local/listening.ts'
import { discoverProvider, localProvider, ProviderError } from '../../local/provider-description.ts'
import { localSettings } from '../../local/settings.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'start-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('the arguments of npm start', () => {
  it('are not needed', () => {
    expect(parseStartArguments([], {})).toEqual({
      help: false,
      port: 8080,
      tls: false,
      verbose: false,
      dataDirectory: undefined,
      provider: undefined,
      browserAuth: 'alb',
      self: false,
      internal: false,
      proxyPort: undefined,
    })
  })

  it('say where a proxy is in front, if there is one', () => {
    expect(parseStartArguments(['--proxy', '8443'], {}).proxyPort).toBe(8443)
  })

  it('say whether running tasks have a load balancer to call', () => {
    expect(parseStartArguments(['--internal'], {}).internal).toBe(true)
  })

  it('say whose tokens there are', () => {
    expect(parseStartArguments(['--self'], {}).self).toBe(true)
  })

  it('say who signs browsers in', () => {
    expect(parseStartArguments(['--browser-auth', 'service'], {}).browserAuth).toBe('service')
  })

  it('take a real identity provider, and its secret from the environment only', () => {
    const argv = ['--provider', 'https://id.example.com', '--client-id', 'me', '--audience', 'urn:api']
    expect(parseStartArguments(argv, { FLYTE_OIDC_CLIENT_SECRET: 'secret' }).provider).toEqual({
      url: 'https://id.example.com',
      clientId: 'me',
      clientSecret: 'secret',
      commandLineClientId: undefined,
      audience: 'urn:api',
    })
    expect(() => parseStartArguments([...argv, '--client-secret', 'x'], {})).toThrow(UsageError)
  })

  const refusals: [string, string[]][] = [
    ['an unknown option', ['--unknown']],
    ['an option without its value', ['--port']],
    ['a value for a switch', ['--tls=yes']],
    ['a port of a proxy that is none', ['--proxy', 'yes']],
    ['a proxy before a real provider', ['--proxy', '8443', '--provider', 'https://id.example.com']],
    ['a stray word', ['8080']],
    ['port 0', ['--port', '0']],
    ['a port without one above it', ['--port', '65535']],
    ['a negative port', ['--port=-1']],
    ['a provider without a scheme', ['--provider', 'id.example.com']],
    ['somebody else to sign browsers in', ['--browser-auth', 'nobody']],
    ['a provider’s audience for tokens of its own', ['--self', '--audience', 'urn:api']],
    ['a provider’s client for tokens of its own', ['--self', '--cli-client-id', 'cli']],
    ['a port without two above it for both load balancers', ['--internal', '--port', '65534']],
    ['a provider of another scheme', ['--provider', 'ftp://id.example.com']],
    ['a provider without a secret', ['--provider', 'https://id.example.com', '--client-id', 'me']],
  ]
  for (const [what, argv] of refusals) {
    it(`refuse ${what}`, () => expect(() => parseStartArguments(argv, {})).toThrow(UsageError))
  }
})

describe('the local settings', () => {
  const settings = (override = {}) =>
    localSettings({
      publicUrl: 'http://localhost:8080',
      provider: localProvider('http://localhost:8081'),
      override,
    })

  it('pass the checks of flyte.yaml', () => {
    expect(parseSettings(settings()).resolved).toMatchObject({
      publicUrl: 'http://localhost:8080',
      openIdIssuer: 'http://localhost:8081',
      trustedIssuers: [{ issuer: 'http://localhost:8081', audiences: ['http://localhost:8080'] }],
    })
  })

  it('pass them for a deployment that issues its own tokens', () => {
    const own = localSettings({
      publicUrl: 'http://localhost:8080',
      provider: localProvider('http://localhost:8081'),
      self: true,
    })
    expect(parseSettings(own).resolved).toMatchObject({
      openIdIssuer: 'http://localhost:8081',
      trustedIssuers: [{ issuer: 'http://localhost:8080', jwksUri: 'http://localhost:8080/oauth2/jwks' }],
    })
  })

  it('can be changed value by value, and list by list', () => {
    const changed = parseSettings(
      settings({ runs: { domains: ['one'] }, auth: { userAuth: { redirectUrl: '/console' } } }),
    )
    expect(changed.runs.domains).toEqual(['one'])
    expect(changed.auth.userAuth.redirectUrl).toBe('/console')
    expect(changed.auth.userAuth.openId.clientId).toBe('flyte-web')
  })
})

describe('a real identity provider', () => {
  const CLIENT = { clientId: 'me', clientSecret: 'secret' }

  /** Serves one discovery document, and answers what is made of it. */
  async function discovered(document: (issuer: string) => unknown, suffix = '') {
    const server = createServer((_request, response) => {
      const body = document(`http://localhost:${port}`)
      response
        .writeHead(body === undefined ? 404 : 200)
        .end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    const port = await listen(server, { port: 0 })
    const url = `http://localhost:${port}${suffix}`
    return discoverProvider({ url, ...CLIENT }).finally(() => closeServer(server))
  }
  const complete = (issuer: string) => ({
    issuer,
    authorization_endpoint: `${issuer}/a`,
    token_endpoint: `${issuer}/t`,
    userinfo_endpoint: `${issuer}/u`,
    jwks_uri: `${issuer}/k`,
  })

  it('is described by its discovery document', async () => {
    expect(await discovered(complete)).toMatchObject({
      authorizationEndpoint: expect.stringMatching(/\/a$/),
      jwksUri: expect.stringMatching(/\/k$/),
      clientId: 'me',
      commandLineClientId: 'me',
    })
  })

  it('may call itself with a slash at the end', async () => {
    expect((await discovered((issuer) => ({ ...complete(issuer), issuer: `${issuer}/` }))).issuer).toMatch(
      /\/$/,
    )
  })

  const refusals: [string, (issuer: string) => unknown, ProviderError['reason']][] = [
    ['without a document', () => undefined, 'no_document'],
    ['that answers a page', () => '<html></html>', 'no_document'],
    ['without an endpoint', (issuer) => ({ ...complete(issuer), jwks_uri: undefined }), 'incomplete'],
    [
      'that calls itself otherwise',
      (issuer) => ({ ...complete(issuer), issuer: 'https://other.example' }),
      'issuer_mismatch',
    ],
  ]
  for (const [what, document, reason] of refusals) {
    it(`${what} is refused`, async () => {
      await expect(discovered(document)).rejects.toMatchObject({ name: 'ProviderError', reason })
    })
  }

  it('that is not there is refused', async () => {
    await expect(discoverProvider({ url: 'http://localhost:1', ...CLIENT })).rejects.toMatchObject({
      reason: 'unreachable',
    })
  })
})

describe('a failure', () => {
  const sentences: [string, unknown, RegExp][] = [
    ['a taken port', new ListenError(80, 'EADDRINUSE', undefined), /^Port 80 is taken; .*--port\.$/],
    [
      'a port that needs privileges',
      new ListenError(80, 'EACCES', undefined),
      /^Port 80 may not be opened; .*1023/,
    ],
    [
      'the provider’s port',
      new ListenError(81, 'EADDRINUSE', undefined),
      /^Port 81, which the identity provider needs/,
    ],
    [
      'a data folder of another version',
      new TableShapeError('Runs'),
      /^The data folder was made by another version/,
    ],
    [
      'a broken template',
      new TemplateError('Resources.X', 'has no value here'),
      /^The template cannot be run: Resources\.X: .*lib\//,
    ],
    [
      'a function that did not do its part',
      new CustomResourceError('KeyRotationFirstRun'),
      /stopped at KeyRotationFirstRun: .*--verbose/,
    ],
    ['a provider', new ProviderError('unreachable'), /^The identity provider does not answer; check/],
  ]
  for (const [what, error, sentence] of sentences) {
    it(`of ${what} is told in one sentence`, () => expect(sentenceFor(error, 80)).toMatch(sentence))
  }

  it('of this program is not explained away', () => {
    expect(sentenceFor(new TypeError('x is not a function'), 80)).toBeUndefined()
  })
})

describe('a kept document', () => {
  it('is made once, also by many at once, and only its owner may read it', async () => {
    const file = join(directory, 'deep', 'document.json')
    let made = 0
    const make = async () => {
      made += 1
      return { number: made }
    }
    const makers = Array.from({ length: 8 }, () => readOrMakeJson(file, make))
    const answers = await Promise.all(makers)
    expect(new Set(answers.map(({ number }) => number)).size).toBe(1)
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect(await readdir(join(directory, 'deep'))).toEqual(['document.json'])
  })

  it('is replaced as a whole', async () => {
    const file = join(directory, 'document')
    await writePrivately(file, 'one')
    await writePrivately(file, 'two')
    expect(await readFile(file, 'utf8')).toBe('two')
  })
})

describe('a data folder', () => {
  it('is one stack’s at a time', async () => {
    const release = await lockDataDirectory(directory)
    await expect(lockDataDirectory(directory)).rejects.toMatchObject({ name: 'DataInUseError' })
    await release()
    await (await lockDataDirectory(directory))()
  })

  it('that was left without a stop is free', async () => {
    await writeFile(join(directory, 'in-use-by'), '999999999')
    await expect(lockDataDirectory(directory)).resolves.toBeTypeOf('function')
  })
})

describe('stopping', () => {
  it('goes backwards, once, and past what fails', async () => {
    const stopped: string[] = []
    const closing = closingList()
    closing.add(() => stopped.push('first'))
    closing.add(() => Promise.reject(new Error('as asked')))
    closing.add(() => stopped.push('last'))
    await Promise.all([closing.all(), closing.all()])
    expect(stopped).toEqual(['last', 'first'])
  })
})
