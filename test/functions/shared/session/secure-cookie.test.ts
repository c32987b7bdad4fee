import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { systemRandomBytes } from '../../../../functions/shared/random.ts'
import { decodeGobString, encodeGobString } from '../../../../functions/shared/session/gob-string.ts'
import {
  type CookieKeyPair,
  MAX_ENCODED_LENGTH,
  MAX_PLAIN_BYTES,
  openCookie,
  openText,
  sealCookie,
  sealText,
} from '../../../../functions/shared/session/secure-cookie.ts'

interface Vectors {
  readonly keys: { cookie_hash_key: string; cookie_block_key: string }[]
  readonly vectors: { name: string; value: string; encoded: string; key: number }[]
  readonly limits: { longestPlainBytes: number }
  /** Values that were sealed here and opened by the Go library. */
  readonly ours: { name: string; value: string; encoded: string; key: number }[]
}

const file = JSON.parse(readFileSync(new URL('vectors.generated.json', import.meta.url), 'utf8')) as Vectors
const pairs: CookieKeyPair[] = file.keys.map((pair) => ({
  hashKey: Buffer.from(pair.cookie_hash_key, 'base64'),
  blockKey: Buffer.from(pair.cookie_block_key, 'base64'),
}))
const pair = (index: number) => pairs[index] as CookieKeyPair
const DAY_SECONDS = 86_400
const [firstVector] = file.vectors
const SEALED_AT = Number(
  Buffer.from(firstVector?.encoded ?? '', 'base64url')
    .toString('latin1')
    .split('|')[0],
)
const rules = { nowEpochSeconds: SEALED_AT + 3600, maxAgeSeconds: 30 * DAY_SECONDS }
const sealing = { nowEpochSeconds: SEALED_AT, random: systemRandomBytes }

describe('a cookie of gorilla/securecookie', () => {
  for (const [index, { name, value, encoded, key }] of file.vectors.entries()) {
    it(`is opened: ${index}, ${Buffer.byteLength(value)} bytes under ${name}`, () => {
      expect(openCookie({ name, value: encoded }, [pair(key)], rules)?.value).toBe(value)
    })

    it(`is made again byte for byte: ${index}`, () => {
      const inner = Buffer.from(encoded, 'base64url').toString('latin1').split('|')
      const iv = Buffer.from(inner[1] ?? '', 'base64url').subarray(0, 16)
      const nowEpochSeconds = Number(inner[0])
      expect(sealCookie({ name, value }, [pair(key)], { nowEpochSeconds, random: () => iv })).toBe(encoded)
    })
  }

  for (const [index, { name, value, encoded, key }] of file.ours.entries()) {
    it(`that was sealed here and opened there is opened here too: ${index}`, () => {
      expect(openCookie({ name, value: encoded }, [pair(key)], rules)?.value).toBe(value)
    })
  }

  it('holds as many bytes as that library allows', () => {
    expect(MAX_PLAIN_BYTES).toBe(file.limits.longestPlainBytes)
    const longest = { name: 'flyte_idt', value: 'x'.repeat(MAX_PLAIN_BYTES) }
    expect(sealCookie(longest, [pair(0)], sealing).length).toBeLessThanOrEqual(MAX_ENCODED_LENGTH)
    const longer = { name: 'flyte_idt', value: 'x'.repeat(MAX_PLAIN_BYTES + 1) }
    expect(() => sealCookie(longer, [pair(0)], sealing)).toThrow(RangeError)
  })
})

describe('a sealed value', () => {
  const value = 'a-refresh-token'
  const sealed = sealCookie({ name: 'flyte_rt', value }, [pair(0)], sealing)
  const open = (changes: { name?: string; value?: string } = {}, rule = rules) =>
    openCookie({ name: 'flyte_rt', value: sealed, ...changes }, [pair(0)], rule)

  it('says when it was sealed', () => expect(open()).toEqual({ value, sealedAtEpochSeconds: SEALED_AT }))

  it('is never the same twice', () => {
    expect(sealCookie({ name: 'flyte_rt', value }, [pair(0)], sealing)).not.toBe(sealed)
  })

  it('opens with an older pair while the newest one writes', () => {
    expect(openCookie({ name: 'flyte_rt', value: sealed }, [pair(1), pair(0)], rules)?.value).toBe(value)
    const rewritten = sealCookie({ name: 'flyte_rt', value }, [pair(1), pair(0)], sealing)
    expect(openCookie({ name: 'flyte_rt', value: rewritten }, [pair(1)], rules)?.value).toBe(value)
  })

  it('does not open once its pair is gone', () => {
    expect(openCookie({ name: 'flyte_rt', value: sealed }, [pair(1)], rules)).toBeUndefined()
  })

  it('does not open under another name', () => {
    for (const name of ['flyte_idt', 'flyte_at', 'flyte_rt_1', '']) expect(open({ name })).toBeUndefined()
  })

  it('does not open when it is too old', () => {
    const at = (nowEpochSeconds: number) => open({}, { nowEpochSeconds, maxAgeSeconds: 100 })
    expect(at(SEALED_AT + 100)).toBeDefined()
    expect(at(SEALED_AT + 101)).toBeUndefined()
  })

  it('does not open when it comes from the future', () => {
    expect(open({}, { ...rules, nowEpochSeconds: SEALED_AT - 60 })).toBeDefined()
    expect(open({}, { ...rules, nowEpochSeconds: SEALED_AT - 61 })).toBeUndefined()
  })

  it('does not open with any single byte changed', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      const text = changed.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
      expect(open({ value: text })).toBeUndefined()
    }
  })

  const foreign: [string, string][] = [
    ['empty', ''],
    ['not base64', '!!!!'],
    ['without padding', sealed.replace(/=+$/, '') + (sealed.endsWith('=') ? '' : 'A')],
    ['in the other alphabet', Buffer.from('1|2+/|3').toString('base64').replace(/^./, '+')],
    ['without fields', Buffer.from('nothing').toString('base64')],
    ['with a short signature', Buffer.from(`${SEALED_AT}|AAAA|short`).toString('base64')],
    ['longer than a cookie', 'A'.repeat(MAX_ENCODED_LENGTH + 4)],
  ]
  for (const [what, text] of foreign) {
    it(`does not open ${what}`, () => expect(open({ value: text })).toBeUndefined())
  }

  it('of any length is for storage, and no cookie', () => {
    const long = { name: 'REFRESH#1', value: 'x'.repeat(20_000) }
    const text = sealText(long, [pair(0)], sealing)
    expect(openText({ name: long.name, value: text }, [pair(0)], rules)?.value).toBe(long.value)
    expect(openCookie({ name: long.name, value: text }, [pair(0)], rules)).toBeUndefined()
  })
})

describe('a gob string', () => {
  it('reads back at every length around a change of its numbers', () => {
    for (const length of [0, 1, 124, 125, 126, 127, 128, 129, 252, 255, 256, 65_535, 65_536, 70_000]) {
      expect(decodeGobString(encodeGobString('x'.repeat(length)))).toBe('x'.repeat(length))
    }
  })

  const refusals: [string, number[]][] = [
    ['nothing', []],
    ['a count alone', [3]],
    ['another type', [4, 0x04, 0, 1, 0x61]],
    ['more after it', [4, 0x0c, 0, 1, 0x61, 0x61]],
    ['less than it says', [5, 0x0c, 0, 2, 0x61]],
    ['an inner length that is not its own', [5, 0x0c, 0, 1, 0x61, 0x61]],
    ['no zero byte', [4, 0x0c, 1, 1, 0x61]],
    ['text that is not UTF-8', [4, 0x0c, 0, 1, 0xff]],
    ['a number of too many bytes', [0xf8, 0, 0, 0, 0, 0, 0, 0, 4, 0x0c, 0, 1, 0x61]],
    ['a number that ends early', [0xfe, 1]],
  ]
  for (const [what, bytes] of refusals) {
    it(`is not ${what}`, () => expect(decodeGobString(Uint8Array.from(bytes))).toBeUndefined())
  }
})
