/** JSON documents of an identity provider: fetched with a limit on time and size, and believed only if they are JSON. */
import { isUtf8 } from 'node:buffer'
import { ServiceError } from '../errors.ts'
import type { JwtObject } from './jwt.ts'

export interface DocumentRequest {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface FetchedDocument {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Gets one document with a GET request, following no redirect. Rejects if there is no complete answer. */
export type DocumentFetcher = (url: string, request: DocumentRequest) => Promise<FetchedDocument>

/**
 * Reads a JSON object.
 *
 * @returns `absent` if the provider says that there is no such document (404 and its like).
 * @throws {ServiceError} `provider_unavailable` without an answer or with one of its errors;
 *   `provider_answer_invalid` for anything that is not a JSON object.
 */
export async function readJsonDocument(
  fetch: DocumentFetcher,
  url: string,
  request: DocumentRequest,
): Promise<JwtObject | 'absent'> {
  if (!isSecureUrl(url)) throw new ServiceError('provider_answer_invalid')
  const answer = await fetchOrUnavailable(fetch, url, request)
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return 'absent'
  if (answer.status !== 200) throw new ServiceError('provider_unavailable')
  return parseJsonObject(answer.body)
}

/** Whether a URL is https, or http on this very machine, where nobody listens in between (RFC 8252 section 8.3). */
export function isSecureUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname))
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

async function fetchOrUnavailable(fetch: DocumentFetcher, url: string, request: DocumentRequest) {
  try {
    return await fetch(url, request)
  } catch (error) {
    throw new ServiceError('provider_unavailable', { cause: error })
  }
}

/** @throws {ServiceError} `provider_answer_invalid` */
export function parseJsonObject(body: Uint8Array): JwtObject {
  try {
    if (!isUtf8(body)) throw new TypeError('not UTF-8')
    const value: unknown = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'),
    )
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TypeError('not an object')
    return value as JwtObject
  } catch (error) {
    throw new ServiceError('provider_answer_invalid', { cause: error })
  }
}
