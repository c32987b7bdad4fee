import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../../functions/shared/routes.ts'
import { listenerRules } from '../../../lib/listener-rules.ts'
import { flat, resourceOf, resourcesOf, type Tree, templateWith } from '../fixtures.ts'

const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule'

interface Action {
  readonly Type: string
  readonly Order: number
  readonly TargetGroupArn?: unknown
  readonly AuthenticateOidcConfig?: Tree
  readonly JwtValidationConfig?: Tree
}

let template: Template
beforeAll(() => {
  template = templateWith()
})

const actionsOf = (from: Template, id: string) =>
  resourceOf(from, RULE, `Rules${id}`).Properties.Actions as Action[]

function targetOf(from: Template, action: Action | undefined): unknown {
  const groups = from.findResources('AWS::ElasticLoadBalancingV2::TargetGroup')
  return groups[flat(action?.TargetGroupArn).slice(1, -1)]?.Properties.Name
}

describe('the rules in the template', () => {
  it('are the described ones, each with its priority, paths and header', () => {
    const described = listenerRules({
      routes: ROUTES,
      basePriority: 1,
      hosts: [],
      minimalPaths: false,
      jwtValidation: true,
      sessionCookieName: 'AWSELBAuthSessionCookie',
    })
    expect(resourcesOf(template, RULE)).toHaveLength(described.length)
    for (const rule of described) {
      const header = {
        Field: 'http-header',
        HttpHeaderConfig: {
          HttpHeaderName: rule.header?.name,
          [rule.header?.by === 'regex' ? 'RegexValues' : 'Values']: rule.header?.values,
        },
      }
      expect(resourceOf(template, RULE, `Rules${rule.id}`).Properties).toMatchObject({
        Priority: rule.priority,
        Conditions: [
          { Field: 'path-pattern', PathPatternConfig: { Values: rule.paths } },
          ...(rule.header === undefined ? [] : [header]),
        ],
      })
    }
  })

  it('end in exactly one last action, in order', () => {
    for (const [, { Properties }] of resourcesOf(template, RULE)) {
      const actions = Properties.Actions as Action[]
      expect(actions.map(({ Order }) => Order)).toEqual(actions.map((_, index) => index + 1))
      expect(actions.filter(({ Type }) => ['forward', 'fixed-response'].includes(Type))).toEqual([
        actions.at(-1),
      ])
    }
  })

  it('verify bearer tokens with their audience before they forward', () => {
    const [verify, forward] = actionsOf(template, 'Bearer1')
    expect(verify).toMatchObject({
      Type: 'jwt-validation',
      JwtValidationConfig: {
        Issuer: 'https://id.example.com',
        JwksEndpoint: 'https://id.example.com/keys',
        AdditionalClaims: [{ Format: 'single-string', Name: 'aud', Values: ['https://flyte.example.com'] }],
      },
    })
    expect(targetOf(template, forward)).toBe('flyte-runs-open')
  })

  it('compare client_id, one string, for Cognito', () => {
    const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc'
    const cognito = templateWith({
      auth: { appAuth: { externalAuthServer: { issuer } } },
      ingress: { jwtAudienceFormat: 'string-array' },
    })
    expect(actionsOf(cognito, 'Bearer1')[0]?.JwtValidationConfig).toMatchObject({
      Issuer: issuer,
      AdditionalClaims: [
        { Format: 'single-string', Name: 'client_id', Values: ['flyte-cli', 'flyte-console'] },
      ],
    })
  })

  it('compare a list of audiences where tokens have a list', () => {
    const list = templateWith({ ingress: { jwtAudienceFormat: 'string-array' } })
    expect(actionsOf(list, 'Bearer1')[0]?.JwtValidationConfig).toMatchObject({
      AdditionalClaims: [{ Format: 'string-array', Name: 'aud' }],
    })
  })

  it('only forward bearer tokens when verification is left to the functions', () => {
    const plain = templateWith({ ingress: { jwtValidation: false } })
    expect(actionsOf(plain, 'Bearer1').map(({ Type }) => Type)).toEqual(['forward'])
    expect(targetOf(plain, actionsOf(plain, 'Bearer1')[0])).toBe('flyte-runs-open')
    expect(JSON.stringify(plain.toJSON())).not.toContain('jwt-validation')
  })

  it('deny an invalid session on the API instead of redirecting a call', () => {
    const [authenticate, forward] = actionsOf(template, 'Session1')
    expect(authenticate?.AuthenticateOidcConfig).toMatchObject({ OnUnauthenticatedRequest: 'deny' })
    expect(targetOf(template, forward)).toBe('flyte-runs-oidc')
  })

  it('answer the rest of the API by the function, as nobody', () => {
    const [forward, ...more] = actionsOf(template, 'Api1')
    expect(more).toEqual([])
    expect(targetOf(template, forward)).toBe('flyte-runs-open')
  })

  it('send people to sign in from pages', () => {
    const [authenticate, forward] = actionsOf(template, 'Pages1')
    expect(authenticate?.AuthenticateOidcConfig).toMatchObject({ OnUnauthenticatedRequest: 'authenticate' })
    expect(targetOf(template, forward)).toBe('flyte-console-oidc')
  })

  it('take the provider’s answer on an authenticating rule that is otherwise a 404', () => {
    const [authenticate, last] = actionsOf(template, 'Callback1')
    expect(authenticate).toMatchObject({ Type: 'authenticate-oidc' })
    expect(last).toMatchObject({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } })
  })

  it('lead to an oidc target group only behind authenticate-oidc', () => {
    for (const [, { Properties }] of resourcesOf(template, RULE)) {
      const actions = Properties.Actions as Action[]
      const last = actions.at(-1)
      const behindSignIn = last?.Type === 'forward' && String(targetOf(template, last)).endsWith('-oidc')
      const signsIn = actions[0]?.Type === 'authenticate-oidc' && last?.Type === 'forward'
      expect(behindSignIn).toBe(signsIn)
    }
  })

  it('sign in with one and the same client, issuer and cookie everywhere', () => {
    const configs = resourcesOf(template, RULE)
      .flatMap(([, { Properties }]) => Properties.Actions as Action[])
      .flatMap(({ AuthenticateOidcConfig }) =>
        AuthenticateOidcConfig === undefined ? [] : [AuthenticateOidcConfig],
      )
      .map(({ OnUnauthenticatedRequest, ...config }) => JSON.stringify(config))
    expect(configs.length).toBeGreaterThan(2)
    expect(new Set(configs).size).toBe(1)
  })

  it('sign in as the settings say', () => {
    const changed = templateWith({
      auth: {
        userAuth: { openId: { issuerUrl: 'https://issuer.example.com/', scopes: ['openid', 'groups'] } },
      },
      ingress: {
        session: { cookieName: 'FlyteSession', timeout: '12h', extraParams: { prompt: 'select_account' } },
      },
    })
    expect(actionsOf(changed, 'Session1')[0]?.AuthenticateOidcConfig).toEqual({
      Issuer: 'https://issuer.example.com/',
      AuthorizationEndpoint: 'https://id.example.com/authorize',
      TokenEndpoint: 'https://id.example.com/token',
      UserInfoEndpoint: 'https://id.example.com/userinfo',
      ClientId: 'flyte-console',
      ClientSecret: expect.anything(),
      Scope: 'openid groups',
      SessionCookieName: 'FlyteSession',
      SessionTimeout: 43_200,
      OnUnauthenticatedRequest: 'deny',
      AuthenticationRequestExtraParams: { prompt: 'select_account' },
    })
    expect(resourceOf(changed, RULE, 'RulesSession1').Properties.Conditions).toContainEqual({
      Field: 'http-header',
      HttpHeaderConfig: { HttpHeaderName: 'cookie', Values: ['*FlyteSession-0=*'] },
    })
  })

  it('serve the token proxy only while it is on', () => {
    const paths = (from: Template) => JSON.stringify(from.findResources(RULE))
    expect(paths(template)).not.toContain('/token-proxy')
    const on = templateWith({ auth: { tokenEndpointProxyConfig: { enabled: true } } })
    expect(paths(on)).toContain('"/token-proxy/token"')
    expect(paths(on)).toContain('"/token-proxy/*/token"')
  })

  it('leave the paths of a neighbour out with minimalPaths', () => {
    const minimal = JSON.stringify(templateWith({ ingress: { minimalPaths: true } }).findResources(RULE))
    for (const path of ['/.well-known', '/me', '/config', '/api', '"/console"', '/oauth2/token']) {
      expect(minimal).not.toContain(path)
    }
    expect(minimal).toContain('/oauth2/idpresponse')
  })
})
