/** What signing in and out works with, put together from the settings. */
import type { Config } from '../shared/config.ts'
import { createOriginMatcher } from '../shared/http/authorized-origins.ts'
import { createPublicUrlResolver } from '../shared/http/public-url.ts'
import { createSessions, type SessionsDeps } from '../shared/session/sessions.ts'
import { createAccessTokenVerifier } from '../shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../shared/tokens/issuer-metadata.ts'
import type { DocumentFetcher } from '../shared/tokens/remote-document.ts'
import type { LoginDeps } from './deps.ts'
import { createRedirectResolver } from './redirect-target.ts'

export type CreateDepsOptions = SessionsDeps & { readonly publicUrl: Config['publicUrl'] }

/** Makes them; one set a process. @throws {ConfigError} without session settings */
export function createLoginDeps(options: CreateDepsOptions): LoginDeps {
  const { settings, publicUrl, endedStore, fetch, now, random } = options
  const { authorizedUris, auth, loadBalancer } = settings
  const sessions = createSessions(options)
  // There are some, or the sessions could not have been made.
  const session = settings.session as NonNullable<typeof settings.session>
  const proxyUrl = auth.appAuth.externalAuthServer.httpProxyUrl
  const toIssuer: DocumentFetcher = (url, request) => fetch(url, { ...request, proxyUrl })
  return {
    ...sessions,
    publicUrl,
    publicUrlOf: createPublicUrlResolver(authorizedUris),
    isOwnOrigin: createOriginMatcher(authorizedUris),
    resolveRedirect: createRedirectResolver({ authorizedUris, landingPath: session.landingPath }),
    settings: session,
    scopes: auth.userAuth.openId.scopes,
    idpQueryParameter: session.idpQueryParameter,
    loadBalancerCookie: loadBalancer.sessionCookieName,
    verifyAccessToken: createAccessTokenVerifier({
      trustedIssuers: auth.trustedIssuers,
      fetch: toIssuer,
      metadata: createIssuerMetadata({ fetch: toIssuer, now }),
      now,
    }),
    endedStore,
    now,
    random,
  }
}
