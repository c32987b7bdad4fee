/** Cookie keys and a browser's cookies for tests. */
import type { CookieKeys } from '../../functions/shared/session/secure-cookie.ts'

export const COOKIE_KEYS: CookieKeys = [{ hashKey: Buffer.alloc(64, 1), blockKey: Buffer.alloc(32, 2) }]
export const OTHER_COOKIE_KEYS: CookieKeys = [{ hashKey: Buffer.alloc(64, 3), blockKey: Buffer.alloc(32, 4) }]

/** The cookies of one host, as a browser keeps them; attributes beyond expiry are not looked at. */
export class TestBrowser {
  readonly cookies = new Map<string, string>()

  /** Takes `set-cookie` lines. */
  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ')
      const name = pair.slice(0, pair.indexOf('='))
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name)
      else this.cookies.set(name, pair.slice(name.length + 1))
    }
  }

  /** The `cookie` header lines: one, or none without cookies. */
  header(): string[] {
    const pairs = [...this.cookies].map(([name, value]) => `${name}=${value}`)
    return pairs.length === 0 ? [] : [pairs.join('; ')]
  }

  names(): string[] {
    return [...this.cookies.keys()].toSorted()
  }

  copy(): TestBrowser {
    const other = new TestBrowser()
    for (const [name, value] of this.cookies) other.cookies.set(name, value)
    return other
  }
}
