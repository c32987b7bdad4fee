/**
 * Sealed values in cookies, each split over as many cookies as it needs.
 *
 * A value that fits is one cookie of its name. A longer one is `name_1`, `name_2` and so on, the way Flyte splits
 * access tokens; all of them are sealed in the same moment, which tells a chunk from the orphan of an older value.
 * Whatever is written expires every other cookie of the same value that the browser has.
 */
import { ServiceError } from '../errors.ts'
import type { RandomBytes } from '../random.ts'
import type { CookieWriter, ReceivedCookies } from './cookies.ts'
import { type CookieKeys, type Opened, openCookie, sealCookie } from './secure-cookie.ts'

/** How many chunks a value may have at most. */
export const MAX_CHUNKS = 6
/** Bytes of text in a chunk: browsers count the name as well, so it is a little less than a cookie could hold. */
export const CHUNK_BYTES = 2_200
/** Two chunks of one value were sealed within this time by whoever wrote them. */
const SAME_MOMENT_SECONDS = 1

export interface CookieJarDeps {
  readonly keys: CookieKeys
  readonly received: ReceivedCookies
  readonly writer: CookieWriter
  readonly nowEpochSeconds: number
  readonly random: RandomBytes
  /** Sealed longer ago than this, a value counts as absent. */
  readonly maxAgeSeconds: number
}

export interface CookieJar {
  /** Whether the browser sent any cookie of this value, readable or not. */
  readonly has: (name: string) => boolean
  /** The value, or undefined if it is not there, not whole, not ours, or too old. */
  readonly read: (name: string) => Opened | undefined
  /** The `set-cookie` lines that keep a value. @throws {ServiceError} `session_too_large` */
  readonly write: (name: string, value: string, maxAgeSeconds?: number | null) => string[]
  /** The `set-cookie` lines that remove the cookies of a value that the browser has. */
  readonly remove: (name: string) => string[]
  /** The `set-cookie` lines that remove every cookie that a value may be in, received or not. */
  readonly clear: (name: string) => string[]
}

/** Makes the jar of one request. */
export function createCookieJar(deps: CookieJarDeps): CookieJar {
  const { received, writer } = deps

  /** The newest of the values under one name that opens: several come from other domains or older settings. */
  function openNewest(name: string): Opened | undefined {
    const rules = { nowEpochSeconds: deps.nowEpochSeconds, maxAgeSeconds: deps.maxAgeSeconds }
    return (received.get(name) ?? [])
      .map((value) => openCookie({ name, value }, deps.keys, rules))
      .filter((opened) => opened !== undefined)
      .reduce<Opened | undefined>((newest, one) => laterOf(newest, one), undefined)
  }

  function readChunks(name: string): Opened | undefined {
    const first = openNewest(`${name}_1`)
    if (first === undefined) return undefined
    const texts = [first.value]
    for (let number = 2; number <= MAX_CHUNKS; number += 1) {
      const chunk = openNewest(`${name}_${number}`)
      if (chunk === undefined) break
      if (Math.abs(chunk.sealedAtEpochSeconds - first.sealedAtEpochSeconds) > SAME_MOMENT_SECONDS) break
      texts.push(chunk.value)
    }
    return { ...first, value: texts.join('') }
  }

  function seal(name: string, value: string): string {
    const { nowEpochSeconds, random } = deps
    return sealCookie({ name, value }, deps.keys, { nowEpochSeconds, random })
  }

  return {
    has: (name) => namesOf(name).some((one) => received.has(one)),
    read: (name) => laterOf(readChunks(name), openNewest(name)),
    write(name, value, maxAgeSeconds = null) {
      const chunks = chunksOf(value)
      if (chunks.length > MAX_CHUNKS) throw new ServiceError('session_too_large')
      const names = chunks.length === 1 ? [name] : chunks.map((_, index) => `${name}_${index + 1}`)
      const others = namesOf(name).filter((one) => !names.includes(one) && received.has(one))
      return [
        ...names.map((one, index) => writer.set(one, seal(one, chunks[index] as string), maxAgeSeconds)),
        ...others.flatMap(writer.expire),
      ]
    },
    remove: (name) =>
      namesOf(name)
        .filter((one) => received.has(one))
        .flatMap(writer.expire),
    clear: (name) => namesOf(name).flatMap(writer.expire),
  }
}

/** Every cookie that a value may be in. */
export function namesOf(name: string): string[] {
  return [name, ...Array.from({ length: MAX_CHUNKS }, (_, index) => `${name}_${index + 1}`)]
}

function laterOf(one: Opened | undefined, other: Opened | undefined): Opened | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.sealedAtEpochSeconds >= one.sealedAtEpochSeconds ? other : one
}

/** Splits a text so that no character is cut in two. */
function chunksOf(value: string): string[] {
  const chunks: string[] = []
  let chunk = ''
  let bytes = 0
  for (const character of value) {
    const size = Buffer.byteLength(character)
    if (bytes + size > CHUNK_BYTES) {
      chunks.push(chunk)
      chunk = ''
      bytes = 0
    }
    chunk += character
    bytes += size
  }
  return [...chunks, chunk]
}

/** The bytes that received cookies of these lines will take in a `cookie` header. */
export function cookieHeaderBytes(setCookieLines: readonly string[]): number {
  return setCookieLines
    .filter((line) => !line.includes('; Max-Age=0;'))
    .reduce((sum, line) => sum + line.indexOf(';') + 2, 0)
}
