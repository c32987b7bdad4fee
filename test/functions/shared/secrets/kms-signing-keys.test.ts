/** Signing with keys in KMS: a double of it that really signs, and jose to verify, which is nobody's code here. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { compactVerify, importJWK } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readAwsEnvironment } from '../../../../functions/shared/config.ts'
import { fetchDocument } from '../../../../functions/shared/http/fetch-document.ts'
import {
  createKmsSigningKeys,
  KMS_KEYS_FRESH_MS,
} from '../../../../functions/shared/secrets/kms-signing-keys.ts'
import { createLightCall } from '../../../../functions/shared/secrets/light-call.ts'
import type { SigningKeySource } from '../../../../functions/shared/tokens/signing-keys.ts'
import { ownerOnly } from '../../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../../local/aws/credentials.ts'
import { type LocalKms, type LocalKmsKey, startKms } from '../../../../local/aws/kms.ts'
import { type Answer, broken, html, json } from '../../../support/test-issuer.ts'

const ARN = 'arn:aws:kms:eu-west-1:123456789012:key/'
/** A token with a long profile in it is longer than KMS signs by itself. */
const LONG = 'x'.repeat(6_000)

const newKey = (id: string, modulusLength = 2048): LocalKmsKey => ({
  arn: `${ARN}${id}`,
  alias: `alias/${id}`,
  privateKeyPem: generateKeyPairSync('rsa', { modulusLength })
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString(),
})
const [NEW, OLD, SHORT] = [newKey('new'), newKey('old'), newKey('short', 1024)]

let kms: LocalKms
let gate: Server
let gateUrl: string
/** Answers in place of KMS, one a request, as long as there are some. */
let instead: Answer[] = []
/** Answers in place of KMS, by the key that is asked for. */
const insteadFor = new Map<string, Answer>()
let asked: string[] = []
const keys: LocalKmsKey[] = []
let nowMs = Date.now()

beforeAll(async () => {
  kms = await startKms({ keys, access: ownerOnly })
  gate = createServer(async (message, response) => {
    asked.push(String(message.headers['x-amz-target']).replace('TrentService.', ''))
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const answer = insteadFor.get(JSON.parse(body.toString()).KeyId) ?? instead.shift()
    if (answer !== undefined) return answer(message, response)
    const headers = {
      authorization: String(message.headers.authorization),
      'x-amz-target': String(message.headers['x-amz-target']),
    }
    // A test may be over before everything that it asked for is answered.
    const passed = await fetchDocument(kms.endpoint, { method: 'POST', headers, body }).catch(() => undefined)
    if (passed === undefined) return response.destroy()
    response.writeHead(passed.status, { 'content-type': 'application/x-amz-json-1.1' }).end(passed.body)
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  gateUrl = `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`
})
afterAll(async () => {
  gate.closeAllConnections()
  await new Promise<void>((resolve) => gate.close(() => resolve()))
  await kms.close()
})
beforeEach(() => {
  keys.splice(0, keys.length, NEW, OLD, SHORT)
  asked = []
})
afterEach(() => {
  instead = []
  insteadFor.clear()
})

function source(...keyIds: string[]): SigningKeySource {
  const aws = readAwsEnvironment({
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_KMS: gateUrl,
  })
  const now = () => nowMs
  return createKmsSigningKeys({ call: createLightCall({ aws, fetch: fetchDocument, now }), keyIds, now })
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token signed by the current key, and the header that jose reads after it has verified it. */
async function signedAndVerified(read: SigningKeySource, claims: object = {}) {
  const { current, published } = await read()
  const input = `${base64url({ alg: 'RS256', kid: current.published.kid })}.${base64url(claims)}`
  const signature = Buffer.from(await current.sign(Buffer.from(input))).toString('base64url')
  const verified = await compactVerify(
    `${input}.${signature}`,
    async ({ kid }) => importJWK({ ...published.find((key) => key.kid === kid) }, 'RS256'),
    { algorithms: ['RS256'] },
  )
  return verified.protectedHeader
}

const throttled = json({ __type: 'ThrottlingException', message: 'Rate exceeded' }, 400)
const denied = json({ __type: 'AccessDeniedException', message: 'xyzzy' }, 400)

describe('a key in KMS', () => {
  it('signs what its published half verifies', async () => {
    const read = source(NEW.arn)
    const { published } = await read()
    expect(published.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
    expect(await signedAndVerified(read)).toEqual({ alg: 'RS256', kid: published[0]?.kid })
  })

  it('signs what is longer than KMS takes', async () => {
    expect((await signedAndVerified(source(NEW.arn), { LONG })).alg).toBe('RS256')
  })

  it('is asked for its public half once, and for each signature', async () => {
    const read = source(NEW.arn)
    await Promise.all([read(), read()])
    await signedAndVerified(read)
    await signedAndVerified(read)
    expect(asked).toEqual(['GetPublicKey', 'Sign', 'Sign'])
  })

  it('signs alone, with the others published beside it', async () => {
    const { current, published } = await source(NEW.arn, OLD.arn, NEW.arn)()
    expect(published).toHaveLength(2)
    expect(published[0]).toEqual(current.published)
  })

  it('goes on being the same key until its alias is read again', async () => {
    const read = source('alias/current')
    keys.push({ ...OLD, alias: 'alias/current' })
    const before = await read()
    keys.pop()
    keys.push({ ...NEW, alias: 'alias/current' })
    expect((await signedAndVerified(read)).kid).toBe(before.current.published.kid)
    nowMs += KMS_KEYS_FRESH_MS
    expect((await signedAndVerified(read)).kid).not.toBe(before.current.published.kid)
  })

  it('is asked again when KMS is busy or fails', async () => {
    const read = source(NEW.arn)
    instead = [throttled, broken]
    await read()
    instead = [json({ __type: 'KMSInternalException' }, 500), throttled]
    expect((await signedAndVerified(read)).alg).toBe('RS256')
    expect(asked).toEqual(['GetPublicKey', 'GetPublicKey', 'GetPublicKey', 'Sign', 'Sign', 'Sign'])
  })

  it('goes on while its public half cannot be read again', async () => {
    const read = source(NEW.arn)
    await read()
    nowMs += KMS_KEYS_FRESH_MS
    instead = [denied]
    expect((await signedAndVerified(read)).alg).toBe('RS256')
  })

  const refusals: readonly [string, readonly Answer[], number][] = [
    ['it may not', [denied], 1],
    ['it is disabled', [json({ __type: 'com.amazonaws.kms#DisabledException' }, 400)], 1],
    ['KMS is busy for long', [throttled, throttled, throttled], 3],
    ['KMS is down', [broken, broken, broken], 3],
    ['something else answers', [html, html, html], 3],
    ['the answer is empty', [json({}), json({}), json({})], 3],
    ['the refusal says nothing', [json({}, 400)], 1],
  ]
  for (const [name, answers, attempts] of refusals) {
    it(`signs nothing if ${name}, and says nothing of what was answered`, async () => {
      const { current } = await source(NEW.arn)()
      asked = []
      instead = [...answers]
      const error = await current.sign(Buffer.from('x')).catch((thrown) => thrown)
      expect(error).toMatchObject({ reason: 'keys_unavailable', status: 503 })
      expect(`${error.stack} ${error.cause?.stack}`).not.toContain('xyzzy')
      expect(asked).toHaveLength(attempts)
    })

    it(`is not there if ${name}`, async () => {
      instead = [...answers]
      await expect(source(NEW.arn)()).rejects.toMatchObject({ reason: 'keys_unavailable' })
    })
  }

  it('is refused below 2048 bits', async () => {
    await expect(source(SHORT.arn)()).rejects.toMatchObject({ reason: 'keys_unavailable' })
  })

  const unsuitable: readonly [string, Record<string, unknown>][] = [
    ['encrypts', { KeyUsage: 'ENCRYPT_DECRYPT', EncryptionAlgorithms: ['RSAES_OAEP_SHA_256'] }],
    ['signs otherwise', { KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: ['ECDSA_SHA_256'] }],
  ]
  for (const [name, answer] of unsuitable) {
    it(`is refused if it ${name}`, async () => {
      instead = [json({ KeyId: NEW.arn, PublicKey: 'AAAA', ...answer })]
      await expect(source(NEW.arn)()).rejects.toMatchObject({ reason: 'keys_unavailable' })
      expect(asked).toHaveLength(1)
    })
  }
})

describe('a key beside the one that signs', () => {
  for (const state of ['DisabledException', 'KMSInvalidStateException', 'NotFoundException']) {
    it(`is no longer published once it is out of service (${state})`, async () => {
      insteadFor.set(OLD.arn, json({ __type: state }, 400))
      const { current, published } = await source(NEW.arn, OLD.arn)()
      expect(published).toEqual([current.published])
    })
  }

  it('is missed if it may not be read', async () => {
    insteadFor.set(OLD.arn, denied)
    await expect(source(NEW.arn, OLD.arn)()).rejects.toMatchObject({ reason: 'keys_unavailable' })
  })
})
