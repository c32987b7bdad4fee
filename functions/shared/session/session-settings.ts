/** What of the settings decides how people sign in and how long they stay so. */
import type { CookieSetting } from './cookies.ts'

export interface SessionSettings {
  readonly cookie: CookieSetting
  /** Without a request for this long, a session is over. */
  readonly idleSeconds: number
  /** This long after signing in, a session is over, whatever was refreshed meanwhile. */
  readonly absoluteSeconds: number
}

/** What of the settings describes the provider that people sign in with. */
export interface OpenIdSettings {
  /** Where its discovery document is, below `.well-known/`. */
  readonly baseUrl: string
  /** What it calls itself; compared character by character. */
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
}
