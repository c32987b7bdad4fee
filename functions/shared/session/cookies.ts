/** Cookies as HTTP has them (RFC 6265): the `cookie` header taken apart, `set-cookie` lines put together. */
import type { HeaderLines } from '../http/message.ts'

/** The values of each name, in the order received: one name may come more than once, from other paths or domains. */
export type ReceivedCookies = ReadonlyMap<string, readonly string[]>

/** How many values of one name are looked at. */
const MAX_VALUES = 8

/** Takes the `cookie` header apart; what is no pair is left out. */
export function readCookies(headers: HeaderLines): ReceivedCookies {
  const cookies = new Map<string, string[]>()
  for (const pair of (headers.cookie ?? []).flatMap((line) => line.split(';'))) {
    const equals = pair.indexOf('=')
    if (equals < 1) continue
    const name = pair.slice(0, equals).trim()
    const values = cookies.get(name) ?? []
    if (values.length < MAX_VALUES) values.push(pair.slice(equals + 1).trim())
    cookies.set(name, values)
  }
  return cookies
}

/** What Flyte calls `auth.userAuth.cookieSetting`. */
export interface CookieSetting {
  /** Null sends no attribute, and the browser decides. */
  readonly sameSite: 'Lax' | 'Strict' | 'None' | null
  /** Null is the host alone. */
  readonly domain: string | null
}

/** Writes `set-cookie` values. Always HttpOnly, Secure and `Path=/`. */
export interface CookieWriter {
  /** @param maxAgeSeconds Null for as long as the browser runs. */
  readonly set: (name: string, value: string, maxAgeSeconds: number | null) => string
  /** Expires a name, on the domain of the settings and on the host alone. */
  readonly expire: (name: string) => string[]
}

const EXPIRED = 'Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'

/** Makes the writer. */
export function createCookieWriter({ sameSite, domain }: CookieSetting): CookieWriter {
  const common = ['Path=/', 'HttpOnly', 'Secure', ...(sameSite === null ? [] : [`SameSite=${sameSite}`])]
  const attributes = (onDomain: string | null) =>
    [...(onDomain === null ? [] : [`Domain=${onDomain}`]), ...common].join('; ')
  return {
    set: (name, value, maxAgeSeconds) => {
      const age = maxAgeSeconds === null ? '' : `Max-Age=${maxAgeSeconds}; `
      return `${name}=${value}; ${age}${attributes(domain)}`
    },
    expire: (name) => {
      const places = domain === null ? [null] : [domain, null]
      return places.map((place) => `${name}=; ${EXPIRED}; ${attributes(place)}`)
    },
  }
}
