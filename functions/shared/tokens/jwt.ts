/**
 * The outer form of a JWT (RFC 7519, JWS compact serialization of RFC 7515), read strictly.
 *
 * Nothing here is verified: what {@link parseUnverifiedJwt} returns is what somebody claims.
 */
import { isUtf8 } from 'node:buffer'
import { ServiceError } from '../errors.ts'
import { decodeBase64url, type Padding } from './base64url.ts'

/** The longest token that is looked at, in characters. A load balancer passes on 16 KB a header line. */
export const MAX_TOKEN_LENGTH = 16_384

/** A JSON object of a token: a value of each member has to be checked before it is used. */
export type JwtObject = Readonly<Record<string, unknown>>

export interface UnverifiedJwt {
  readonly header: JwtObject
  readonly payload: JwtObject
  /** The bytes that were signed: header and payload as received, padding included. */
  readonly signingInput: Buffer
  readonly signature: Buffer
}

/** Members that bring their own key or say where to get one (RFC 8725 section 3.10), or change what is signed. */
const REFUSED_HEADERS = ['crit', 'b64', 'zip', 'enc', 'jwk', 'jku', 'x5u', 'x5c'] as const

/**
 * Takes a JWT apart: three segments of canonical base64url, the first two of them UTF-8 JSON objects in which
 * no name appears twice. A header that wants anything beyond a plain signature is refused (`crit`, an
 * embedded key, a key address).
 *
 * @throws {ServiceError} `token_too_large`, `token_malformed`, `token_header_refused`
 */
export function parseUnverifiedJwt(token: string, padding: Padding = 'refused'): UnverifiedJwt {
  if (token.length > MAX_TOKEN_LENGTH) throw new ServiceError('token_too_large')
  const [header, payload, signature, ...more] = token.split('.', 4)
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw malformed()
  }
  const signatureBytes = decodeBase64url(signature, padding)
  if (signatureBytes === undefined) throw malformed()
  const parsed = {
    header: parseSegment(header, padding),
    payload: parseSegment(payload, padding),
    signingInput: Buffer.from(token.slice(0, header.length + 1 + payload.length), 'latin1'),
    signature: signatureBytes,
  }
  for (const name of REFUSED_HEADERS) {
    if (Object.hasOwn(parsed.header, name)) throw new ServiceError('token_header_refused')
  }
  return parsed
}

function parseSegment(segment: string, padding: Padding): JwtObject {
  const bytes = decodeBase64url(segment, padding)
  if (bytes === undefined || !isUtf8(bytes)) throw malformed()
  return parseJsonObject(bytes.toString('utf8'))
}

/** @throws {ServiceError} `token_malformed` unless the text is one JSON object without repeated names. */
function parseJsonObject(text: string): JwtObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  // A name that appears twice means one thing to one reader and another to the next.
  if (countMembers(text) !== Object.keys(value).length) throw malformed()
  return value as JwtObject
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Counts the members of the outermost object of a valid JSON text: the colons at depth one, outside strings. */
function countMembers(text: string): number {
  let depth = 0
  let members = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) at = endOfString(text, at)
    else if (char === 0x7b || char === 0x5b) depth += 1
    else if (char === 0x7d || char === 0x5d) depth -= 1
    else if (char === COLON && depth === 1) members += 1
  }
  return members
}

/** The index of the quote that ends the string that starts at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}

function malformed(): ServiceError {
  return new ServiceError('token_malformed')
}
