/** The signature algorithms that are understood, and what each asks of a key and of a signature. */
import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import type { TrustedIssuer } from '../config.ts'

/** There is no `none` and no HMAC in it: a public key can then never be taken for a shared secret. */
export type Algorithm = TrustedIssuer['algorithms'][number]

interface AlgorithmRow {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  /** For EC and OKP: the only curve that goes with it (RFC 7518 section 3.4, RFC 8037). */
  readonly crv: string | undefined
  /** Null where the algorithm hashes by itself (Ed25519). */
  readonly digest: string | null
  /** What OpenSSL has to be told beside the key; undefined if nothing. */
  readonly options: Readonly<Partial<VerifyKeyObjectInput>> | undefined
  /** The exact length of a signature, where the algorithm and not the key decides it. */
  readonly signatureBytes: number | undefined
}

const rsa = (digest: string): AlgorithmRow => ({
  kty: 'RSA',
  crv: undefined,
  digest,
  options: undefined,
  signatureBytes: undefined,
})

const ec = (crv: string, digest: string, signatureBytes: number): AlgorithmRow => ({
  kty: 'EC',
  crv,
  digest,
  options: { dsaEncoding: 'ieee-p1363' },
  signatureBytes,
})

const ALGORITHMS: Readonly<Record<Algorithm, AlgorithmRow>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: { ...rsa('sha256'), options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  ES256: ec('P-256', 'sha256', 64),
  ES384: ec('P-384', 'sha384', 96),
  ES512: ec('P-521', 'sha512', 132),
  EdDSA: { kty: 'OKP', crv: 'Ed25519', digest: null, options: undefined, signatureBytes: 64 },
}

/** Whether a key of this type and curve can be used with the algorithm. */
export function algorithmFits(algorithm: Algorithm, key: { kty: string; crv: string | undefined }): boolean {
  const row = ALGORITHMS[algorithm]
  return row.kty === key.kty && row.crv === key.crv
}

/**
 * Whether the signature is the key's over these bytes. The caller has made sure that key and algorithm fit.
 *
 * By OpenSSL through `node:crypto`, directly: the libraries for it read the system's clock themselves or cost
 * several times as much a call, and what is left of a JWT after that is in this folder, table by table.
 */
export function isSignatureValid(options: {
  readonly algorithm: Algorithm
  readonly key: KeyObject
  readonly signingInput: Buffer
  readonly signature: Buffer
}): boolean {
  const { algorithm, key, signingInput, signature } = options
  const row = ALGORITHMS[algorithm]
  if (row.signatureBytes !== undefined && signature.length !== row.signatureBytes) return false
  // A key by itself is taken as it is; in an object, Node tries several kinds of keys first, which takes half as long
  // as an RSA signature.
  return verify(row.digest, signingInput, row.options ? { key, ...row.options } : key, signature)
}
