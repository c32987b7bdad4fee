/** The settings of the benchmark's function, as the stack would serialise them. */
import { AUDIENCE, ISSUER, LOAD_BALANCER_ARN, LOAD_BALANCER_CLIENT } from './credentials.ts'

/** @param issuer Where keys and userinfo are; a local server for a process of its own. */
export function benchSettings(issuer: string = ISSUER) {
  return {
    authorizedUris: [AUDIENCE],
    auth: {
      userAuth: { openId: { baseUrl: issuer, clientId: LOAD_BALANCER_CLIENT, scopes: ['openid'] } },
      appAuth: {
        authServerType: 'External' as const,
        externalAuthServer: {
          baseUrl: issuer,
          metadataUrl: '.well-known/oauth-authorization-server',
          retryAttempts: 1,
          retryDelayMs: 0,
          httpProxyUrl: null,
        },
        selfAuthServer: { issuer: AUDIENCE, scopes: ['all', 'offline'] },
        thirdPartyConfig: {
          flyteClient: {
            clientId: 'flytectl',
            redirectUri: 'http://localhost:53593/callback',
            scopes: ['all', 'offline'],
            audience: '',
            authorizationMetadataKey: 'authorization',
          },
        },
      },
      tokenEndpointProxyConfig: { enabled: false, publicUrl: AUDIENCE, pathPrefix: '/token-proxy' },
      httpProxyUrl: null,
      trustedIssuers: [
        {
          issuer,
          jwksUri: `${issuer}/jwks`,
          algorithms: ['RS256' as const],
          audiences: [AUDIENCE],
          audienceClaim: 'aud' as const,
        },
      ],
    },
    runs: {
      trustForwardedIdentityHeaders: true,
      userinfoSubject: 'match' as const,
      storagePrefix: 's3://bench/flyte',
      seedProjects: ['flytesnacks'],
      domains: ['development', 'staging', 'production'],
      secretPrefix: 'bench/secrets',
      logs: null,
    },
    loadBalancer: {
      arn: LOAD_BALANCER_ARN,
      region: 'eu-west-1',
      issuer: ISSUER,
      clientId: LOAD_BALANCER_CLIENT,
      sessionCookieName: 'AWSELBAuthSessionCookie',
      sessionTimeoutSeconds: 604_800,
    },
  }
}

/** The settings of a deployment that signs people in itself, at the same issuer. */
export function signInSettings(issuer: string = ISSUER) {
  const settings = benchSettings(issuer)
  return {
    ...settings,
    loadBalancer: { ...settings.loadBalancer, issuer },
    session: {
      landingPath: '/v2',
      idpQueryParameter: null,
      cookie: { sameSite: 'Lax' as const, domain: null },
      idleSeconds: 3_600,
      absoluteSeconds: 86_400,
      clientSecret: null,
      cookieKeyNames: ['cookie-keys'],
    },
  }
}

/** The settings of a deployment that is its own authorization server. */
export function selfSettings(issuer: string = ISSUER) {
  const settings = benchSettings(issuer)
  const appAuth = { ...settings.auth.appAuth, authServerType: 'Self' as const }
  return { ...settings, auth: { ...settings.auth, appAuth } }
}
