/**
 * The secrets of confidential clients: bcrypt hashes in one secret of the deployment.
 *
 *   { "flytepropeller": "$2b$12$…" }                     one secret
 *   { "flytepropeller": ["$2b$12$…", "$2b$12$…"] }       two, while one replaces the other
 *
 * A hash may be wrapped in base64 once more, as Flyte 1's configuration has it.
 */
import { createHmac } from 'node:crypto'
import { compare as compareByBcrypt } from 'bcryptjs'
import { ServiceError } from '../shared/errors.ts'
import { BoundedMap } from '../shared/identity/bounded-map.ts'
import type { RandomBytes } from '../shared/random.ts'
import type { SecretReader } from '../shared/secret-reader.ts'
import type { JwtObject } from '../shared/tokens/jwt.ts'

/**
 * Whether this is the client's secret. A client without a hash has no secret that would do.
 *
 * @throws {ServiceError} `secret_unavailable`
 */
export type ClientSecretCheck = (clientId: string, secret: string) => Promise<boolean>

export interface ClientSecretsDeps {
  readonly readSecret: SecretReader
  /** The secret with the hashes; null where no client is confidential. */
  readonly secretName: string | null
  readonly random: RandomBytes
  /** Compares a secret with a hash. Default: a bcrypt round. */
  readonly compare?: (secret: string, hash: string) => Promise<boolean>
}

const MAX_HASHES = 2
/** bcrypt looks at no more than that: the rest of a longer secret would not matter. */
const MAX_SECRET_BYTES = 72
/** Above a cost of 14 a single guess keeps the function busy for seconds. */
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/
const REMEMBERED = 1_000

/**
 * Makes the check. A secret that was right is remembered by a keyed digest, in memory and together with the hash it
 * fitted: the next call costs no bcrypt round, and a hash that is taken away takes what was remembered with it.
 */
export function createClientSecrets({
  readSecret,
  secretName,
  random,
  compare = compareByBcrypt,
}: ClientSecretsDeps): ClientSecretCheck {
  const digestKey = random(32)
  const remembered = new BoundedMap<string, true>(REMEMBERED)
  let last: { readonly text: string; readonly document: JwtObject } | undefined

  async function hashesOf(clientId: string): Promise<readonly string[]> {
    if (secretName === null) return []
    const text = await readSecret(secretName)
    if (last?.text !== text) last = { text, document: parseDocument(text) }
    // What is wrong with the entry of one client is nothing to the others.
    return Object.hasOwn(last.document, clientId) ? hashList(last.document[clientId]) : []
  }

  const digest = (hash: string, secret: string) =>
    createHmac('sha256', digestKey).update(`${hash}\n${secret}`).digest('base64url')

  return async (clientId, secret) => {
    if (secret === '' || Buffer.byteLength(secret) > MAX_SECRET_BYTES) return false
    const hashes = await hashesOf(clientId)
    if (hashes.some((hash) => remembered.get(digest(hash, secret)))) return true
    for (const hash of hashes) {
      if (!(await compare(secret, hash))) continue
      remembered.set(digest(hash, secret), true)
      return true
    }
    return false
  }
}

function parseDocument(text: string): JwtObject {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new ServiceError('secret_unavailable')
  }
  if (typeof document !== 'object' || document === null) throw new ServiceError('secret_unavailable')
  return document as JwtObject
}

/** @throws {ServiceError} `secret_unavailable` for anything but one or two hashes: a typing mistake is not a lockout. */
function hashList(value: unknown): readonly string[] {
  const list = [value].flat().map(unwrapped)
  if (list.length > MAX_HASHES || !list.every((hash) => BCRYPT.test(hash))) {
    throw new ServiceError('secret_unavailable')
  }
  return list
}

function unwrapped(value: unknown): string {
  if (typeof value !== 'string') return ''
  return value.startsWith('$') ? value : Buffer.from(value, 'base64').toString('utf8')
}
