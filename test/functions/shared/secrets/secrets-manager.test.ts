import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SECRET_FRESH_MS } from '../../../../functions/shared/secrets/kept-secrets.ts'
import { createReplaceableSecret } from '../../../../functions/shared/secrets/replaceable-secret.ts'
import { createSecretsManagerReader } from '../../../../functions/shared/secrets/secrets-manager.ts'

interface Stored {
  text: string | undefined
  version: string
}

let server: Server
let client: SecretsManagerClient
let secrets: Record<string, Stored>
let asked: string[]
let isDown: boolean
let nowMs: number

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      const { status, ...answer } = answerTo(operation, JSON.parse(Buffer.concat(chunks).toString('utf8')))
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
})
afterAll(async () => {
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  secrets = { keys: { text: 'the text', version: 'v1' } }
  asked = []
  isDown = false
  nowMs = 1_800_000_000_000
})

/** As Secrets Manager documents it: a request token is the id of the version that the request makes. */
function answerTo(
  operation: string,
  sent: Record<string, string>,
): { status: number; [field: string]: unknown } {
  asked.push(operation)
  const secret = secrets[sent.SecretId ?? '']
  if (isDown) return { status: 500, __type: 'InternalServiceError' }
  if (secret === undefined) return { status: 400, __type: 'ResourceNotFoundException' }
  if (operation === 'PutSecretValue') {
    const isOther = sent.ClientRequestToken === secret.version && sent.SecretString !== secret.text
    if (isOther) return { status: 400, __type: 'ResourceExistsException' }
    secret.text = sent.SecretString
    secret.version = sent.ClientRequestToken ?? ''
  }
  return { status: 200, SecretString: secret.text, VersionId: secret.version }
}

describe('reading a secret', () => {
  const reader = () => createSecretsManagerReader({ client, now: () => nowMs })

  it('asks once for everybody, and again after a few minutes', async () => {
    const read = reader()
    expect(await Promise.all([read('keys'), read('keys')])).toEqual(['the text', 'the text'])
    expect(await read('keys')).toBe('the text')
    expect(asked).toHaveLength(1)
    secrets.keys = { text: 'another text', version: 'v2' }
    nowMs += SECRET_FRESH_MS
    expect(await read('keys')).toBe('another text')
  })

  it('goes on with what it has while the service is down', async () => {
    const read = reader()
    await read('keys')
    isDown = true
    nowMs += SECRET_FRESH_MS
    expect(await read('keys')).toBe('the text')
  })

  const refusals: readonly [string, () => void][] = [
    ['is not there', () => void delete secrets.keys],
    ['is no text', () => Object.assign(secrets, { keys: { text: undefined, version: 'v1' } })],
    [
      'cannot be asked for',
      () => {
        isDown = true
      },
    ],
  ]
  for (const [name, spoil] of refusals) {
    it(`says that a secret is unavailable that ${name}`, async () => {
      spoil()
      await expect(reader()('keys')).rejects.toMatchObject({ reason: 'secret_unavailable' })
      await expect(createReplaceableSecret(client, 'keys').read()).rejects.toMatchObject({
        reason: 'secret_unavailable',
      })
    })
  }
})

describe('replacing a secret', () => {
  it('lets one of two who read the same version do it', async () => {
    const secret = createReplaceableSecret(client, 'keys')
    const read = await secret.read()
    expect(await secret.replace('first', read)).toBe(true)
    expect(await secret.replace('second', read)).toBe(false)
    expect((await secret.read()).text).toBe('first')
  })

  it('recognises its own work when it is repeated', async () => {
    const secret = createReplaceableSecret(client, 'keys')
    const read = await secret.read()
    expect(await secret.replace('first', read)).toBe(true)
    expect(await secret.replace('first', read)).toBe(true)
  })

  it('can be done again, on what was written', async () => {
    const secret = createReplaceableSecret(client, 'keys')
    await secret.replace('first', await secret.read())
    expect(await secret.replace('second', await secret.read())).toBe(true)
    expect((await secret.read()).text).toBe('second')
  })

  it('says so when it cannot be done', async () => {
    const secret = createReplaceableSecret(client, 'keys')
    const read = await secret.read()
    isDown = true
    await expect(secret.replace('first', read)).rejects.toMatchObject({ reason: 'secret_unavailable' })
  })
})
