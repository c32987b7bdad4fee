/**
 * The load balancer's public keys, by id, from the key server of its region.
 *
 * That server is shared by every account of the region: a key from it proves that some load balancer signed,
 * not that ours did.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { FetchedDocument } from '../http/fetch-document.ts'
import type { DocumentFetcher } from '../tokens/remote-document.ts'
import { BoundedMap } from './bounded-map.ts'

export interface AlbKeys {
  /**
   * The public key with this id, a P-256 key.
   *
   * @throws {ServiceError} `token_key_unknown` if the id is no UUID or the server has no such key;
   *   `keys_unavailable` if the server does not answer properly.
   */
  readonly find: (kid: unknown) => KeyObject | Promise<KeyObject>
}

export interface AlbKeysDeps {
  readonly region: string
  readonly fetch: DocumentFetcher
  readonly now: Clock
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const REGION = /^[a-z]{2,3}(-[a-z]+)+-\d{1,2}$/
const TIMEOUT_MS = 3_000
const MAX_PEM_BYTES = 4_096
const MAX_KEYS = 16
/** Within this time, this many questions about keys that do not exist; then no more are asked. */
const UNKNOWN_WINDOW_MS = 30_000
export const MAX_UNKNOWN_IN_WINDOW = 4

/** The address of a key. The id has to be a checked UUID, since it becomes part of the path. */
export function albKeyUrl(region: string, kid: string): string {
  if (region.startsWith('us-gov-')) {
    return `https://s3-${region}.amazonaws.com/aws-elb-public-keys-prod-${region}/${kid}`
  }
  const suffix = region.startsWith('cn-') ? '.cn' : ''
  return `https://public-keys.auth.elb.${region}.amazonaws.com${suffix}/${kid}`
}

/** Makes the source: the latest keys are kept, and concurrent callers share one question. */
export function createAlbKeys({ region, fetch, now }: AlbKeysDeps): AlbKeys {
  if (!REGION.test(region)) throw new TypeError('the region of the load balancer is not the name of a region')
  const known = new BoundedMap<string, KeyObject>(MAX_KEYS)
  const asking = new Map<string, Promise<KeyObject>>()
  let unknown: readonly { readonly kid: string; readonly atMs: number }[] = []

  async function ask(kid: string): Promise<KeyObject> {
    try {
      const key = readKey(await fetchOrUnavailable(fetch, albKeyUrl(region, kid)))
      known.set(kid, key)
      return key
    } catch (error) {
      const isUnknown = error instanceof ServiceError && error.reason === 'token_key_unknown'
      if (isUnknown) unknown = [...unknown, { kid, atMs: now() }].slice(-MAX_UNKNOWN_IN_WINDOW)
      throw error
    } finally {
      asking.delete(kid)
    }
  }

  return {
    find(kid) {
      if (typeof kid !== 'string' || !UUID.test(kid)) throw new ServiceError('token_key_unknown')
      const key = known.get(kid)
      if (key !== undefined) return key
      unknown = unknown.filter((entry) => now() - entry.atMs < UNKNOWN_WINDOW_MS)
      const isCoolingDown =
        unknown.length >= MAX_UNKNOWN_IN_WINDOW || unknown.some((entry) => entry.kid === kid)
      if (isCoolingDown) throw new ServiceError('token_key_unknown')
      const answer = asking.get(kid) ?? ask(kid)
      asking.set(kid, answer)
      return answer
    },
  }
}

async function fetchOrUnavailable(fetch: DocumentFetcher, url: string): Promise<FetchedDocument> {
  try {
    return await fetch(url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_PEM_BYTES })
  } catch (error) {
    throw new ServiceError('keys_unavailable', { cause: error })
  }
}

function readKey({ status, body }: FetchedDocument): KeyObject {
  // 403 is what the buckets behind it say about an object that is not there.
  if (status === 404 || status === 403) throw new ServiceError('token_key_unknown')
  if (status !== 200) throw new ServiceError('keys_unavailable')
  try {
    const key = createPublicKey({ key: Buffer.from(body), format: 'pem' })
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('not a P-256 key')
    return key
  } catch (error) {
    throw new ServiceError('keys_unavailable', { cause: error })
  }
}
