/**
 * The translation of settings into the environment of a function (`FLYTE_SETTINGS`).
 *
 * Written twice on purpose, here as it is produced and in `functions/shared/config.ts` as it is read: the stack may
 * not import runtime code. A test reads with the one what the other wrote.
 */
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
}

/** What is known only once the resources exist. May be CloudFormation references. */
export interface DeployedNames {
  readonly loadBalancerArn: string
  /** `s3://bucket/prefix`, without a trailing slash. */
  readonly storagePrefix: string
}

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
    },
    loadBalancer: {
      arn: names.loadBalancerArn,
      region: aws.region,
      issuer: resolved.openIdIssuer,
      clientId: auth.userAuth.openId.clientId,
      sessionCookieName: ingress.session.cookieName,
      sessionTimeoutSeconds: Math.floor(ingress.session.timeout / 1000),
    },
  }
}

function authForFunctions({ auth, resolved }: Settings) {
  const { openId } = auth.userAuth
  const { externalAuthServer, selfAuthServer, thirdPartyConfig, authServerType } = auth.appAuth
  const { clientId, redirectUri, scopes, audience } = thirdPartyConfig.flyteClient
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
      selfAuthServer: { issuer: selfAuthServer.issuer ?? resolved.publicUrl, scopes: ['all', 'offline'] },
      thirdPartyConfig: {
        flyteClient: {
          clientId,
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
  }
}
