/** Who looks at a page: the same rules as for every other call, put together without the RPC side of them. */
import type { Clock } from '../shared/clock.ts'
import type { FunctionSettings } from '../shared/config.ts'
import { createAlbIdentity } from '../shared/identity/alb-identity.ts'
import { type CallerResolver, createCallerResolver } from '../shared/identity/resolve-caller.ts'
import type { SessionCallerReader } from '../shared/identity/session-caller.ts'
import { createAccessTokenVerifier } from '../shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../shared/tokens/issuer-metadata.ts'
import type { DocumentFetcher } from '../shared/tokens/remote-document.ts'

export interface BrowserIdentityDeps {
  readonly settings: Pick<FunctionSettings, 'auth' | 'runs' | 'loadBalancer'>
  readonly fetch: DocumentFetcher
  readonly now: Clock
  /** Null where the load balancer signs people in: then no cookie is read. */
  readonly sessionCaller: SessionCallerReader | null
}

/** Makes the resolver; one a process, because it holds the load balancer's keys. */
export function createBrowserIdentity({
  settings,
  fetch,
  now,
  sessionCaller,
}: BrowserIdentityDeps): CallerResolver {
  const { auth, runs, loadBalancer } = settings
  const proxyUrl = auth.appAuth.externalAuthServer.httpProxyUrl
  const toIssuer: DocumentFetcher = (url, options) => fetch(url, { ...options, proxyUrl })
  return createCallerResolver({
    verifyAccessToken: createAccessTokenVerifier({
      trustedIssuers: auth.trustedIssuers,
      fetch: toIssuer,
      metadata: createIssuerMetadata({ fetch: toIssuer, now }),
      now,
    }),
    albIdentity: runs.trustForwardedIdentityHeaders ? createAlbIdentity({ loadBalancer, fetch, now }) : null,
    sessionCaller,
  })
}
