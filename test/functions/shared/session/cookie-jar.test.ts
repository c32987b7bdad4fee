import { describe, expect, it } from 'vitest'
import { systemRandomBytes } from '../../../../functions/shared/random.ts'
import {
  CHUNK_BYTES,
  type CookieJar,
  createCookieJar,
  MAX_CHUNKS,
} from '../../../../functions/shared/session/cookie-jar.ts'
import {
  type CookieSetting,
  createCookieWriter,
  readCookies,
} from '../../../../functions/shared/session/cookies.ts'
import type { CookieKeys } from '../../../../functions/shared/session/secure-cookie.ts'
import { COOKIE_KEYS, OTHER_COOKIE_KEYS, TestBrowser } from '../../../support/cookie-fixture.ts'

const NOW = 1_800_000_000
const LAX: CookieSetting = { sameSite: 'Lax', domain: null }

interface Changes {
  readonly now?: number
  readonly keys?: CookieKeys
  readonly setting?: CookieSetting
}

/** The jar of a request that sends these `cookie` lines. */
function jarOf(
  cookie: readonly string[],
  { now = NOW, keys = COOKIE_KEYS, setting = LAX }: Changes = {},
): CookieJar {
  return createCookieJar({
    keys,
    received: readCookies({ cookie }),
    writer: createCookieWriter(setting),
    nowEpochSeconds: now,
    random: systemRandomBytes,
    maxAgeSeconds: 1000,
  })
}

const namesIn = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf('=')))
const pairsIn = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf(';')))

describe('a value in cookies', () => {
  for (const [what, value] of [
    ['short', 'token'],
    ['empty', ''],
    ['as long as one cookie holds', 'x'.repeat(CHUNK_BYTES)],
    ['of two cookies', 'x'.repeat(CHUNK_BYTES + 1)],
    ['of as many cookies as there may be', 'x'.repeat(CHUNK_BYTES * MAX_CHUNKS)],
    ['whose characters would be cut in two', 'é🚀'.repeat(1500)],
  ] as const) {
    it(`reads back: ${what}`, () => {
      const browser = new TestBrowser()
      browser.take(jarOf([]).write('flyte_idt', value))
      expect(jarOf(browser.header()).read('flyte_idt')?.value).toBe(value)
    })
  }

  it('is one cookie, or as many as it needs under names that Flyte uses too', () => {
    expect(namesIn(jarOf([]).write('flyte_at', 'x'))).toEqual(['flyte_at'])
    expect(namesIn(jarOf([]).write('flyte_at', 'x'.repeat(3000)))).toEqual(['flyte_at_1', 'flyte_at_2'])
  })

  it('stays within what browsers keep of a cookie, its name included', () => {
    const lines = jarOf([]).write('flyte_redirect_location_12345678', 'x'.repeat(6000))
    for (const pair of pairsIn(lines)) expect(pair.length).toBeLessThanOrEqual(4096)
  })

  it('is refused when it needs too many', () => {
    const value = 'x'.repeat(CHUNK_BYTES * MAX_CHUNKS + 1)
    expect(() => jarOf([]).write('flyte_idt', value)).toThrow(
      expect.objectContaining({ reason: 'session_too_large' }),
    )
  })

  it('expires the chunks that it no longer needs', () => {
    const browser = new TestBrowser()
    browser.take(jarOf([]).write('flyte_idt', 'x'.repeat(6000)))
    expect(browser.names()).toEqual(['flyte_idt_1', 'flyte_idt_2', 'flyte_idt_3'])
    browser.take(jarOf(browser.header()).write('flyte_idt', 'y'.repeat(3000)))
    expect(browser.names()).toEqual(['flyte_idt_1', 'flyte_idt_2'])
    browser.take(jarOf(browser.header()).write('flyte_idt', 'z'))
    expect(browser.names()).toEqual(['flyte_idt'])
    expect(jarOf(browser.header()).read('flyte_idt')?.value).toBe('z')
  })

  it('is not mixed with the orphan of an older one', () => {
    const old = jarOf([], { now: NOW - 60 }).write('flyte_idt', 'x'.repeat(6000))
    const fresh = jarOf([]).write('flyte_idt', 'y'.repeat(3000))
    const cookie = [...pairsIn(fresh), pairsIn(old)[2] as string].join('; ')
    expect(jarOf([cookie]).read('flyte_idt')?.value).toBe('y'.repeat(3000))
  })

  it('is missing when its first chunk is', () => {
    const [, second] = pairsIn(jarOf([]).write('flyte_idt', 'x'.repeat(3000)))
    expect(jarOf([second as string]).read('flyte_idt')).toBeUndefined()
    expect(jarOf([second as string]).has('flyte_idt')).toBe(true)
  })

  it('of several under one name is the newest that opens', () => {
    const [foreign] = pairsIn(jarOf([], { keys: OTHER_COOKIE_KEYS }).write('flyte_idt', 'foreign'))
    const [old] = pairsIn(jarOf([], { now: NOW - 10 }).write('flyte_idt', 'old'))
    const [fresh] = pairsIn(jarOf([]).write('flyte_idt', 'fresh'))
    for (const order of [
      [foreign, fresh, old],
      [old, foreign, fresh],
      [fresh, old, 'flyte_idt=made up'],
    ]) {
      expect(jarOf([order.join('; ')]).read('flyte_idt')?.value).toBe('fresh')
      expect(jarOf(order as string[]).read('flyte_idt')?.value).toBe('fresh')
    }
  })

  it('cannot be read under the name of another', () => {
    const [line] = pairsIn(jarOf([]).write('flyte_csrf_state', 'state'))
    const moved = (line as string).replace('flyte_csrf_state', 'flyte_idt')
    expect(jarOf([moved]).read('flyte_idt')).toBeUndefined()
  })

  it('cannot be read after its time', () => {
    const cookie = pairsIn(jarOf([]).write('flyte_idt', 'x'))
    expect(jarOf(cookie, { now: NOW + 1000 }).read('flyte_idt')).toBeDefined()
    expect(jarOf(cookie, { now: NOW + 1001 }).read('flyte_idt')).toBeUndefined()
  })
})

describe('a cookie', () => {
  const write = (setting: CookieSetting) => jarOf([], { setting }).write('flyte_rt', 'x')[0]

  it('is HttpOnly, Secure, for the whole site, and of the host alone', () => {
    expect(write(LAX)).toMatch(/^flyte_rt=[\w-]+=*; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  })

  it('has the site rule and the domain of the settings', () => {
    expect(write({ sameSite: 'Strict', domain: 'example.com' })).toMatch(
      /; Domain=example\.com; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    expect(write({ sameSite: null, domain: null })).toMatch(/; Path=\/; HttpOnly; Secure$/)
  })

  it('ends with the browser unless a time is given', () => {
    expect(jarOf([]).write('flyte_rt', 'x')[0]).not.toContain('Max-Age')
    expect(jarOf([]).write('flyte_rt', 'x', 600)[0]).toContain('; Max-Age=600;')
  })

  it('is expired on the domain and on the host, with every chunk there could be', () => {
    const lines = jarOf([], { setting: { sameSite: 'Lax', domain: 'example.com' } }).clear('flyte_at')
    expect(lines).toHaveLength(2 * (1 + MAX_CHUNKS))
    expect(lines.filter((line) => line.includes('Domain=example.com'))).toHaveLength(1 + MAX_CHUNKS)
    for (const line of lines) expect(line).toContain('Max-Age=0; Expires=Thu, 01 Jan 1970')
  })

  it('is removed only where it is', () => {
    expect(jarOf([]).remove('flyte_rt')).toEqual([])
    expect(namesIn(jarOf(['flyte_rt_2=x']).remove('flyte_rt'))).toEqual(['flyte_rt_2'])
  })
})

describe('the cookie header', () => {
  it('is read over several lines, in order', () => {
    const cookies = readCookies({ cookie: ['a=1; b=2;a=3', 'a=4'] })
    expect(cookies.get('a')).toEqual(['1', '3', '4'])
    expect(cookies.get('b')).toEqual(['2'])
  })

  it('may be anything', () => {
    expect(readCookies({}).size).toBe(0)
    expect([...readCookies({ cookie: ['', ';;', 'novalue', '=x', ' c = d=e '] })]).toEqual([['c', ['d=e']]])
  })

  it('is not read without end', () => {
    expect(readCookies({ cookie: ['a=1; '.repeat(100)] }).get('a')).toHaveLength(8)
  })

  it('has no special names', () => {
    expect(readCookies({ cookie: ['__proto__=1'] }).get('__proto__')).toEqual(['1'])
  })
})
