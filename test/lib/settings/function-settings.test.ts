import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../../functions/shared/config.ts'
import { functionSettings, type SignInSecrets } from '../../../lib/settings/function-settings.ts'
import { settingsWith, type Tree } from '../fixtures.ts'

const NAMES = {
  loadBalancerArn:
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/flyte/0123456789abcdef',
  storagePrefix: 's3://bucket/flyte',
}

function configOf(change: Tree = {}) {
  const settings = functionSettings(settingsWith(change), NAMES)
  return readConfig({ FLYTE_SETTINGS: JSON.stringify(settings), RUNS_TABLE: 'runs', AUTH_TABLE: 'auth' })
}

describe('the settings that functions are given', () => {
  it('are read by the functions as they are', () => {
    expect(configOf()).toMatchObject({
      publicUrl: 'https://flyte.example.com',
      runsTable: 'runs',
      authTable: 'auth',
    })
  })

  it('are accepted with everything that is optional', () => {
    const config = configOf({
      auth: {
        httpProxyURL: 'http://proxy.example.com:3128',
        grpcAuthorizationHeader: 'flyte-authorization',
        authorizedUris: ['https://flyte.example.com', 'https://*.example.com'],
        userAuth: {
          openId: { issuerUrl: 'https://issuer.example.com/' },
          httpProxyURL: 'http://other.example.com:3128',
        },
        appAuth: {
          externalAuthServer: {
            baseUrl: 'https://tokens.example.com',
            jwksUri: undefined,
            algorithms: ['ES256', 'RS256'],
            additionalIssuers: [
              { issuer: 'https://sts.windows.net/tenant/', audienceClaim: 'client_id' },
              { issuer: 'https://dex.example.com', acceptIdTokens: true },
            ],
          },
        },
        tokenEndpointProxyConfig: {
          enabled: true,
          publicUrl: 'https://a.example.com',
          pathPrefix: '/proxy/tokens',
        },
      },
      runs: {
        trustForwardedIdentityHeaders: false,
        userinfoSubject: 'adopt',
        seedProjects: [],
        domains: ['production'],
      },
      ingress: { jwtValidation: false, session: { cookieName: 'FlyteSession', timeout: '1h' } },
    })
    const { auth, loadBalancer } = config.settings
    expect(auth.httpProxyUrl).toBe('http://other.example.com:3128')
    expect(auth.appAuth.externalAuthServer).toMatchObject({
      baseUrl: 'https://tokens.example.com',
      httpProxyUrl: 'http://proxy.example.com:3128',
    })
    expect(auth.appAuth.thirdPartyConfig.flyteClient.authorizationMetadataKey).toBe('flyte-authorization')
    expect(auth.trustedIssuers.map(({ acceptIdTokens }) => acceptIdTokens)).toEqual([
      undefined,
      undefined,
      true,
    ])
    expect(auth.tokenEndpointProxyConfig).toEqual({
      enabled: true,
      publicUrl: 'https://a.example.com',
      pathPrefix: '/proxy/tokens',
    })
    expect(loadBalancer).toEqual({
      arn: NAMES.loadBalancerArn,
      region: 'eu-west-1',
      issuer: 'https://issuer.example.com/',
      clientId: 'flyte-console',
      sessionCookieName: 'FlyteSession',
      sessionTimeoutSeconds: 3600,
    })
  })

  it('are refused by the functions when one is taken away', () => {
    const { runs, ...rest } = functionSettings(settingsWith(), NAMES)
    expect(runs).toBeDefined()
    expect(() => readConfig({ FLYTE_SETTINGS: JSON.stringify(rest) })).toThrow(ConfigError)
  })

  it('have nothing of sessions where the load balancer signs browsers in', () => {
    expect(configOf().settings.session).toBeUndefined()
  })

  const SIGN_IN = {
    clientSecret: { name: 'arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf', key: 'oidc_client_secret' },
    cookieKeyNames: ['hash', 'block'],
  }
  const sessionOf = (change: Tree = {}, signIn: SignInSecrets = SIGN_IN) => {
    const settings = settingsWith({
      ...change,
      ingress: { browserAuth: 'service', ...(change.ingress as Tree) },
    })
    const document = functionSettings(settings, { ...NAMES, signIn })
    return readConfig({ FLYTE_SETTINGS: JSON.stringify(document) }).settings.session
  }

  it('say how people are signed in where the deployment does that itself', () => {
    expect(sessionOf()).toEqual({
      landingPath: '/v2',
      idpQueryParameter: null,
      cookie: { sameSite: 'Lax', domain: null },
      idleSeconds: 86_400,
      absoluteSeconds: 604_800,
      ...SIGN_IN,
    })
  })

  it('say of it what the settings say', () => {
    const change = {
      auth: {
        userAuth: {
          redirectUrl: '/console',
          idpQueryParameter: 'idp',
          cookieSetting: { sameSitePolicy: 'NoneMode', domain: '.Example.com' },
        },
      },
      ingress: { session: { timeout: '720h', idleTimeout: '30m' } },
    }
    const signIn = { clientSecret: null, cookieKeyNames: ['both'] }
    expect(sessionOf(change, signIn)).toEqual({
      landingPath: '/console',
      idpQueryParameter: 'idp',
      cookie: { sameSite: 'None', domain: 'example.com' },
      idleSeconds: 1_800,
      absoluteSeconds: 2_592_000,
      ...signIn,
    })
  })

  it('have a session idle no longer than it lasts', () => {
    expect(sessionOf({ ingress: { session: { timeout: '1h' } } })).toMatchObject({
      idleSeconds: 3_600,
      absoluteSeconds: 3_600,
    })
  })

  for (const [policy, sameSite] of [
    ['DefaultMode', null],
    ['LaxMode', 'Lax'],
    ['StrictMode', 'Strict'],
    ['NoneMode', 'None'],
  ] as const) {
    it(`translate ${policy}`, () => {
      const change = { auth: { userAuth: { cookieSetting: { sameSitePolicy: policy } } } }
      expect(sessionOf(change)?.cookie.sameSite).toBe(sameSite)
    })
  }

  it('have nothing of where secrets are', () => {
    const settings = settingsWith({ secrets: { oidcClientSecret: { name: 'somewhere/secret' } } })
    expect(JSON.stringify(functionSettings(settings, NAMES))).not.toContain('somewhere/secret')
  })
})
