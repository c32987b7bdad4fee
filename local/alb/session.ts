import type { AuthenticateOidcAction } from './actions/parse.ts'
import { readCookies, readShards, writeShards } from './cookies.ts'
import { AlbError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Seal } from './seal.ts'

/** Who signed in, as the sealed session cookie carries it. Times are epoch seconds. */
export interface Session {
  readonly subject: string
  /** What the userinfo endpoint said at the last login or refresh. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly accessToken: string
  readonly refreshToken?: string
  /** Absent if the provider did not say; then the token is never refreshed. */
  readonly accessTokenExpiresAt?: number
  /** Fixed at the login; a refresh does not extend it. */
  readonly expiresAt: number
}

/** What the request's cookies say. `expired` once held a session; `invalid` cannot be opened. */
export type FoundSession =
  | { readonly kind: 'none' | 'invalid' | 'expired' }
  | { readonly kind: 'valid'; readonly session: Session }

/**
 * Opens the session cookie of a rule. A session belongs to one issuer, client and cookie name: another
 * rule's session does not open here. Does not look at the expiry of the access token.
 */
export function readSession(
  action: AuthenticateOidcAction,
  exchange: Exchange,
  deps: { readonly seal: Seal; readonly nowSeconds: number },
): FoundSession {
  const sealed = readShards(readCookies(exchange.request.headers), action.sessionCookieName)
  if (sealed === undefined) return { kind: 'none' }
  const session = deps.seal.open(purposeOf(action), sealed) as Session | undefined
  if (session === undefined) return { kind: 'invalid' }
  return session.expiresAt > deps.nowSeconds ? { kind: 'valid', session } : { kind: 'expired' }
}

/**
 * Puts the session into the cookies of the answer.
 *
 * @throws {AlbError} 500 `AuthUserinfoResponseSizeExceeded` if it does not fit into four cookies
 */
export function writeSession(
  action: AuthenticateOidcAction,
  exchange: Exchange,
  session: Session,
  deps: { readonly seal: Seal; readonly nowMs: number },
): void {
  const sealed = deps.seal.close(purposeOf(action), session)
  const present = readCookies(exchange.request.headers)
  const options = { nowMs: deps.nowMs, secure: isSecure(exchange) }
  const cookies = writeShards(action.sessionCookieName, sealed, present, options)
  if (cookies === undefined) throw new AlbError(500, 'AuthUserinfoResponseSizeExceeded')
  exchange.setCookies.push(...cookies)
}

/** Whether the client reaches this load balancer by https. */
export function isSecure(exchange: Exchange): boolean {
  return exchange.publicOrigin?.startsWith('https:') ?? false
}

function purposeOf(action: AuthenticateOidcAction): string {
  return `session:${action.sessionScope}`
}
