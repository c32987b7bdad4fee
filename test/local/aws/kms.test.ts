import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAwsEnvironment } from '../../../functions/shared/config.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createLightCall, type LightOperation } from '../../../functions/shared/secrets/light-call.ts'
import { ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalKms, type LocalKmsKey, startKms } from '../../../local/aws/kms.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KEY: LocalKmsKey = {
  arn: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  alias: 'alias/flyte-signing',
  privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
}
const DISABLED: LocalKmsKey = { ...KEY, arn: `${KEY.arn}0`, alias: 'alias/disabled', enabled: false }
const MESSAGE = Buffer.from('header.payload')

let kms: LocalKms
beforeAll(async () => {
  kms = await startKms({ keys: [KEY, DISABLED], access: ownerOnly })
})
afterAll(() => kms.close())

function send(
  target: LightOperation<unknown>['target'],
  input: Readonly<Record<string, unknown>>,
  accessKeyId: string = LOCAL_CREDENTIALS.accessKeyId,
) {
  const aws = readAwsEnvironment({
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
  })
  const call = createLightCall({ aws, fetch: fetchDocument, now: Date.now })
  return call({ service: 'kms', target, input, output: (answer) => answer })
}

const signing = {
  Message: createHash('sha256').update(MESSAGE).digest('base64'),
  MessageType: 'DIGEST',
  SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
}

describe('GetPublicKey', () => {
  for (const [how, id] of [
    ['its ARN', KEY.arn],
    ['its id', '1234abcd-12ab-34cd-56ef-1234567890ab'],
    ['its alias', 'alias/flyte-signing'],
  ]) {
    it(`finds a key by ${how}`, async () => {
      const answer = await send('TrentService.GetPublicKey', { KeyId: id })
      expect(answer).toMatchObject({ KeyId: KEY.arn, KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
      const der = {
        key: Buffer.from(String(answer.PublicKey), 'base64'),
        format: 'der',
        type: 'spki',
      } as const
      expect(createPublicKey(der).equals(createPublicKey(KEY.privateKeyPem))).toBe(true)
    })
  }
})

describe('Sign', () => {
  it('makes a signature that the public key verifies', async () => {
    const { Signature: signature } = await send('TrentService.Sign', { KeyId: KEY.arn, ...signing })
    const bytes = Buffer.from(String(signature), 'base64')
    expect(verify('sha256', MESSAGE, createPublicKey(KEY.privateKeyPem), bytes)).toBe(true)
  })

  const refused: readonly [string, Record<string, unknown>, string][] = [
    ['a key that is not there', { KeyId: 'alias/other' }, 'NotFoundException'],
    ['a key that is disabled', { KeyId: 'alias/disabled' }, 'DisabledException'],
    ['no key', { KeyId: undefined }, 'ValidationException'],
    ['another algorithm', { SigningAlgorithm: 'ECDSA_SHA_256' }, 'ValidationException'],
    ['something that is no digest', { Message: 'AAAA' }, 'ValidationException'],
  ]
  for (const [name, changes, type] of refused) {
    it(`refuses ${name}`, async () => {
      const input = { KeyId: KEY.arn, ...signing, ...changes }
      await expect(send('TrentService.Sign', input)).rejects.toMatchObject({ type })
    })
  }

  it('refuses whoever it does not know', async () => {
    await expect(
      send('TrentService.Sign', { KeyId: KEY.arn, ...signing }, 'AKIDNOBODY'),
    ).rejects.toMatchObject({
      type: 'UnrecognizedClientException',
    })
  })

  it('and GetPublicKey are the only operations', async () => {
    await expect(send('TrentService.Decrypt', { KeyId: KEY.arn })).rejects.toMatchObject({
      type: 'UnknownOperationException',
    })
  })
})
