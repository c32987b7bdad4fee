/**
 * The secret that the signing keys are kept in: a JSON document with a PEM a key, in Flyte's names.
 *
 * | key | signs | published |
 * |---|---|---|
 * | `token_rsa_key_next.pem` | not yet | yes |
 * | `token_rsa_key.pem` | yes | yes |
 * | `token_rsa_key_old.pem` | no longer: its public half is enough | yes, until its last token has expired |
 *
 * `changedAt` (epoch seconds) says when the document last changed; without it, as in a secret that comes from a
 * Flyte 1 deployment, everything in it counts as new.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { SecretReader } from '../secret-reader.ts'
import { createRefreshed } from './refreshed.ts'
import { localSigningKey, publishedKeyOf, type SigningKeySource, type SigningKeys } from './signing-keys.ts'

export const NEXT_KEY = 'token_rsa_key_next.pem'
export const CURRENT_KEY = 'token_rsa_key.pem'
export const OLD_KEY = 'token_rsa_key_old.pem'

export interface KeyDocument {
  readonly [NEXT_KEY]?: string
  readonly [CURRENT_KEY]?: string
  readonly [OLD_KEY]?: string
  readonly changedAt?: number
}

/**
 * Reads the document. Other keys are left alone, so that it can share a secret with other things.
 *
 * @throws {ServiceError} `keys_unavailable` if it is not one; what is in it is never repeated.
 */
export function parseKeyDocument(text: string): KeyDocument {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError()
    const { changedAt, ...others } = value as Record<string, unknown>
    const pems = [NEXT_KEY, CURRENT_KEY, OLD_KEY].filter((name) => others[name] !== undefined)
    if (pems.some((name) => typeof others[name] !== 'string')) throw new TypeError()
    return { ...others, ...(typeof changedAt === 'number' ? { changedAt } : {}) }
  } catch {
    throw new ServiceError('keys_unavailable')
  }
}

/** The keys of a document. @throws {ServiceError} `keys_unavailable` without a current key, or for a bad PEM. */
export function signingKeysOf(document: KeyDocument): SigningKeys {
  const { [CURRENT_KEY]: currentPem } = document
  if (currentPem === undefined) throw new ServiceError('keys_unavailable')
  const current = localSigningKey(privateKeyOf(currentPem))
  const { [NEXT_KEY]: next, [OLD_KEY]: old } = document
  const others = [
    ...(next === undefined ? [] : [localSigningKey(privateKeyOf(next)).published]),
    ...(old === undefined ? [] : [publishedKeyOf(publicKeyOf(old))]),
  ]
  const published = new Map([current.published, ...others].map((key) => [key.kid, key]))
  return { current, published: [...published.values()] }
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new ServiceError('keys_unavailable')
  }
}

/**
 * The public half of a key in PEM form, as a PEM of its own.
 *
 * @throws {ServiceError} `keys_unavailable`
 */
export function publicHalfOf(pem: string): string {
  return publicKeyOf(pem).export({ format: 'pem', type: 'spki' }).toString()
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw new ServiceError('keys_unavailable')
  }
}

export interface KeyDocumentSourceDeps {
  readonly readSecret: SecretReader
  /** The secret with the document. */
  readonly secretName: string
  readonly now: Clock
}

const MINUTE_MS = 60_000
/** How long a process goes on with what it read: a new key has to be published for much longer before it signs. */
export const KEYS_FRESH_MS = 5 * MINUTE_MS
const STALE_MS = 24 * 60 * MINUTE_MS
const PAUSE_MS = 5_000

/** Makes the source: reads the secret every few minutes, and goes on with the last keys while it cannot be read. */
export function createKeyDocumentSource({
  readSecret,
  secretName,
  now,
}: KeyDocumentSourceDeps): SigningKeySource {
  const keys = createRefreshed({
    load: async () => signingKeysOf(parseKeyDocument(await readSecret(secretName))),
    now,
    freshMs: KEYS_FRESH_MS,
    staleMs: STALE_MS,
    pauseMs: PAUSE_MS,
  })
  return keys.get
}
