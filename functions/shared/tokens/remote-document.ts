/** JSON documents of an identity provider: fetched with a limit on time and size, and believed only if they are JSON. */
import { isUtf8 } from 'node:buffer'
import { ServiceError } from '../errors.ts'
import type { FetchOptions, fetchDocument } from '../http/fetch-document.ts'
import type { JwtObject } from './jwt.ts'

/** How documents are fetched: {@link fetchDocument}, or that with a proxy filled in. */
export type DocumentFetcher = typeof fetchDocument

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
  request: FetchOptions,
): Promise<JwtObject | 'absent'> {
  const answer = await fetch(url, request)
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return 'absent'
  if (answer.status !== 200) throw new ServiceError('provider_unavailable')
  return parseJsonObject(answer.body)
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
