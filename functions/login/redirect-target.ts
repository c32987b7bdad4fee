/**
 * Where a person goes after signing in or out: a path of this site, or an address on one of the authorizedUris.
 *
 * An address is resolved the way a browser resolves it, judged by what came out, and sent on as that: an absolute
 * address, in which nothing is left to be understood in another way.
 */
import { ServiceError } from '../shared/errors.ts'
import { createOriginMatcher } from '../shared/http/authorized-origins.ts'

/**
 * Resolves a received `redirect_url` to an absolute address; the landing page for undefined.
 *
 * @param base The public URL that the request was sent to.
 * @throws {ServiceError} `redirect_refused`
 */
export type RedirectResolver = (redirectUrl: string | undefined, base: string) => string

/** Longer ones, as received or as they come out, would not fit into a cookie. The console sends half of it. */
export const MAX_REDIRECT_LENGTH = 2_048

/** A path, or an address with its scheme spelt out; nothing in between, and nothing that a browser would skip. */
const PLAIN_PATH = /^\/(?![/\\])/
const PLAIN_ADDRESS = /^https?:\/\/[^/\\]/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const SKIPPED_BY_BROWSERS = /[\u0000-\u0020\u007f\\]/
/** An encoded slash or backslash at the start of a path, however often it was encoded: proxies may decode it. */
const ENCODED_SLASH_FIRST = /^\/+(?:\.*\/)*%(?:25)*(?:2f|5c)/i
const ENCODED_CONTROL = /%(?:25)*(?:[01][0-9a-f]|7f)/i

/** Going there after signing in would sign in again, or out. */
const NOT_A_TARGET: ReadonlySet<string> = new Set(['/login', '/callback', '/logout', '/backchannel-logout'])

/** Makes the resolver. @param landingPath Where people go who wanted nothing in particular. */
export function createRedirectResolver(options: {
  readonly authorizedUris: readonly string[]
  readonly landingPath: string
}): RedirectResolver {
  const isOurs = createOriginMatcher(options.authorizedUris)
  return (redirectUrl, base) => {
    if (redirectUrl === undefined || redirectUrl === '') return new URL(options.landingPath, base).href
    if (!isPlain(redirectUrl) || !URL.canParse(redirectUrl, base)) throw refused()
    const url = new URL(redirectUrl, base)
    const hasCredentials =
      url.username !== '' || url.password !== '' || redirectUrl.split(/[?#]/)[0]?.includes('@')
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
    const isLong = url.href.length > MAX_REDIRECT_LENGTH
    if (!isWeb || isLong || hasCredentials || !isOurs(url) || !isPlainPath(url.pathname)) throw refused()
    return url.href
  }
}

function isPlain(value: string): boolean {
  const isKnownForm = PLAIN_PATH.test(value) || PLAIN_ADDRESS.test(value)
  return isKnownForm && value.length <= MAX_REDIRECT_LENGTH && !SKIPPED_BY_BROWSERS.test(value)
}

function isPlainPath(path: string): boolean {
  if (path.startsWith('//') || ENCODED_SLASH_FIRST.test(path) || ENCODED_CONTROL.test(path)) return false
  return !NOT_A_TARGET.has(path.replace(/\/+$/, '').toLowerCase())
}

function refused(): ServiceError {
  return new ServiceError('redirect_refused')
}

/** The one value of a query parameter. @throws {ServiceError} `redirect_refused` if it was sent more than once. */
export function redirectParameter(parameters: URLSearchParams): string | undefined {
  const values = parameters.getAll('redirect_url')
  if (values.length > 1) throw refused()
  return values[0]
}
