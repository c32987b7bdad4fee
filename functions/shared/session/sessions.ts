/** Everything that a function needs to know who is signed in by this deployment itself, put together from settings. */

import type { Clock } from '../clock.ts'
import { ConfigError, type FunctionSettings } from '../config.ts'
import { createOriginMatcher } from '../http/authorized-origins.ts'
import { createSessionCaller, type SessionCallerReader } from '../identity/session-caller.ts'
import { loadedOnce } from '../loaded-once.ts'
import type { RandomBytes } from '../random.ts'
import type { SecretReader } from '../secret-reader.ts'
import type { EndedSessionStore, RefreshStore } from '../stores/session-store.ts'
import { createKeySet, type KeySet } from '../tokens/key-set.ts'
import type { DocumentFetcher } from '../tokens/remote-document.ts'
import { createClientSecret } from './client-secret.ts'
import { type CookieKeySource, createCookieKeySource } from './cookie-keys.ts'
import { createEndedSessions, type EndedSessions } from './ended-sessions.ts'
import { createIdTokenVerifier, type IdTokenVerifier, type ProviderRules } from './id-token.ts'
import type { OpenIdClient } from './openid-client.ts'
import { createProviderMetadata } from './provider-metadata.ts'
import { createRefresher } from './refresh.ts'
import { createSessionReader, type SessionReader } from './session-reader.ts'

export interface Sessions {
  readonly readSession: SessionReader
  readonly sessionCaller: SessionCallerReader
  readonly verifyIdToken: IdTokenVerifier
  readonly provider: ProviderRules
  readonly keys: KeySet
  readonly cookieKeys: CookieKeySource
  readonly ended: EndedSessions
  /** Loaded at its first use: most requests with a session need nothing of the provider. */
  readonly client: () => Promise<OpenIdClient>
}

export interface SessionsDeps {
  readonly settings: FunctionSettings
  readonly readSecret: SecretReader
  readonly refreshStore: RefreshStore
  readonly endedStore: EndedSessionStore
  readonly fetch: DocumentFetcher
  readonly now: Clock
  readonly random: RandomBytes
}

/** What a provider signs with of which nothing else is said. */
const DEFAULT_ALGORITHMS = ['RS256'] as const

/** Makes them; one set a process, because it holds keys and what was asked lately. @throws {ConfigError} without session settings */
export function createSessions(deps: SessionsDeps): Sessions {
  const { settings, readSecret, now, random } = deps
  const { session, auth, loadBalancer } = settings
  if (session === undefined) throw new ConfigError(['FLYTE_SETTINGS.session: missing'])
  const { baseUrl, clientId } = auth.userAuth.openId
  const provider = { issuer: loadBalancer.issuer, clientId, algorithms: algorithmsOf(settings) }
  const fetch: DocumentFetcher = (url, options) =>
    deps.fetch(url, { ...options, proxyUrl: auth.httpProxyUrl })
  const metadata = createProviderMetadata({ openId: { baseUrl, issuer: provider.issuer }, fetch, now })
  const keys = createKeySet(
    { issuer: provider.issuer, jwksUri: null },
    {
      fetch,
      metadata: { get: async () => ({ jwksUri: (await metadata()).jwks_uri, userinfoEndpoint: undefined }) },
      now,
    },
  )
  const client = loadedOnce(async () => {
    const { createOpenIdClient } = await import('./openid-client.ts')
    const clientSecret = createClientSecret(readSecret, session.clientSecret)
    return createOpenIdClient({ clientId, clientSecret, metadata, fetch, now })
  })
  const verifyIdToken = createIdTokenVerifier({ provider, keys, now })
  const { absoluteSeconds } = session
  const ended = createEndedSessions({ store: deps.endedStore, now, absoluteSeconds })
  const refresh = createRefresher({ store: deps.refreshStore, client, verifyIdToken, now, random })
  const cookieKeys = createCookieKeySource(readSecret, { names: session.cookieKeyNames })
  const reading = { settings: session, cookieKeys, verifyIdToken, ended, refresh, now, random }
  const readSession = createSessionReader(reading)
  const isOwnOrigin = createOriginMatcher(settings.authorizedUris)
  const sessionCaller = createSessionCaller({ readSession, isOwnOrigin, clientId })
  return { readSession, sessionCaller, verifyIdToken, provider, keys, cookieKeys, ended, client }
}

/** The issuer's own list if its access tokens are trusted as well. */
function algorithmsOf({ auth, loadBalancer }: FunctionSettings): ProviderRules['algorithms'] {
  const trusted = auth.trustedIssuers.find(({ issuer }) => issuer === loadBalancer.issuer)
  return trusted?.algorithms ?? [...DEFAULT_ALGORITHMS]
}
