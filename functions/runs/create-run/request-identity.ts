/**
 * How a repeated request is told from a new one.
 *
 * Clients repeat `x-request-id` on their retries and nowhere else, so a digest over the caller, that id and
 * everything that was asked for is the same for a retry and for nothing else. A generated run name comes from
 * it: a retry makes the same name and finds its own run. Somebody else's request never can, because the caller
 * is part of it.
 */
import { hash } from 'node:crypto'

export interface RequestIdentity {
  readonly issuer: string
  readonly subject: string
  readonly requestId: string
  readonly place: readonly string[]
  /** Digests and names of what is to run. */
  readonly contents: readonly string[]
  readonly runSpec: Uint8Array
}

/** A digest of the request: SHA-256 in base64url. */
export function requestDigest({ runSpec, ...parts }: RequestIdentity): string {
  const { issuer, subject, requestId, place, contents } = parts
  const spec = Buffer.from(runSpec.buffer, runSpec.byteOffset, runSpec.length).toString('base64url')
  return hash('sha256', JSON.stringify([issuer, subject, requestId, place, contents, spec]), 'base64url')
}

/** Without vowels and look-alikes, as Kubernetes' generated names are. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const NAME_LETTERS = 19

/**
 * The name of an unnamed run: `r` and 19 letters, some 90 bits of the request's digest. The same digest always
 * makes the same name.
 */
export function generatedRunName(digest: string): string {
  const bytes = Buffer.from(digest, 'base64url')
  let name = 'r'
  for (let i = 0; i < NAME_LETTERS; i += 1) name += NAME_ALPHABET[(bytes[i] ?? 0) % NAME_ALPHABET.length]
  return name
}
