/** A sample token: taken apart, and its signature checked with the provider's keys. */
import { constants, verify } from 'node:crypto'
import { type SigningKey, suits } from './keys.ts'
import { type JsonObject, parseObject } from './read-json.ts'

export interface SampleToken {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly signingInput: string
  readonly signature: Buffer
}

const SEGMENT = /^[A-Za-z0-9_-]+$/

/** Takes a JWT apart; undefined for anything else, such as an opaque token. Verifies nothing. */
export function parseToken(token: string): SampleToken | undefined {
  const segments = token.split('.')
  if (segments.length !== 3 || !segments.every((segment) => SEGMENT.test(segment))) return undefined
  const [header, claims] = segments.slice(0, 2).map((one) => parseObject(Buffer.from(one, 'base64url')))
  if (header === undefined || claims === undefined) return undefined
  const [signingInput] = token.split(/\.[^.]*$/, 1)
  return {
    header,
    claims,
    signingInput: signingInput ?? '',
    signature: Buffer.from(segments[2] ?? '', 'base64url'),
  }
}

interface AlgorithmRow {
  readonly digest: string | null
  readonly options: Readonly<Record<string, unknown>>
}

const IEEE = { dsaEncoding: 'ieee-p1363' }
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

const ALGORITHMS: Readonly<Record<string, AlgorithmRow>> = {
  RS256: { digest: 'sha256', options: {} },
  RS384: { digest: 'sha384', options: {} },
  RS512: { digest: 'sha512', options: {} },
  PS256: { digest: 'sha256', options: PSS },
  ES256: { digest: 'sha256', options: IEEE },
  ES384: { digest: 'sha384', options: IEEE },
  ES512: { digest: 'sha512', options: IEEE },
  EdDSA: { digest: null, options: {} },
}

export type SignatureCheck = 'valid' | 'invalid' | 'algorithm_refused' | 'key_unknown'

/** Checks the signature: the key that `kid` names, or without one the only key that fits. */
export function checkSignature(token: SampleToken, keys: readonly SigningKey[]): SignatureCheck {
  const { alg, kid } = token.header
  const row = typeof alg === 'string' ? ALGORITHMS[alg] : undefined
  if (row === undefined) return 'algorithm_refused'
  const suitable = keys.filter((key) => suits(key, alg as string))
  const key =
    kid === undefined
      ? suitable.length === 1
        ? suitable[0]
        : undefined
      : suitable.find((one) => one.kid === kid)
  if (key === undefined) return 'key_unknown'
  const input = Buffer.from(token.signingInput, 'latin1')
  return verify(row.digest, input, { key: key.keyObject, ...row.options }, token.signature)
    ? 'valid'
    : 'invalid'
}
