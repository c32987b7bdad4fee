import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'

/** The keys that sign `x-amzn-oidc-data`. */
export interface SigningKeys {
  /** Signs a header and payload with the current key, which adds its `alg` and `kid` to the header. */
  readonly sign: (header: object, payload: object) => string
  /** The public key with this id as PEM, also after it was rotated out. */
  readonly publicKey: (kid: string) => string | undefined
  /** The id of the current key, a UUID. */
  readonly currentKid: () => string
  /** Makes a new key for what is signed from now on. @returns its id */
  readonly rotate: () => string
}

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** Makes a first ES256 key. */
export function createSigningKeys(): SigningKeys {
  const published = new Map<string, string>()
  let current = addKey(published)
  return {
    sign: (header, payload) => signPadded(current, header, payload),
    publicKey: (kid) => published.get(kid),
    currentKid: () => current.kid,
    rotate: () => {
      current = addKey(published)
      return current.kid
    },
  }
}

function addKey(published: Map<string, string>): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  published.set(kid, publicKey.export({ type: 'spki', format: 'pem' }).toString())
  return { kid, privateKey }
}

/**
 * A JWT as the load balancer makes it: its segments keep their `=` padding, unlike RFC 7515 says, and the
 * signature covers them with it.
 */
function signPadded(key: Key, header: object, payload: object): string {
  const full = { typ: 'JWT', kid: key.kid, alg: 'ES256', ...header }
  const input = `${padded(Buffer.from(JSON.stringify(full)))}.${padded(Buffer.from(JSON.stringify(payload)))}`
  const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${padded(signature)}`
}

function padded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
