import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { AlbError, type ErrorReason } from './errors.ts'
import { callText, type HttpCall, ResponseTooLarge } from './http-call.ts'
import type { Now } from './types.ts'

/** Finds the key that a token names. */
export interface KeySets {
  /**
   * The RS256 key with this id at an endpoint; without an id, the only one there is.
   *
   * @throws {AlbError} 401 `JWKS*` if the key set cannot be read or breaks a limit (150 KB, 10 keys), 401
   *   `JWTSignatureValidationError` if it has no such key
   */
  readonly findKey: (endpoint: string, kid: string | undefined) => Promise<KeyObject>
}

interface KeySet {
  readonly keys: ReadonlyMap<string | undefined, KeyObject>
  readonly count: number
  readonly fetchedAt: number
}

const MAX_RESPONSE_BYTES = 150 * 1024
const MAX_KEYS = 10
const MIN_MODULUS_BITS = 2048
const FRESH_MS = 5 * 60_000
/** A token with an unknown key id makes us look again, but not for every such token. */
const LOOK_AGAIN_AFTER_MS = 10_000

/**
 * Makes a cache of key sets. A set is kept for five minutes; after that it has to be read again before any
 * token is accepted, so an endpoint that is down closes the rule.
 */
export function createKeySets(deps: { readonly http: HttpCall; readonly now: Now }): KeySets {
  const sets = new Map<string, KeySet>()
  const pending = new Map<string, Promise<KeySet>>()

  const load = (endpoint: string): Promise<KeySet> => {
    const loading =
      pending.get(endpoint) ??
      fetchKeySet(endpoint, deps)
        .then((set) => {
          sets.set(endpoint, set)
          return set
        })
        .finally(() => pending.delete(endpoint))
    pending.set(endpoint, loading)
    return loading
  }

  return {
    async findKey(endpoint, kid) {
      const cached = sets.get(endpoint)
      const age = cached ? deps.now() - cached.fetchedAt : Number.POSITIVE_INFINITY
      const set = cached && age < FRESH_MS ? cached : await load(endpoint)
      const key = keyIn(set, kid)
      if (key) return key
      const again = set === cached && age >= LOOK_AGAIN_AFTER_MS
      const found = again ? keyIn(await load(endpoint), kid) : undefined
      if (found) return found
      throw new AlbError(401, 'JWTSignatureValidationError')
    },
  }
}

function keyIn(set: KeySet, kid: string | undefined): KeyObject | undefined {
  if (kid !== undefined) return set.keys.get(kid)
  return set.count === 1 ? set.keys.values().next().value : undefined
}

async function fetchKeySet(
  endpoint: string,
  deps: { readonly http: HttpCall; readonly now: Now },
): Promise<KeySet> {
  const { ok, text } = await callText(deps.http, endpoint, { maxBytes: MAX_RESPONSE_BYTES }).catch(
    (cause: unknown) => {
      const tooLarge = cause instanceof ResponseTooLarge
      throw refused(tooLarge ? 'JWKSResponseSizeExceeded' : 'JWKSRequestTimeout', cause)
    },
  )
  if (!ok) throw refused('JWKSRequestFailed')
  const listed = parseKeys(text)
  if (listed.length > MAX_KEYS) throw refused('JWKSResponseSizeExceeded')
  const keys = new Map<string | undefined, KeyObject>()
  for (const jwk of listed) {
    const key = importKey(jwk)
    if (key) keys.set(jwk.kid, key)
  }
  return { keys, count: keys.size, fetchedAt: deps.now() }
}

type Jwk = JsonWebKey & { readonly kid?: string; readonly use?: string; readonly alg?: string }

function parseKeys(text: string): Jwk[] {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (Array.isArray(keys)) return keys.filter((key) => typeof key === 'object' && key !== null)
  } catch (cause) {
    throw refused('JWKSResponseInvalid', cause)
  }
  throw refused('JWKSResponseInvalid')
}

/** Only keys that may verify RS256; anything else in the set is passed over. */
function importKey(jwk: Jwk): KeyObject | undefined {
  const forSignatures = jwk.use === undefined || jwk.use === 'sig'
  const forRs256 = jwk.kty === 'RSA' && (jwk.alg === undefined || jwk.alg === 'RS256')
  if (!forSignatures || !forRs256) return undefined
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n: jwk.n, e: jwk.e }, format: 'jwk' })
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_MODULUS_BITS ? key : undefined
  } catch {
    return undefined
  }
}

function refused(reason: ErrorReason, cause?: unknown): AlbError {
  return new AlbError(401, reason, { cause })
}
