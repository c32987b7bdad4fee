/** The keys that a provider signs with, as the load balancer and the functions take them. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type Finding, findingsIn, sizeOf } from './finding.ts'
import { failureSentence, isSecureUrl, type JsonObject, readJson } from './read-json.ts'

/** A key that can verify something. */
export interface SigningKey {
  readonly kid: string | undefined
  readonly kty: string
  /** The only algorithm it is for, if it says so. */
  readonly alg: string | undefined
  readonly keyObject: KeyObject
}

export interface CheckedKeys {
  readonly findings: readonly Finding[]
  readonly keys: readonly SigningKey[]
}

/** What the load balancer's jwt-validation reads at most. */
const MAX_ALB_BYTES = 150 * 1024
const MAX_ALB_KEYS = 10
const MAX_ALB_URL_LENGTH = 256
const MAX_READ_BYTES = 1024 * 1024
const TIMEOUT_MS = 10_000
const MIN_RSA_BITS = 2048
const found = findingsIn('Signing keys')
const NO_JWT_VALIDATION = 'Set ingress.jwtValidation to false: the functions verify every token anyway.'

/** Reads the key set of the document. */
export async function checkKeys(metadata: JsonObject): Promise<CheckedKeys> {
  const url = metadata.jwks_uri
  const failed = (sentence: string, todo: string): CheckedKeys => {
    return { findings: [found('key-set', 'change', sentence, todo)], keys: [] }
  }
  if (!isSecureUrl(url)) return failed('jwks_uri is missing.', 'Without keys no token can be verified.')
  const answer = await readJson(url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_READ_BYTES })
  if (answer.kind === 'failure') {
    return failed(`The key set ${failureSentence(answer)}.`, 'Make jwks_uri answer with 200 and a key set.')
  }
  const { keys: listed } = answer.value
  if (!Array.isArray(listed) || listed.length === 0) {
    return failed('The key set is empty.', 'Let the provider publish the keys it signs with.')
  }
  const keys = listed.map(signingKeyOf).filter((key) => key !== undefined)
  return {
    findings: [
      sizeFinding(answer.bytes, listed.length),
      ...(url.length > MAX_ALB_URL_LENGTH ? [lengthFinding(url)] : []),
      algorithmFinding(keys),
      ...privateKeyFindings(listed),
      ...kidFindings(keys),
    ],
    keys,
  }
}

function sizeFinding(bytes: number, count: number): Finding {
  const what = `${count === 1 ? 'One key' : `${count} keys`}, ${sizeOf(bytes)}`
  const limits = `the load balancer reads up to ${MAX_ALB_KEYS} keys and ${sizeOf(MAX_ALB_BYTES)}`
  return count > MAX_ALB_KEYS || bytes > MAX_ALB_BYTES
    ? found(
        'key-set',
        'change',
        `${what}: that is too much, ${limits}.`,
        `Remove keys that sign nothing any more. Otherwise: ${NO_JWT_VALIDATION}`,
      )
    : found('key-set', 'ok', `${what}; ${limits}.`)
}

function lengthFinding(url: string): Finding {
  const sentence = `jwks_uri has ${url.length} characters, and the load balancer takes ${MAX_ALB_URL_LENGTH}.`
  return found('key-set-url', 'change', sentence, NO_JWT_VALIDATION)
}

function algorithmFinding(keys: readonly SigningKey[]): Finding {
  const rs256 = keys.filter((key) => suits(key, 'RS256'))
  if (rs256.length > 0) {
    return found(
      'rs256',
      'ok',
      `${rs256.length === 1 ? 'One' : rs256.length} of them for RS256, the algorithm of the load balancer.`,
    )
  }
  const others = [...new Set(keys.map(({ alg, kty }) => alg ?? kty))].join(', ')
  return found(
    'rs256',
    'change',
    others === ''
      ? 'None of the keys can verify a signature: RSA keys need 2048 bits and the use "sig".'
      : `No key is for RS256, the only algorithm that the load balancer verifies; there is ${others}.`,
    others === ''
      ? 'Let the provider sign with RS256.'
      : `Let the provider sign access tokens with RS256. Otherwise set auth.appAuth.externalAuthServer.algorithms to what it signs with, and ingress.jwtValidation to false.`,
  )
}

function privateKeyFindings(listed: readonly unknown[]): Finding[] {
  const isPrivate = (key: unknown) => {
    const { d, k } = (key ?? {}) as JsonObject
    return d !== undefined || k !== undefined
  }
  return listed.some(isPrivate)
    ? [
        found(
          'private-key',
          'change',
          'A private or symmetric key is published. Whoever read it can sign as the provider.',
          'Replace that key at once and publish public halves only.',
        ),
      ]
    : []
}

function kidFindings(keys: readonly SigningKey[]): Finding[] {
  return keys.length > 1 && keys.some(({ kid }) => kid === undefined)
    ? [
        found(
          'kid',
          'advice',
          'There are several keys, and not each has a kid: a token without one is refused, because its key would be a guess.',
          'Give every key a kid, and name it in the header of tokens.',
        ),
      ]
    : []
}

/** The key, if it is fit to verify signatures with: for signing, public, and RSA with 2048 bits at least. */
function signingKeyOf(jwk: unknown): SigningKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, kid, alg, use, d, k } = jwk as JsonObject
  if (typeof kty !== 'string' || d !== undefined || k !== undefined) return undefined
  if (use !== undefined && use !== 'sig') return undefined
  try {
    const keyObject = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const { modulusLength } = keyObject.asymmetricKeyDetails ?? {}
    if (modulusLength !== undefined && modulusLength < MIN_RSA_BITS) return undefined
    return {
      kid: typeof kid === 'string' ? kid : undefined,
      kty,
      alg: typeof alg === 'string' ? alg : undefined,
      keyObject,
    }
  } catch {
    return undefined
  }
}

const KEY_TYPES: Readonly<Record<string, string>> = { RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP' }

/** Whether a key may verify a signature of this algorithm. */
export function suits(key: SigningKey, algorithm: string): boolean {
  return (key.alg === undefined || key.alg === algorithm) && KEY_TYPES[algorithm.slice(0, 2)] === key.kty
}
