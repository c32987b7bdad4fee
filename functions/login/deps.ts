/** What the steps of signing in and out work with. */
import type { Clock } from '../shared/clock.ts'
import type { OriginMatcher } from '../shared/http/authorized-origins.ts'
import type { RandomBytes } from '../shared/random.ts'
import type { CookieKeySource } from '../shared/session/cookie-keys.ts'
import type { EndedSessions } from '../shared/session/ended-sessions.ts'
import type { IdTokenVerifier, ProviderRules } from '../shared/session/id-token.ts'
import type { OpenIdClient } from '../shared/session/openid-client.ts'
import type { SessionReader } from '../shared/session/session-reader.ts'
import type { SessionSettings } from '../shared/session/session-settings.ts'
import type { EndedSessionStore } from '../shared/stores/session-store.ts'
import type { AccessTokenVerifier } from '../shared/tokens/access-token.ts'
import type { KeySet } from '../shared/tokens/key-set.ts'
import type { RedirectResolver } from './redirect-target.ts'

export interface LoginDeps {
  /** The canonical public URL, without a trailing slash: the provider sends people back to it. */
  readonly publicUrl: string
  /** The public URL that a request was sent to. */
  readonly publicUrlOf: (request: { headers: Readonly<Record<string, readonly string[]>> }) => string
  readonly isOwnOrigin: OriginMatcher
  readonly resolveRedirect: RedirectResolver
  readonly settings: SessionSettings
  readonly scopes: readonly string[]
  /** A query parameter that is passed on to the provider, such as the identity provider behind it. */
  readonly idpQueryParameter: string | null
  /** The load balancer's session cookie, which comes in pieces `-0` to `-3`. */
  readonly loadBalancerCookie: string
  readonly provider: ProviderRules
  readonly keys: KeySet
  /** Loaded at its first use: a session that holds, and `/me`, need nothing of the provider. */
  readonly client: () => Promise<OpenIdClient>
  readonly cookieKeys: CookieKeySource
  readonly readSession: SessionReader
  readonly verifyIdToken: IdTokenVerifier
  readonly verifyAccessToken: AccessTokenVerifier
  readonly ended: EndedSessions
  readonly endedStore: EndedSessionStore
  readonly now: Clock
  readonly random: RandomBytes
}
