import type { HeaderField } from './request.ts'

/** The largest name and value together that every browser keeps (RFC 6265, 6.1). */
const MAX_COOKIE_BYTES = 4096
const MAX_SHARDS = 4
/** The attribute says seven days whatever the session's own timeout, which is inside the seal. */
const SHARD_LIFETIME_SECONDS = 604_800

export type CookieMap = ReadonlyMap<string, string>

export interface CookieOptions {
  readonly nowMs: number
  /**
   * Whether the client reached us by https. Then cookies are `Secure` and `SameSite=None`; over plain http,
   * which only a local machine has, both are left out because some browsers would drop the cookie.
   */
  readonly secure: boolean
}

/** The cookies of a request; of two with one name, the first. Values are not decoded. */
export function readCookies(headers: readonly HeaderField[]): CookieMap {
  const cookies = new Map<string, string>()
  for (const [name, value] of headers) {
    if (name !== 'cookie') continue
    for (const part of value.split(';')) {
      const mark = part.indexOf('=')
      const key = part.slice(0, mark).trim()
      if (mark > 0 && !cookies.has(key)) cookies.set(key, part.slice(mark + 1).trim())
    }
  }
  return cookies
}

/** A Set-Cookie value for `lifetimeSeconds` from now; zero or less deletes the cookie. */
export function setCookie(
  name: string,
  value: string,
  lifetimeSeconds: number,
  options: CookieOptions,
): string {
  const expires = lifetimeSeconds > 0 ? new Date(options.nowMs + lifetimeSeconds * 1000) : new Date(0)
  const crossSite = options.secure ? '; Secure; SameSite=None' : ''
  return `${name}=${value}; Expires=${expires.toUTCString()}; Path=/; HttpOnly${crossSite}`
}

/** The value spread over `name-0` to `name-3`, or undefined if the request has no such cookie. */
export function readShards(cookies: CookieMap, name: string): string | undefined {
  const shards: string[] = []
  for (let i = 0; i < MAX_SHARDS; i++) {
    const shard = cookies.get(`${name}-${i}`)
    if (shard === undefined) break
    shards.push(shard)
  }
  return shards.length === 0 ? undefined : shards.join('')
}

/**
 * The Set-Cookie values that carry `value`, and delete shards of an earlier, longer one; undefined if it
 * does not fit into four.
 */
export function writeShards(
  name: string,
  value: string,
  present: CookieMap,
  options: CookieOptions,
): string[] | undefined {
  const size = MAX_COOKIE_BYTES - name.length - '-0='.length
  const count = Math.ceil(value.length / size)
  if (count > MAX_SHARDS) return undefined
  const cookies: string[] = []
  for (let i = 0; i < MAX_SHARDS; i++) {
    const shard = `${name}-${i}`
    if (i < count) {
      const part = value.slice(i * size, (i + 1) * size)
      cookies.push(setCookie(shard, part, SHARD_LIFETIME_SECONDS, options))
    } else if (present.has(shard)) cookies.push(setCookie(shard, '', 0, options))
  }
  return cookies
}
