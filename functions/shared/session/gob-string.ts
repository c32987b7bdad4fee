/**
 * One string in Go's gob encoding, which is what a cookie of Flyte's has inside: a message of a byte count, the
 * type's number, a zero byte, and the string with its own byte count.
 */
import { isUtf8 } from 'node:buffer'

/** The number of `string` among gob's basic types is 6; signed numbers are written doubled. */
const STRING_TYPE = 0x0c
/** Numbers from here on are written as a negated byte count and big-endian bytes. */
const FIRST_LONG_NUMBER = 128
const MAX_NUMBER_BYTES = 4

/** Encodes a string as the first and only value of a gob stream. */
export function encodeGobString(value: string): Buffer {
  const text = Buffer.from(value, 'utf8')
  const message = Buffer.concat([Buffer.from([STRING_TYPE, 0]), encodeNumber(text.length), text])
  return Buffer.concat([encodeNumber(message.length), message])
}

/** Decodes what {@link encodeGobString} makes; undefined for anything else, left-over bytes included. */
export function decodeGobString(bytes: Uint8Array): string | undefined {
  const message = decodeNumber(bytes, 0)
  if (message === undefined || message.end + message.value !== bytes.length) return undefined
  if (bytes[message.end] !== STRING_TYPE || bytes[message.end + 1] !== 0) return undefined
  const length = decodeNumber(bytes, message.end + 2)
  if (length === undefined || length.end + length.value !== bytes.length) return undefined
  const text = Buffer.from(bytes.subarray(length.end))
  return isUtf8(text) ? text.toString('utf8') : undefined
}

function encodeNumber(value: number): Buffer {
  if (value < FIRST_LONG_NUMBER) return Buffer.from([value])
  const bytes = Buffer.alloc(MAX_NUMBER_BYTES)
  bytes.writeUInt32BE(value)
  const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.from([256 - significant.length]), significant])
}

interface DecodedNumber {
  readonly value: number
  /** The index after it. */
  readonly end: number
}

function decodeNumber(bytes: Uint8Array, start: number): DecodedNumber | undefined {
  const first = bytes[start]
  if (first === undefined) return undefined
  if (first < FIRST_LONG_NUMBER) return { value: first, end: start + 1 }
  const count = 256 - first
  const end = start + 1 + count
  if (count > MAX_NUMBER_BYTES || end > bytes.length) return undefined
  let value = 0
  for (let at = start + 1; at < end; at += 1) value = value * 256 + (bytes[at] as number)
  return { value, end }
}
