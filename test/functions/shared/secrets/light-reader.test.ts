import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AwsEnvironment, ConfigError, readAwsEnvironment } from '../../../../functions/shared/config.ts'
import { fetchDocument } from '../../../../functions/shared/http/fetch-document.ts'
import { SECRET_FRESH_MS } from '../../../../functions/shared/secrets/kept-secrets.ts'
import { createLightSecretReader } from '../../../../functions/shared/secrets/light-reader.ts'
import { authorizationOf } from '../../../../functions/shared/secrets/signature.ts'
import type { Answer } from '../../../support/test-issuer.ts'
import { broken, html, json } from '../../../support/test-issuer.ts'

interface Received {
  readonly message: IncomingMessage
  readonly body: string
}

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a/secret+key', sessionToken: 'a-session' }
const ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
}

let server: Server
let url: string
let received: Received[] = []
let answers: Answer[] = []
let nowMs = 1_800_000_000_000

beforeAll(async () => {
  server = createServer(async (message, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    received.push({ message, body: Buffer.concat(chunks).toString() })
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? broken
    answer(message, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  return new Promise<void>((resolve) => server.close(() => resolve()))
})
beforeEach(() => {
  received = []
  answers = [json({ SecretString: 'the value' })]
})

const aws = (): AwsEnvironment =>
  readAwsEnvironment({ ...ENVIRONMENT, AWS_ENDPOINT_URL_SECRETS_MANAGER: url })
const reader = () => createLightSecretReader({ aws: aws(), fetch: fetchDocument, now: () => nowMs })

/** The signature that a received request should have, by our own rules and over the headers that it says it signed. */
function expectedAuthorization({ message, body }: Received): string {
  const names = /SignedHeaders=([^,]+)/.exec(message.headers.authorization ?? '')?.[1]?.split(';') ?? []
  const headers = Object.fromEntries(names.map((name) => [name, String(message.headers[name])]))
  return authorizationOf({
    credentials: CREDENTIALS,
    region: 'eu-west-1',
    service: 'secretsmanager',
    headers,
    body,
  })
}

describe('a secret', () => {
  it('is read by its name', async () => {
    expect(await reader()('flyte/client')).toBe('the value')
    const [{ message, body } = { message: undefined, body: '' }] = received
    expect(message?.method).toBe('POST')
    expect(message?.headers).toMatchObject({
      'x-amz-target': 'secretsmanager.GetSecretValue',
      'x-amz-date': '20270115T080000Z',
      'x-amz-security-token': 'a-session',
    })
    expect(JSON.parse(body)).toEqual({ SecretId: 'flyte/client' })
  })

  it('is asked for with a signature over everything that is said', async () => {
    await reader()('flyte/client')
    const [request] = received as [Received]
    expect(request.message.headers.authorization).toBe(expectedAuthorization(request))
    expect(request.message.headers.authorization).toContain(
      'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,',
    )
  })

  it('is read once for everybody, and again after a while', async () => {
    const read = reader()
    await Promise.all([read('a'), read('a'), read('a')])
    expect(received).toHaveLength(1)
    nowMs += SECRET_FRESH_MS
    await read('a')
    expect(received).toHaveLength(2)
  })

  it('is asked for again when AWS stumbles', async () => {
    answers = [broken, json({}, 429), json({ SecretString: 'at last' })]
    expect(await reader()('a')).toBe('at last')
  })

  const refused: [string, Answer, number][] = [
    ['AWS refuses', json({ __type: 'AccessDeniedException', Message: 'the secret is xyzzy' }, 400), 1],
    ['there is none', json({ __type: 'ResourceNotFoundException' }, 400), 1],
    ['AWS is down', broken, 3],
    ['it is no text', json({ SecretBinary: 'AAAA' }), 3],
    ['it is empty', json({ SecretString: '' }), 3],
    ['something else answers', html, 3],
  ]
  for (const [what, answer, attempts] of refused) {
    it(`is unavailable when ${what}`, async () => {
      answers = [answer]
      const error = await reader()('a').catch((thrown) => thrown)
      expect(error).toMatchObject({ reason: 'secret_unavailable', status: 503 })
      expect(`${error.stack} ${error.cause?.stack}`).not.toContain('xyzzy')
      expect(received).toHaveLength(attempts)
    })
  }
})

describe('our signature', () => {
  it('is the one that the SDK of AWS makes of the same request', async () => {
    const client = new SecretsManagerClient({
      endpoint: url,
      region: 'eu-west-1',
      credentials: { ...CREDENTIALS },
    })
    await client.send(new GetSecretValueCommand({ SecretId: 'flyte/client' }))
    client.destroy()
    const [request] = received as [Received]
    expect(request.message.headers.authorization).toBe(expectedAuthorization(request))
  })
})

describe('what Lambda says about AWS', () => {
  it('is read from the variables of the SDKs', () => {
    expect(readAwsEnvironment(ENVIRONMENT)).toEqual({
      region: 'eu-west-1',
      credentials: CREDENTIALS,
      secretsManagerUrl: undefined,
    })
  })

  for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    it(`is refused without ${name}`, () => {
      expect(() => readAwsEnvironment({ ...ENVIRONMENT, [name]: undefined })).toThrow(ConfigError)
    })
  }
})
