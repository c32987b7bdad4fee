/**
 * The keys that this deployment signs its own tokens with.
 *
 * Whoever signs does not see how: a key may be a PEM of ours, or live where only a request to sign reaches it.
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { ServiceError } from '../errors.ts'

/** The only algorithm of our own tokens: the one that load balancers verify. */
export const SIGNING_ALGORITHM = 'RS256'

/** The public half of an RSA key, as published (RFC 7517). */
export interface PublishedKey {
  readonly kty: 'RSA'
  readonly use: 'sig'
  readonly alg: typeof SIGNING_ALGORITHM
  /** The thumbprint of the key (RFC 7638). */
  readonly kid: string
  readonly n: string
  readonly e: string
}

export interface SigningKey {
  readonly published: PublishedKey
  readonly publicKey: KeyObject
  /** The RS256 signature over these bytes. @throws {ServiceError} `keys_unavailable` */
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>
}

/** All keys at one moment. */
export interface SigningKeys {
  /** What new tokens are signed with. */
  readonly current: SigningKey
  /** What is published: the current key, the one before it, and the one after it. */
  readonly published: readonly PublishedKey[]
}

/** Gives the keys as they are now. @throws {ServiceError} `keys_unavailable`, `secret_unavailable` */
export type SigningKeySource = () => SigningKeys | Promise<SigningKeys>

const MIN_MODULUS_BITS = 2048

/**
 * The published form of an RSA key.
 *
 * @throws {ServiceError} `keys_unavailable` for any other key, or for one below 2048 bits.
 */
export function publishedKeyOf(publicKey: KeyObject): PublishedKey {
  const { n, e } = publicKey.asymmetricKeyType === 'rsa' ? publicKey.export({ format: 'jwk' }) : {}
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (n === undefined || e === undefined || bits < MIN_MODULUS_BITS)
    throw new ServiceError('keys_unavailable')
  const kid = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')
  return { kty: 'RSA', use: 'sig', alg: SIGNING_ALGORITHM, kid, n, e }
}

/** A key whose private half is in this process. */
export function localSigningKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey)
  return {
    published: publishedKeyOf(publicKey),
    publicKey,
    // With a callback the signature is made beside the event loop.
    sign: (data) =>
      new Promise((resolve, reject) =>
        sign('sha256', data, privateKey, (error, signature) => (error ? reject(error) : resolve(signature))),
      ),
  }
}
