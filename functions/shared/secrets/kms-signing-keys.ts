/**
 * Signing keys in AWS KMS: the private halves never leave it, and each signature is a request.
 *
 * A key is an RSA key of at least 2048 bits that may sign and verify. KMS does not change such keys by itself: the
 * deployment is told of several, of which the first signs and all are published.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import { createRefreshed } from '../tokens/refreshed.ts'
import { publishedKeyOf, type SigningKey, type SigningKeySource } from '../tokens/signing-keys.ts'
import { AwsRefusal, type LightCall } from './light-call.ts'

export interface KmsSigningKeysDeps {
  readonly call: LightCall
  /** ARNs, ids or aliases; the first signs. */
  readonly keyIds: readonly string[]
  readonly now: Clock
}

/** What RS256 is called there (RFC 7518 section 3.3: RSASSA-PKCS1-v1_5 with SHA-256). */
const KMS_ALGORITHM = 'RSASSA_PKCS1_V1_5_SHA_256'

const HOUR_MS = 3_600_000
/** Public keys of an ARN never change; an alias may be pointed elsewhere. */
export const KMS_KEYS_FRESH_MS = HOUR_MS
const STALE_MS = 24 * HOUR_MS
const PAUSE_MS = 5_000

/** How KMS says that a key is not in use: its operator took it out of service, which takes it out of the key set. */
const OUT_OF_SERVICE: ReadonlySet<string> = new Set([
  'DisabledException',
  'KMSInvalidStateException',
  'NotFoundException',
])

/**
 * Makes the source: asks for the public keys once an hour, and goes on with the last ones while KMS does not answer.
 *
 * It throws `keys_unavailable` without the key that signs, and for any key that cannot sign RS256. Another key that
 * is disabled or deleted is no longer published.
 */
export function createKmsSigningKeys({ call, keyIds, now }: KmsSigningKeysDeps): SigningKeySource {
  const keys = createRefreshed({
    async load() {
      const [current, ...others] = await Promise.all(
        keyIds.map((id, index) => (index === 0 ? readKey(call, id) : readOtherKey(call, id))),
      )
      if (current === undefined) throw new ServiceError('keys_unavailable')
      const known = [current, ...others].flatMap((key) => (key === undefined ? [] : [key.published]))
      return { current, published: [...new Map(known.map((key) => [key.kid, key])).values()] }
    },
    now,
    freshMs: KMS_KEYS_FRESH_MS,
    staleMs: STALE_MS,
    pauseMs: PAUSE_MS,
  })
  return keys.get
}

interface PublicHalf {
  /** The key itself, whatever alias it was asked by. */
  readonly arn: string
  readonly publicKey: KeyObject
}

async function readKey(call: LightCall, keyId: string): Promise<SigningKey> {
  try {
    const { arn, publicKey } = await call({
      service: 'kms',
      target: 'TrentService.GetPublicKey',
      input: { KeyId: keyId },
      output: publicHalfIn,
    })
    return { published: publishedKeyOf(publicKey), publicKey, sign: (data) => sign(call, arn, data) }
  } catch (error) {
    throw new ServiceError('keys_unavailable', { cause: error })
  }
}

async function readOtherKey(call: LightCall, keyId: string): Promise<SigningKey | undefined> {
  try {
    return await readKey(call, keyId)
  } catch (error) {
    const { cause } = error as ServiceError
    if (cause instanceof AwsRefusal && OUT_OF_SERVICE.has(cause.type)) return undefined
    throw error
  }
}

function publicHalfIn({ KeyId, PublicKey, KeyUsage, SigningAlgorithms }: JwtObject): PublicHalf {
  const algorithms: readonly unknown[] = Array.isArray(SigningAlgorithms) ? SigningAlgorithms : []
  // A key for anything else cannot be made to sign, however often it is asked.
  if (KeyUsage !== 'SIGN_VERIFY' || !algorithms.includes(KMS_ALGORITHM)) {
    throw new AwsRefusal('kms', 'KeyUnsuitable')
  }
  const key = Buffer.from(String(PublicKey), 'base64')
  return { arn: String(KeyId), publicKey: createPublicKey({ key, format: 'der', type: 'spki' }) }
}

/** @throws {ServiceError} `keys_unavailable` */
async function sign(call: LightCall, arn: string, data: Uint8Array): Promise<Uint8Array> {
  try {
    return await call({
      service: 'kms',
      target: 'TrentService.Sign',
      input: {
        KeyId: arn,
        // The digest, because KMS takes no message of more than 4 KB, and a token with a person in it may be longer.
        Message: createHash('sha256').update(data).digest('base64'),
        MessageType: 'DIGEST',
        SigningAlgorithm: KMS_ALGORITHM,
      },
      output: signatureIn,
    })
  } catch (error) {
    throw new ServiceError('keys_unavailable', { cause: error })
  }
}

function signatureIn({ Signature }: JwtObject): Uint8Array {
  if (typeof Signature !== 'string' || Signature === '') throw new TypeError('there is no signature')
  return Buffer.from(Signature, 'base64')
}
