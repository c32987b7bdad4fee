/**
 * The keys of the trusted issuers.
 *
 * A key set is fetched at its first use, kept for ten minutes, and replaced without a restart: a token with a
 * key that is not in it makes it be fetched anew, at most once in thirty seconds an issuer, so that made-up
 * key ids cannot be used to hammer the provider. While the provider is down, the last keys stay in use for
 * up to a day.
 */
import type { Clock } from '../clock.ts'
import type { TrustedIssuer } from '../config.ts'
import { asServiceError, ServiceError } from '../errors.ts'
import type { Algorithm } from './algorithms.ts'
import type { IssuerMetadataSource } from './issuer-metadata.ts'
import { createRefreshed } from './refreshed.ts'
import { type DocumentFetcher, readJsonDocument } from './remote-document.ts'
import { importVerificationKey, keySuits, type VerificationKey } from './verification-key.ts'

/** What a token says about its key. */
export interface KeyQuery {
  readonly kid: string | undefined
  readonly algorithm: Algorithm
}

export interface KeySet {
  /**
   * The key that a token says it is signed with. Without a `kid` there has to be exactly one that fits.
   *
   * @throws {ServiceError} `token_key_unknown`; `keys_unavailable` if the provider has to be asked and does
   *   not answer.
   */
  readonly find: (query: KeyQuery) => VerificationKey | Promise<VerificationKey>
}

export interface KeySetDeps {
  readonly fetch: DocumentFetcher
  readonly metadata: IssuerMetadataSource
  readonly now: Clock
}

const SECOND_MS = 1_000
const FRESH_MS = 600 * SECOND_MS
const STALE_MS = 86_400 * SECOND_MS
const PAUSE_MS = 10 * SECOND_MS
/** How long unknown key ids of an issuer are refused without asking it again. */
export const UNKNOWN_KEY_COOL_DOWN_MS = 30 * SECOND_MS
const TIMEOUT_MS = 3 * SECOND_MS
/** What the load balancer's own token verification reads at most. */
const MAX_BYTES = 150 * 1024
const MAX_KEYS = 100

/** Makes the key set of one issuer. */
export function createKeySet(issuer: Pick<TrustedIssuer, 'issuer' | 'jwksUri'>, deps: KeySetDeps): KeySet {
  const { now } = deps
  const keys = createRefreshed({
    load: () => loadKeys(issuer, deps),
    now,
    freshMs: FRESH_MS,
    staleMs: STALE_MS,
    pauseMs: PAUSE_MS,
  })
  let cooling: { readonly untilMs: number; readonly error: ServiceError } | undefined
  let searching: Promise<readonly VerificationKey[]> | undefined

  /** Fetches the keys for a key id that is not among them; afterwards it is quiet for a while. */
  async function search(): Promise<readonly VerificationKey[]> {
    let error = new ServiceError('token_key_unknown')
    try {
      return await keys.reload()
    } catch (thrown) {
      error = asServiceError(thrown)
      throw error
    } finally {
      cooling = { untilMs: now() + UNKNOWN_KEY_COOL_DOWN_MS, error }
      searching = undefined
    }
  }

  async function findAfterSearch(query: KeyQuery): Promise<VerificationKey> {
    if (searching === undefined && cooling !== undefined && now() < cooling.untilMs) throw cooling.error
    searching ??= search()
    const key = selectKey(await searching, query)
    if (key === undefined) throw new ServiceError('token_key_unknown')
    return key
  }

  return {
    find(query) {
      const known = keys.get()
      if (known instanceof Promise) {
        return known.then((loaded) => selectKey(loaded, query) ?? findAfterSearch(query))
      }
      return selectKey(known, query) ?? findAfterSearch(query)
    },
  }
}

function selectKey(keys: readonly VerificationKey[], query: KeyQuery): VerificationKey | undefined {
  const suitable = keys.filter((key) => keySuits(key, query.algorithm))
  if (query.kid !== undefined) return suitable.find((key) => key.kid === query.kid)
  return suitable.length === 1 ? suitable[0] : undefined
}

async function loadKeys(
  issuer: Pick<TrustedIssuer, 'issuer' | 'jwksUri'>,
  { fetch, metadata }: KeySetDeps,
): Promise<readonly VerificationKey[]> {
  try {
    const url = issuer.jwksUri ?? (await metadata.get(issuer.issuer)).jwksUri
    if (url === undefined) throw new ServiceError('provider_answer_invalid')
    const document = await readJsonDocument(fetch, url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
    if (document === 'absent') throw new ServiceError('provider_unavailable')
    return importKeys(document.keys)
  } catch (error) {
    throw new ServiceError('keys_unavailable', { cause: error })
  }
}

/** @throws {ServiceError} `provider_answer_invalid`, because an empty key set would refuse everybody as a forger. */
function importKeys(jwks: unknown): readonly VerificationKey[] {
  if (!Array.isArray(jwks) || jwks.length > MAX_KEYS) throw new ServiceError('provider_answer_invalid')
  const keys = jwks.map(importVerificationKey).filter((key) => key !== undefined)
  if (keys.length === 0) throw new ServiceError('provider_answer_invalid')
  return keys
}
