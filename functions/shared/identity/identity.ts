/** Everything a function needs to know its callers, put together from its settings. */
import type { Clock } from '../clock.ts'
import type { FunctionSettings } from '../config.ts'
import { fetchDocument } from '../http/fetch-document.ts'
import { createPublicUrlResolver } from '../http/public-url.ts'
import type { ClaimsStore } from '../stores/claims-store.ts'
import { createAccessTokenVerifier } from '../tokens/access-token.ts'
import { createIssuerMetadata } from '../tokens/issuer-metadata.ts'
import type { DocumentFetcher } from '../tokens/remote-document.ts'
import { createAlbIdentity } from './alb-identity.ts'
import { type CallerGate, createCallerGate } from './caller-gate.ts'
import { createEnricher, type Enricher } from './enrich.ts'
import { createProxyCredentials } from './proxy-credentials.ts'
import { type CallerResolver, createCallerResolver } from './resolve-caller.ts'
import type { SessionCallerReader } from './session-caller.ts'
import { createUserinfoClient } from './userinfo.ts'

export interface Identity {
  readonly resolveCaller: CallerResolver
  /** For `createRpcHandler`: lets nobody through who is not known. */
  readonly gate: CallerGate
  readonly enrich: Enricher
}

export interface IdentityDeps {
  readonly settings: FunctionSettings
  readonly now: Clock
  /** Null where a function has no access to the Auth table. */
  readonly claimsStore: ClaimsStore | null
  /** Null, or left out, where the load balancer signs people in: then no cookie is ever read. */
  readonly sessionCaller?: SessionCallerReader | null
  /** How documents are fetched. Default {@link fetchDocument}. */
  readonly fetch?: DocumentFetcher
  /** See {@link createEnricher}. */
  readonly enrichBudgetMs?: number
}

/** Makes them; one set a process, because it holds the keys and the remembered answers. */
export function createIdentity(deps: IdentityDeps): Identity {
  const { settings, now, fetch = fetchDocument } = deps
  const { auth, runs, loadBalancer } = settings
  const toIssuer = through(fetch, auth.appAuth.externalAuthServer.httpProxyUrl)
  const metadata = createIssuerMetadata({ fetch: toIssuer, now })
  const { trustedIssuers } = auth
  const resolveCaller = createCallerResolver({
    verifyAccessToken: createAccessTokenVerifier({ trustedIssuers, fetch: toIssuer, metadata, now }),
    albIdentity: runs.trustForwardedIdentityHeaders ? createAlbIdentity({ loadBalancer, fetch, now }) : null,
    sessionCaller: deps.sessionCaller ?? null,
    proxyCredentials: auth.proxyAuth
      ? createProxyCredentials(auth.proxyAuth, { fetch: toIssuer, metadata, now })
      : null,
  })
  return {
    resolveCaller,
    gate: createCallerGate(resolveCaller, createPublicUrlResolver(settings.authorizedUris)),
    enrich: createEnricher({
      userinfo: createUserinfoClient({ fetch: through(fetch, auth.httpProxyUrl), metadata }),
      store: deps.claimsStore,
      now,
      userinfoSubject: runs.userinfoSubject,
      ...(deps.enrichBudgetMs === undefined ? {} : { budgetMs: deps.enrichBudgetMs }),
    }),
  }
}

/** The load balancer's keys are AWS's; only what goes to the identity provider takes its proxy. */
function through(fetch: DocumentFetcher, proxyUrl: string | null): DocumentFetcher {
  return proxyUrl === null ? fetch : (url, options) => fetch(url, { ...options, proxyUrl })
}
