/** One public key of a key set (RFC 7517), taken in only if it is fit to verify signatures with. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithmFits } from './algorithms.ts'
import type { JwtObject } from './jwt.ts'

/** A key that may verify signatures. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** The only algorithm the key is for, if its owner says so. */
  readonly alg: string | undefined
  readonly kty: string
  readonly crv: string | undefined
  readonly keyObject: KeyObject
}

const MIN_RSA_BITS = 2048
/** A larger modulus only makes each verification slower. */
const MAX_RSA_BITS = 8192
const MIN_RSA_EXPONENT = 65_537n
const PUBLIC_MEMBERS = { RSA: ['n', 'e'], EC: ['x', 'y'], OKP: ['x'] } as const

/**
 * Imports a JWK, or returns undefined for one that must not verify anything here: another use than signing,
 * a symmetric or private key, RSA below 2048 bits or with a small exponent, an unknown type or curve, or a
 * value that is not a key at all. Only the public members are read.
 */
export function importVerificationKey(jwk: unknown): VerificationKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, crv, kid, alg, use, key_ops: operations, d, k } = jwk as JwtObject
  // A published private key has been everybody's since it was published.
  if (d !== undefined || k !== undefined) return undefined
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return undefined
  if (!isStringOrAbsent(crv) || !isStringOrAbsent(kid) || !isStringOrAbsent(alg)) return undefined
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  const keyObject = importPublicMembers(kty, crv, jwk as JwtObject)
  if (keyObject === undefined || (kty === 'RSA' && !isStrongRsa(keyObject))) return undefined
  return { kid, alg, kty, crv: kty === 'RSA' ? undefined : crv, keyObject }
}

/** Whether the key may verify a signature made with the algorithm. */
export function keySuits(key: VerificationKey, algorithm: Algorithm): boolean {
  return (key.alg === undefined || key.alg === algorithm) && algorithmFits(algorithm, key)
}

function importPublicMembers(
  kty: keyof typeof PUBLIC_MEMBERS,
  crv: string | undefined,
  jwk: JwtObject,
): KeyObject | undefined {
  const members: Record<string, string> = { kty, ...(crv === undefined ? {} : { crv }) }
  for (const name of PUBLIC_MEMBERS[kty]) {
    const value = jwk[name]
    if (typeof value !== 'string') return undefined
    members[name] = value
  }
  try {
    return createPublicKey({ key: members as JsonWebKey, format: 'jwk' })
  } catch {
    return undefined
  }
}

function isStrongRsa(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  const isOdd = publicExponent % 2n === 1n
  return (
    modulusLength >= MIN_RSA_BITS &&
    modulusLength <= MAX_RSA_BITS &&
    publicExponent >= MIN_RSA_EXPONENT &&
    isOdd
  )
}

function isStringOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
