/**
 * The translation of settings into the environment of a function (`FLYTE_SETTINGS`).
 *
 * Written twice on purpose, here as it is produced and in `functions/shared/config.ts` as it is read: the stack may
 * not import runtime code. A test reads with the one what the other wrote.
 */
import { scopesOf } from './authorization-server.ts'
import { proxyAuthForFunctions } from './proxy-auth.ts'
import { flyteClientIdOf, ownIssuerOf } from './resolve.ts'
import type { Settings } from './settings.ts'

/** An issuer whose bearer tokens are accepted, and how its tokens are checked. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly jwksUri: string | null
  readonly algorithms: readonly (
    | 'RS256'
    | 'RS384'
    | 'RS512'
    | 'PS256'
    | 'ES256'
    | 'ES384'
    | 'ES512'
    | 'EdDSA'
  )[]
  readonly audiences: readonly string[]
  readonly audienceClaim: 'aud' | 'client_id'
  readonly acceptIdTokens?: true
}

/** What is known only once the resources exist. May be CloudFormation references. */
export interface DeployedNames {
  readonly loadBalancerArn: string
  /** `s3://bucket/prefix`, without a trailing slash. */
  readonly storagePrefix: string
  /** Undefined where the load balancer signs browsers in. */
  readonly signIn?: SignInSecrets | undefined
}

/** Where the secrets are that the deployment signs people in with itself. */
export interface SignInSecrets {
  /** The secret with the client's secret, and its key if that is JSON; null for a public client. */
  readonly clientSecret: { readonly name: string; readonly key: string | null } | null
  /** One secret with both cookie keys as JSON, or one with the hash key and one with the block key. */
  readonly cookieKeyNames: readonly string[]
}

/** Unless the settings say otherwise, or the session is shorter. */
const DEFAULT_IDLE_MS = 24 * 3_600_000

const SAME_SITE = { DefaultMode: null, LaxMode: 'Lax', StrictMode: 'Strict', NoneMode: 'None' } as const

/** The document that every function reads at its cold start; see `functions/shared/config.ts` for each key. */
export function functionSettings(settings: Settings, names: DeployedNames) {
  const { auth, runs, resolved, aws, ingress } = settings
  return {
    authorizedUris: auth.authorizedUris,
    auth: authForFunctions(settings),
    runs: {
      trustForwardedIdentityHeaders: runs.trustForwardedIdentityHeaders,
      userinfoSubject: runs.userinfoSubject,
      storagePrefix: names.storagePrefix,
      seedProjects: runs.seedProjects,
      domains: runs.domains,
      secretPrefix: resolved.secretPrefix,
      logs: runs.logs ?? null,
    },
    loadBalancer: {
      arn: names.loadBalancerArn,
      region: aws.region,
      issuer: resolved.openIdIssuer,
      clientId: auth.userAuth.openId.clientId,
      sessionCookieName: ingress.session.cookieName,
      sessionTimeoutSeconds: Math.floor(ingress.session.timeout / 1000),
    },
    ...(names.signIn === undefined ? {} : { session: sessionForFunctions(settings, names.signIn) }),
  }
}

function sessionForFunctions({ auth, ingress }: Settings, { clientSecret, cookieKeyNames }: SignInSecrets) {
  const { redirectUrl, idpQueryParameter, cookieSetting } = auth.userAuth
  const { timeout, idleTimeout = Math.min(DEFAULT_IDLE_MS, timeout) } = ingress.session
  return {
    landingPath: redirectUrl,
    idpQueryParameter: idpQueryParameter ?? null,
    cookie: { sameSite: SAME_SITE[cookieSetting.sameSitePolicy], domain: cookieSetting.domain ?? null },
    idleSeconds: Math.floor(idleTimeout / 1000),
    absoluteSeconds: Math.floor(timeout / 1000),
    clientSecret,
    cookieKeyNames,
  }
}

function authForFunctions(settings: Settings) {
  const { auth, resolved } = settings
  const { openId } = auth.userAuth
  const { externalAuthServer, thirdPartyConfig, authServerType } = auth.appAuth
  const { redirectUri, scopes, audience } = thirdPartyConfig.flyteClient
  return {
    userAuth: { openId: { baseUrl: openId.baseUrl, clientId: openId.clientId, scopes: openId.scopes } },
    appAuth: {
      authServerType,
      externalAuthServer: {
        baseUrl: resolved.authorizationServerUrl,
        metadataUrl: externalAuthServer.metadataUrl,
        retryAttempts: externalAuthServer.retryAttempts,
        retryDelayMs: externalAuthServer.retryDelay,
        httpProxyUrl: externalAuthServer.httpProxyURL ?? auth.httpProxyURL ?? null,
      },
      selfAuthServer: { issuer: ownIssuerOf(settings), scopes: scopesOf(settings) },
      thirdPartyConfig: {
        flyteClient: {
          clientId: flyteClientIdOf(settings),
          redirectUri,
          scopes,
          audience,
          authorizationMetadataKey: auth.grpcAuthorizationHeader,
        },
      },
    },
    tokenEndpointProxyConfig: {
      enabled: auth.tokenEndpointProxyConfig.enabled,
      publicUrl: resolved.tokenProxyPublicUrl,
      pathPrefix: auth.tokenEndpointProxyConfig.pathPrefix,
    },
    httpProxyUrl: auth.userAuth.httpProxyURL ?? auth.httpProxyURL ?? null,
    trustedIssuers: resolved.trustedIssuers,
    ...proxyAuthForFunctions(settings),
  }
}
