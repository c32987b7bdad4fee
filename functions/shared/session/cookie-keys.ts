/**
 * The keys of the session cookies, out of secrets: `cookie_hash_key` and `cookie_block_key`, unpadded base64, as a
 * Flyte 1 deployment's admin-auth secret has them.
 */
import { ServiceError } from '../errors.ts'
import type { SecretReader } from '../secret-reader.ts'
import type { CookieKeyPair, CookieKeys } from './secure-cookie.ts'

/** Which secrets hold the keys. */
export interface CookieKeyNames {
  /**
   * One secret with both keys as JSON, or two that hold the hash key and the block key as they are.
   * The JSON may have `older`: a list of the same two keys, which are accepted but no longer used for writing.
   */
  readonly names: readonly string[]
}

/** Gives the keys that are current. @throws {ServiceError} `secret_unavailable` */
export type CookieKeySource = () => Promise<CookieKeys>

const MIN_HASH_KEY_BYTES = 32
const BLOCK_KEY_BYTES = 32
const MAX_OLDER_PAIRS = 8
const STANDARD_BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Makes the source. A pair whose keys are missing or of the wrong size fails the whole: a key that is silently
 * left out would end sessions, or write ones that nobody else can read.
 */
export function createCookieKeySource(read: SecretReader, { names }: CookieKeyNames): CookieKeySource {
  let last: { readonly texts: string; readonly keys: CookieKeys } | undefined
  return async () => {
    const texts = await Promise.all(names.map(read))
    const joined = texts.join('\n')
    if (last?.texts !== joined) last = { texts: joined, keys: parseKeys(texts) }
    return last.keys
  }
}

function parseKeys(texts: readonly string[]): CookieKeys {
  const [first = '', second] = texts
  if (second !== undefined) return [pairOf({ cookie_hash_key: first, cookie_block_key: second })]
  const secret = parseObject(first)
  const { older = [] } = secret
  if (!Array.isArray(older) || older.length > MAX_OLDER_PAIRS) throw new ServiceError('secret_unavailable')
  return [pairOf(secret), ...older.map(pairOf)]
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // A parser's message quotes what it read, so it is not even kept as the cause.
  }
  throw new ServiceError('secret_unavailable')
}

function pairOf(value: unknown): CookieKeyPair {
  const { cookie_hash_key: hash, cookie_block_key: block } = (value ?? {}) as Record<string, unknown>
  const hashKey = keyOf(hash)
  const blockKey = keyOf(block)
  if (hashKey.length < MIN_HASH_KEY_BYTES || blockKey.length !== BLOCK_KEY_BYTES) {
    throw new ServiceError('secret_unavailable')
  }
  return { hashKey, blockKey }
}

function keyOf(value: unknown): Buffer {
  const text = typeof value === 'string' ? value.trim() : ''
  if (!STANDARD_BASE64.test(text)) throw new ServiceError('secret_unavailable')
  return Buffer.from(text, 'base64')
}
