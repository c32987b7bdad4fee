/**
 * Page tokens: opaque, bound to the list they were made for, and refused if anything about them was changed.
 *
 * A token is the place where a page ended behind a digest of that place and the list. It is a check and no seal:
 * it needs no secret, because a place is one inside a list that its caller may read from the start anyway.
 */
import { hash } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'

const DIGEST_BYTES = 12
const MAX_TOKEN_LENGTH = 2_048
const BASE64URL = /^[A-Za-z0-9_-]+$/

/** Makes the token of the next page; empty, as clients expect, if there is none. */
export function makePageToken(list: unknown, place: string | undefined): string {
  if (place === undefined) return ''
  return Buffer.concat([digestOf(list, place), Buffer.from(place)]).toString('base64url')
}

/**
 * Reads the place out of a token; undefined for an empty one, the first page.
 *
 * @throws {ServiceError} `page_token_invalid` for a token of another list, or one that was changed.
 */
export function readPageToken(list: unknown, token: string): string | undefined {
  if (token === '') return undefined
  if (token.length > MAX_TOKEN_LENGTH || !BASE64URL.test(token)) throw new ServiceError('page_token_invalid')
  const bytes = Buffer.from(token, 'base64url')
  const place = bytes.subarray(DIGEST_BYTES).toString()
  if (
    bytes.toString('base64url') !== token ||
    !digestOf(list, place).equals(bytes.subarray(0, DIGEST_BYTES))
  ) {
    throw new ServiceError('page_token_invalid')
  }
  return place
}

function digestOf(list: unknown, place: string): Buffer {
  return hash('sha256', JSON.stringify([list, place]), 'buffer').subarray(0, DIGEST_BYTES)
}
