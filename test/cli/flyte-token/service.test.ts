/** A service gets a token of its own, wherever it runs. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CryptoKey, decodeJwt, exportPKCS8, generateKeyPair } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET } from '../../../local/identity-provider/clients.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../local/identity-provider/index.ts'
import {
  type Double,
  reply,
  startDouble,
  startGoogle,
  startMetadataServer,
  startSts,
  tokenFor,
} from './support/doubles.ts'
import { createLaptop, type Laptop, type RunOptions, sentenceOf } from './support/laptop.ts'

const ACCOUNT = 'reporter@p.iam.example'
const AUDIENCE = 'web.apps.example'

let laptop: Laptop
let google: Double
let metadataServer: Double
let sts: Double
let pem: string
let publicKey: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true })
  publicKey = pair.publicKey
  pem = await exportPKCS8(pair.privateKey)
  google = await startGoogle(ACCOUNT, () => publicKey)
  metadataServer = await startMetadataServer()
  sts = await startSts()
})
afterAll(() => Promise.all([google, metadataServer, sts].map((double) => double?.close())))
beforeEach(async () => {
  for (const double of [google, metadataServer, sts]) {
    double.asked.length = 0
    double.instead = undefined
  }
  laptop = await createLaptop()
})
afterEach(() => laptop.dispose())

function token(args: readonly string[] = [], env: RunOptions['env'] = {}) {
  return laptop.run(['service-account-id-token', ...args], { env })
}

async function file(name: string, value: unknown): Promise<string> {
  const path = join(laptop.home, name)
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

const keyFile = (changes: Record<string, unknown> = {}) =>
  file('key.json', {
    type: 'service_account',
    client_email: ACCOUNT,
    private_key: pem,
    private_key_id: 'key-1',
    token_uri: `${google.url}/token`,
    ...changes,
  })

describe('a Google service account with a key', () => {
  const forAudience = ['--audience', AUDIENCE]

  it('gets an ID token for the audience, once', async () => {
    const path = await keyFile()
    const first = await token(['--key-file', path, ...forAudience])
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(decodeJwt(first.stdout.trim())).toMatchObject({ aud: AUDIENCE, email: ACCOUNT })
    expect((await token(['--key-file', path, ...forAudience])).stdout).toBe(first.stdout)
    expect(google.asked).toEqual(['POST /token'])
  })

  it('is found by GOOGLE_APPLICATION_CREDENTIALS', async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: await keyFile() }
    expect((await token(forAudience, env)).status).toBe(0)
  })

  it('gets another token for another audience, and for another account', async () => {
    const path = await keyFile()
    await token(['--key-file', path, ...forAudience])
    const other = await token(['--key-file', path, '--audience', 'another'])
    expect(decodeJwt(other.stdout.trim()).aud).toBe('another')
    const stranger = await keyFile({ client_email: 'other@p.iam.example' })
    expect(sentenceOf(await token(['--key-file', stranger, ...forAudience]))).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('(invalid_grant)'),
    })
  })

  const bad: [name: string, changes: Record<string, unknown>, sentence: string][] = [
    ['of a person', { type: 'authorized_user' }, 'a person signs in with user-id-token'],
    ['of another kind', { type: 'something' }, 'is no key of a Google service account'],
    ['without an account', { client_email: undefined }, 'no usable client_email'],
    ['with a token endpoint over plain http', { token_uri: 'http://a.example.com/t' }, 'no usable token_uri'],
    ['with something else for a key', { private_key: 'abc' }, 'is not one'],
  ]
  for (const [name, changes, sentence] of bad) {
    it(`is told what is wrong with a file ${name}`, async () => {
      const outcome = await token(['--key-file', await keyFile(changes), ...forAudience])
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: expect.stringContaining(sentence) })
      expect(google.asked).toEqual([])
    })
  }

  it('is told when the file is not there, and when there is no audience', async () => {
    const missing = await token(['--key-file', join(laptop.home, 'none.json'), ...forAudience])
    expect(sentenceOf(missing)).toMatchObject({ status: 1, sentence: expect.stringContaining('ENOENT') })
    const aimless = await token(['--key-file', await keyFile()])
    expect(sentenceOf(aimless)).toMatchObject({ status: 1, sentence: expect.stringContaining('--audience') })
  })

  const answers: [name: string, body: () => unknown, sentence: string][] = [
    ['no token', () => ({}), 'Google gave no ID token.'],
    ['a token that is none', () => ({ id_token: 'abc' }), 'Google gave no ID token.'],
    [
      'a token for another audience',
      () => tokenFor({ aud: 'x' }).then((id_token) => ({ id_token })),
      'Google gave an ID token for another audience.',
    ],
    [
      'a token that has expired',
      () => tokenFor({ aud: AUDIENCE }, -1).then((id_token) => ({ id_token })),
      'Google gave an ID token that has expired.',
    ],
  ]
  for (const [name, body, sentence] of answers) {
    it(`prints nothing when it is given ${name}`, async () => {
      google.instead = async (_asked, response) => reply(response, 200, await body())
      const outcome = await token(['--key-file', await keyFile(), ...forAudience])
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence })
    })
  }

  it('ends when nobody answers', async () => {
    google.instead = () => undefined
    const outcome = await token(['--key-file', await keyFile(), ...forAudience, '--timeout', '1'])
    expect(sentenceOf(outcome)).toMatchObject({ status: 1, sentence: expect.stringContaining('within 1') })
  })
})

describe('a workload of another platform, by federation with Google', () => {
  const configuration = (credentialSource: unknown) =>
    file('federation.json', {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${google.url}/token`,
      service_account_impersonation_url: `${google.url}/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
      credential_source: credentialSource,
    })

  it('gets an ID token of the service account for the token in its file', async () => {
    const source = { file: await file('token', 'token-of-elsewhere\n') }
    const outcome = await token(['--key-file', await configuration(source), '--audience', AUDIENCE])
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
    expect(decodeJwt(outcome.stdout.trim())).toMatchObject({ aud: AUDIENCE, email: ACCOUNT })
  })

  it('gets one for the token at an address, too', async () => {
    const platform = await startDouble(({ request }, response) =>
      reply(response, 200, { value: request.headers.secret === 'x' ? 'token-of-elsewhere' : 'no' }),
    )
    const format = { type: 'json', subject_token_field_name: 'value' }
    const source = { url: platform.url, headers: { secret: 'x' }, format }
    const outcome = await token(['--key-file', await configuration(source), '--audience', AUDIENCE])
    await platform.close()
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
  })

  const bad: [name: string, source: unknown, sentence: string][] = [
    ['a command to run', { executable: { command: 'cat' } }, 'only file and url are'],
    ['a file that is not there', { file: '/nowhere' }, 'ENOENT'],
    ['nothing', undefined, 'only file and url are'],
  ]
  for (const [name, source, sentence] of bad) {
    it(`is told that it cannot be done with ${name}`, async () => {
      const outcome = await token(['--key-file', await configuration(source), '--audience', AUDIENCE])
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: expect.stringContaining(sentence) })
    })
  }

  it('is told when its token is refused', async () => {
    const source = { file: await file('token', 'another') }
    const outcome = await token(['--key-file', await configuration(source), '--audience', AUDIENCE])
    expect(sentenceOf(outcome)).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('invalid_grant'),
    })
  })
})

describe('a machine of Google Cloud', () => {
  const host = () => ({ GCE_METADATA_HOST: new URL(metadataServer.url).host })

  it('gets an ID token of its service account, once', async () => {
    const first = await token(['--audience', AUDIENCE], host())
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(decodeJwt(first.stdout.trim())).toMatchObject({ sub: 'first@p.example', aud: AUDIENCE })
    expect((await token(['--audience', AUDIENCE], host())).stdout).toBe(first.stdout)
    expect(metadataServer.asked.filter((line) => line.includes('/identity'))).toHaveLength(1)
  })

  it('is not handed the token of another account that was kept', async () => {
    await token(['--audience', AUDIENCE], host())
    const other = await token(['--audience', AUDIENCE, '--account', 'second@p.example'], host())
    expect(decodeJwt(other.stdout.trim()).sub).toBe('second@p.example')
  })

  it('is told of an account that it does not have', async () => {
    const outcome = await token(['--audience', AUDIENCE, '--account', 'third'], host())
    expect(sentenceOf(outcome)).toMatchObject({ status: 1, sentence: expect.stringContaining('no such') })
  })

  it('believes nobody who does not say that it is Google’s', async () => {
    metadataServer.instead = (_asked, response) => {
      response.removeHeader('metadata-flavor')
      response.end('first@p.example')
    }
    const outcome = await token(['--audience', AUDIENCE], host())
    expect(sentenceOf(outcome)).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('not Google’s'),
    })
  })

  it('is told when there is no metadata server', async () => {
    const outcome = await token(['--audience', AUDIENCE, '--source', 'gcp-metadata'], {
      GCE_METADATA_HOST: '127.0.0.1:9',
    })
    expect(sentenceOf(outcome)).toMatchObject({ status: 1, sentence: expect.stringContaining('no answer') })
  })
})

describe('a workload in AWS', () => {
  const role = (id = 'ASIAONE') => ({
    AWS_LAMBDA_FUNCTION_NAME: 'reporter',
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
  })

  it('gets a web identity token of its role from STS, once', async () => {
    const first = await token(['--audience', AUDIENCE], role())
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(decodeJwt(first.stdout.trim())).toMatchObject({ aud: AUDIENCE })
    expect((await token(['--audience', AUDIENCE], role())).stdout).toBe(first.stdout)
    expect(sts.asked).toHaveLength(1)
  })

  it('is not handed what was given to other credentials', async () => {
    const first = await token(['--audience', AUDIENCE], role())
    expect((await token(['--audience', AUDIENCE], role('ASIATWO'))).stdout).not.toBe(first.stdout)
  })

  it('is told when STS refuses', async () => {
    sts.instead = (_asked, response) =>
      response
        .writeHead(403, { 'content-type': 'text/xml' })
        .end('<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>')
    const outcome = await token(['--audience', AUDIENCE], role())
    expect(sentenceOf(outcome)).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('sts:GetWebIdentityToken'),
    })
  })

  it('is told when there are no credentials', async () => {
    const outcome = await token(['--source', 'aws-sts', '--audience', AUDIENCE], { AWS_REGION: 'eu-west-1' })
    expect(sentenceOf(outcome)).toEqual({
      status: 1,
      sentence: 'There are no AWS credentials here to ask STS with.',
    })
  })

  it('gets the token of its pod, each time as it is then', async () => {
    const [one, two] = [
      await tokenFor({ sub: 'pod', aud: 'sts' }),
      await tokenFor({ sub: 'pod', aud: 'sts' }),
    ]
    const env = { AWS_WEB_IDENTITY_TOKEN_FILE: await file('pod-token', `${one}\n`) }
    expect((await token([], env)).stdout).toBe(`${one}\n`)
    await file('pod-token', two)
    expect((await token(['--audience', 'sts'], env)).stdout).toBe(`${two}\n`)
  })

  const bad: [name: string, text: () => Promise<string> | string, args: string[], sentence: string][] = [
    ['that has expired', () => tokenFor({ aud: 'sts' }, -1), [], 'no token that is still valid'],
    ['that is none', () => 'abc', [], 'no token that is still valid'],
    ['for another audience', () => tokenFor({ aud: 'sts' }), ['--audience', 'x'], 'for another audience'],
  ]
  for (const [name, text, args, sentence] of bad) {
    it(`does not print a token of its pod ${name}`, async () => {
      const path = await file('pod-token', await text())
      const outcome = await token(['--web-identity-token-file', path, ...args])
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: expect.stringContaining(sentence) })
    })
  }
})

describe('a client of any provider', () => {
  let provider: IdentityProvider
  beforeAll(async () => {
    provider = await startIdentityProvider({
      port: 0,
      publicUrl: 'https://flyte.example.com',
      webClient: { clientId: 'web', clientSecret: 'secret', redirectUris: ['https://flyte.example.com/cb'] },
      keysFile: null,
    })
  })
  afterAll(() => provider?.close())

  const client = () => ['--issuer', provider.issuer, '--client-id', SERVICE_CLIENT_ID, '--scopes', 'all']

  it('gets an access token for itself, once', async () => {
    const args = [...client(), '--client-secret-env', 'REPORTER']
    const first = await token(args, { REPORTER: SERVICE_CLIENT_SECRET })
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(decodeJwt(first.stdout.trim())).toMatchObject({
      client_id: SERVICE_CLIENT_ID,
      aud: 'https://flyte.example.com',
      scope: 'all',
    })
    expect((await token(args)).stdout).toBe(first.stdout)
  })

  it('has its secret in a file, also inside JSON', async () => {
    const plain = await file('secret', `${SERVICE_CLIENT_SECRET}\n`)
    expect((await token([...client(), '--client-secret-file', plain])).status).toBe(0)
    const document = await file('secret.json', { web: { client_secret: SERVICE_CLIENT_SECRET } })
    const deep = ['--client-secret-file', document, '--client-secret-key', 'web.client_secret']
    expect((await token([...client(), ...deep, '--force'])).status).toBe(0)
  })

  const bad: [name: string, args: string[], env: Record<string, string>, sentence: string][] = [
    ['a wrong secret', ['--client-secret-env', 'S'], { S: 'wrong' }, 'refused the client'],
    ['no secret', [], {}, 'need a secret'],
    ['an empty variable', ['--client-secret-env', 'S'], {}, 'is not set'],
    ['a missing file', ['--client-secret-file', '/nowhere'], {}, 'ENOENT'],
    [
      'a key that is not there',
      ['--client-secret-env', 'S', '--client-secret-key', 'a.b'],
      { S: '{}' },
      'is not JSON',
    ],
  ]
  for (const [name, args, env, sentence] of bad) {
    it(`is told of ${name}, and the secret is not shown`, async () => {
      const outcome = await token([...client(), ...args], env)
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: expect.stringContaining(sentence) })
      expect(outcome.stderr).not.toContain(env.S ?? SERVICE_CLIENT_SECRET)
    })
  }
})

describe('where nothing is configured', () => {
  it('a service is told what it could configure', async () => {
    const outcome = await token(['--audience', AUDIENCE], { NO_GCE_CHECK: 'true' })
    expect(sentenceOf(outcome)).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('No credential of a service was found'),
    })
  })
})
