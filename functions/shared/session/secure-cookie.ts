/**
 * Flyte's secure-cookie format, byte for byte that of gorilla/securecookie:
 *
 *   base64url( date "|" base64url( IV, AES-256-CTR( gob string ) ) "|" HMAC-SHA256 over name "|" date "|" value )
 *
 * The name is bound in, so that a value works under its own name only; the date is when it was sealed. A Flyte 1
 * deployment with the same keys reads what is written here, and the other way round.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { RandomBytes } from '../random.ts'
import { decodeGobString, encodeGobString } from './gob-string.ts'

/** One pair of keys: what signs, and what encrypts. */
export interface CookieKeyPair {
  /** `cookie_hash_key`; at least 32 bytes. */
  readonly hashKey: Buffer
  /** `cookie_block_key`; 32 bytes. */
  readonly blockKey: Buffer
}

/** The pairs that are accepted, newest first; the first one writes. Never empty. */
export type CookieKeys = readonly [CookieKeyPair, ...CookieKeyPair[]]

export interface Sealed {
  readonly name: string
  readonly value: string
}

export interface Opened {
  readonly value: string
  readonly sealedAtEpochSeconds: number
}

export interface OpenRules {
  readonly nowEpochSeconds: number
  /** Older values count as unreadable. */
  readonly maxAgeSeconds: number
}

/** The longest encoded value, in characters: what browsers keep of a cookie, and what Flyte reads. */
export const MAX_ENCODED_LENGTH = 4096
/** The longest text, in UTF-8 bytes, whose encoded form is within {@link MAX_ENCODED_LENGTH}. */
export const MAX_PLAIN_BYTES = 2247
/** How far the clock of another machine may be ahead of ours. */
const LEEWAY_SECONDS = 60

const IV_BYTES = 16
const MAC_BYTES = 32
const PIPE = 0x7c
const BASE64URL = /^[A-Za-z0-9_-]*={0,2}$/

/**
 * Seals a value under a name.
 *
 * @throws {RangeError} if the value is longer than {@link MAX_PLAIN_BYTES}.
 */
export function sealCookie(
  { name, value }: Sealed,
  [{ hashKey, blockKey }]: CookieKeys,
  { nowEpochSeconds, random }: { nowEpochSeconds: number; random: RandomBytes },
): string {
  const encoded = encode(name, value, { hashKey, blockKey, nowEpochSeconds, iv: random(IV_BYTES) })
  if (encoded.length > MAX_ENCODED_LENGTH) throw new RangeError('the value is too long for one cookie')
  return encoded
}

/** Seals a value of any length, for storage elsewhere than in a cookie. */
export function sealText(
  { name, value }: Sealed,
  [{ hashKey, blockKey }]: CookieKeys,
  { nowEpochSeconds, random }: { nowEpochSeconds: number; random: RandomBytes },
): string {
  return encode(name, value, { hashKey, blockKey, nowEpochSeconds, iv: random(IV_BYTES) })
}

function encode(
  name: string,
  value: string,
  { hashKey, blockKey, nowEpochSeconds, iv }: CookieKeyPair & { nowEpochSeconds: number; iv: Uint8Array },
): string {
  const cipher = createCipheriv('aes-256-ctr', blockKey, iv)
  const encrypted = Buffer.concat([iv, cipher.update(encodeGobString(value)), cipher.final()])
  const signed = `${nowEpochSeconds}|${padded(encrypted)}`
  const mac = createHmac('sha256', hashKey).update(`${name}|${signed}`).digest()
  return padded(Buffer.concat([Buffer.from(`${signed}|`), mac]))
}

/**
 * Opens a value that was sealed under this name with any of the pairs; undefined if it was not, if it is too old or
 * from the future, or if it is no such value at all. Which of these it was is nobody's business.
 */
export function openCookie(sealed: Sealed, keys: CookieKeys, rules: OpenRules): Opened | undefined {
  return sealed.value.length > MAX_ENCODED_LENGTH ? undefined : openText(sealed, keys, rules)
}

/** The same for a value of any length; see {@link sealText}. */
export function openText({ name, value }: Sealed, keys: CookieKeys, rules: OpenRules): Opened | undefined {
  const parts = split(value)
  if (parts === undefined) return undefined
  const signedBytes = Buffer.concat([Buffer.from(`${name}|`), parts.signed])
  const pair = keys.find(({ hashKey }) =>
    timingSafeEqual(createHmac('sha256', hashKey).update(signedBytes).digest(), parts.mac),
  )
  if (pair === undefined) return undefined
  const sealedAtEpochSeconds = dateOf(parts.date, rules)
  const encrypted = decode(parts.encrypted)
  if (sealedAtEpochSeconds === undefined || encrypted === undefined || encrypted.length <= IV_BYTES) {
    return undefined
  }
  const decipher = createDecipheriv('aes-256-ctr', pair.blockKey, encrypted.subarray(0, IV_BYTES))
  const opened = decodeGobString(
    Buffer.concat([decipher.update(encrypted.subarray(IV_BYTES)), decipher.final()]),
  )
  return opened === undefined ? undefined : { value: opened, sealedAtEpochSeconds }
}

interface Parts {
  readonly date: string
  readonly encrypted: string
  /** Both as they were signed, without the name. */
  readonly signed: Buffer
  readonly mac: Buffer
}

function split(value: string): Parts | undefined {
  const bytes = decode(value)
  if (bytes === undefined) return undefined
  const first = bytes.indexOf(PIPE)
  const second = first < 0 ? -1 : bytes.indexOf(PIPE, first + 1)
  if (second < 0) return undefined
  const mac = bytes.subarray(second + 1)
  if (mac.length !== MAC_BYTES) return undefined
  return {
    date: bytes.toString('latin1', 0, first),
    encrypted: bytes.toString('latin1', first + 1, second),
    signed: bytes.subarray(0, second),
    mac,
  }
}

function dateOf(text: string, { nowEpochSeconds, maxAgeSeconds }: OpenRules): number | undefined {
  if (!/^\d{1,12}$/.test(text)) return undefined
  const date = Number(text)
  const isCurrent = date >= nowEpochSeconds - maxAgeSeconds && date <= nowEpochSeconds + LEEWAY_SECONDS
  return isCurrent ? date : undefined
}

/** Base64url with its padding, as Go's `base64.URLEncoding` has it. */
function padded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

function decode(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !BASE64URL.test(text)) return undefined
  return Buffer.from(text, 'base64url')
}
