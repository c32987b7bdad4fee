/** What is deployed where the deployment signs browsers in itself, and what is not. */
import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../functions/shared/config.ts'
import { type Route, routesFor, SIGN_IN_ROUTES } from '../../functions/shared/routes.ts'
import { LEASE_SECONDS } from '../../functions/shared/session/refresh.ts'
import {
  CALLBACK_PATH,
  countWildcards,
  deployedFunctions,
  LISTENER_QUOTAS,
  type ListenerRuleOptions,
  listenerRules,
  publicEntrances,
} from '../../lib/listener-rules.ts'
import type { RuleDescription } from '../../lib/rule-description.ts'
import { EXISTING, flat, resourceOf, resourcesOf, type Tree, templateWith } from './fixtures.ts'

const ROUTES = routesFor({ authServerType: 'External', browserAuth: 'service' })
const OPTIONS: ListenerRuleOptions = {
  routes: ROUTES,
  basePriority: 1,
  hosts: [],
  minimalPaths: false,
  jwtValidation: true,
  sessionCookieName: 'AWSELBAuthSessionCookie',
}
const SERVICE: Tree = { ingress: { browserAuth: 'service' } }
const CREATE_RUN = '/flyteidl2.workflow.RunService/*'

const rulesOf = (path: string, options = OPTIONS): RuleDescription[] =>
  listenerRules(options).filter(({ paths }) => paths.includes(path))

describe('the rules of a deployment that signs browsers in itself', () => {
  const rules = listenerRules(OPTIONS)

  it('have no authenticate-oidc, and no callback of the load balancer', () => {
    expect(new Set(rules.map(({ authentication }) => authentication))).toEqual(new Set([undefined, 'jwt']))
    expect(rulesOf(CALLBACK_PATH)).toEqual([])
  })

  it('still have bearer tokens verified, and pass on every other call to the API', () => {
    expect(
      rulesOf(CREATE_RUN).map(({ section, header, authentication, last }) => [
        section,
        header?.name,
        authentication,
        last,
      ]),
    ).toEqual([
      ['internal', 'content-length', undefined, expect.objectContaining({ kind: 'fixed', status: 400 })],
      ['bearer', 'authorization', 'jwt', { kind: 'forward', function: 'runs', access: 'open' }],
      ['api', undefined, undefined, { kind: 'forward', function: 'runs', access: 'open' }],
    ])
  })

  it('look at no cookie', () => {
    expect(rules.filter(({ header }) => header?.name === 'cookie')).toEqual([])
  })

  it('leave the metadata service to everybody', () => {
    expect(rulesOf('/flyteidl2.auth.AuthMetadataService/*').map(({ section }) => section)).toEqual(['public'])
  })

  for (const { path } of SIGN_IN_ROUTES) {
    it(`send ${path} to the login function as it is`, () => {
      expect(rulesOf(path)).toMatchObject([
        { section: 'public', last: { kind: 'forward', function: 'login', access: 'open' } },
      ])
      expect(rulesOf(path)[0]?.authentication).toBeUndefined()
    })
  }

  it('send pages to the console as they are', () => {
    for (const path of ['/v2', '/v2/run', '/v2/whoami', '/v2/console.js', '/console'])
      expect(rulesOf(path)).toMatchObject([
        { section: 'pages', last: { function: 'console', access: 'open' } },
      ])
    expect(
      rules.filter(({ section }) => section === 'pages').map((rule) => rule.authentication),
    ).not.toContain('authenticate')
  })

  it('refuse the internal services', () => {
    const [refusal] = rulesOf('/flyteidl2.actions.ActionsService/*')
    expect(refusal).toMatchObject({ section: 'internal', last: { kind: 'fixed', status: 403 } })
  })

  it('leave a neighbour what it asked for, and keep signing in', () => {
    const minimal = { ...OPTIONS, minimalPaths: true }
    for (const path of ['/me', '/console', '/.well-known/openid-configuration', '/config/v1/flyte_client'])
      expect(rulesOf(path, minimal)).toEqual([])
    for (const path of ['/login', '/callback', '/logout', '/backchannel-logout', '/v2'])
      expect(rulesOf(path, minimal)).toHaveLength(1)
  })

  it('are within the quotas with everything that there can be on a shared listener', () => {
    const everything: readonly Route[] = routesFor({ authServerType: 'Self', browserAuth: 'service' })
    const hosts = ['flyte.example.com', 'flyte.example.org', 'flyte.example.net']
    const all = listenerRules({ ...OPTIONS, routes: everything, hosts, tokenProxyPrefix: '/token-proxy' })
    for (const { paths, header, hosts } of all) {
      const values = [...paths, ...hosts, ...(header?.values ?? [])]
      expect(values.length).toBeLessThanOrEqual(LISTENER_QUOTAS.conditionValuesPerRule)
      expect(countWildcards(values)).toBeLessThanOrEqual(LISTENER_QUOTAS.wildcardsPerRule)
    }
    expect(new Set(all.map(({ priority }) => priority)).size).toBe(all.length)
  })

  it('lead to one target group a function, all of them open', () => {
    expect(deployedFunctions(ROUTES)).toEqual(['metadata', 'runs', 'console', 'login'])
    expect(new Set(publicEntrances(ROUTES).map(({ access }) => access))).toEqual(new Set(['open']))
  })
})

describe('the template of a deployment that signs browsers in itself', () => {
  let template: Template
  beforeAll(() => {
    template = templateWith(SERVICE)
  })

  const READERS = ['login', 'runs', 'console'] as const
  const idOf = (name: string): string => `Functions${name[0]?.toUpperCase()}${name.slice(1)}`

  function environmentOf(from: Template, name: string): Record<string, string> {
    const { Environment } = resourceOf(from, 'AWS::Lambda::Function', idOf(name)).Properties
    const { Variables } = Environment as { Variables: Tree }
    return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, flat(value)]))
  }

  function permissionsOf(from: Template, name: string): [action: string, resource: string][] {
    const policy = resourceOf(from, 'AWS::IAM::Policy', `${idOf(name)}Role`)
    const { Statement } = policy.Properties.PolicyDocument as { Statement: Tree[] }
    return Statement.flatMap(({ Action, Resource }) =>
      [Action]
        .flat()
        .flatMap((action) =>
          [Resource]
            .flat()
            .map((resource): [string, string] => [
              String(action),
              flat(resource).replaceAll(/[0-9A-F]{8}(?=[.>])/g, ''),
            ]),
        ),
    )
  }

  it('has nothing of authenticate-oidc, nor of the client secret in a rule', () => {
    const rules = JSON.stringify(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule'))
    expect(rules).not.toContain('authenticate-oidc')
    expect(rules).not.toContain('resolve:secretsmanager')
    expect(rules).toContain('jwt-validation')
  })

  it('has the login function, and the internal services behind their own load balancer if asked for', () => {
    const namesIn = (from: Template) =>
      resourcesOf(from, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties.FunctionName)
    expect(namesIn(template)).toEqual(['flyte-metadata', 'flyte-runs', 'flyte-console', 'flyte-login'])
    const subnetIds = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1']
    const internal = {
      enabled: true,
      protocol: 'HTTP',
      allowedCidrs: ['10.0.0.0/16'],
      vpcId: 'vpc-0123456789abcdef0',
      subnetIds,
    }
    expect(namesIn(templateWith({ ...SERVICE, internal }))).toContain('flyte-actions')
  })

  for (const name of READERS) {
    it(`tells ${name} how people are signed in, within Lambda's limit`, () => {
      const environment = environmentOf(template, name)
      const { settings, authTable } = readConfig(environment)
      expect(authTable).toMatch(/^<TablesAuth/)
      expect(settings.session?.clientSecret).toMatchObject({ key: 'oidc_client_secret' })
      expect(settings.session?.cookieKeyNames).toHaveLength(2)
      expect(Buffer.byteLength(Object.entries(environment).flat().join(''))).toBeLessThan(4096)
    })

    it(`lets ${name} read the client secret and the cookie keys, and change neither`, () => {
      const secrets = permissionsOf(template, name).filter(([, resource]) => resource.startsWith('<Secrets'))
      expect(secrets.map(([action, resource]) => `${action} ${resource}`).sort()).toEqual([
        'secretsmanager:GetSecretValue <SecretsCookieBlockKey>',
        'secretsmanager:GetSecretValue <SecretsCookieHashKey>',
        'secretsmanager:GetSecretValue <SecretsOidcClientSecret>',
      ])
    })

    it(`lets ${name} read and write items of the Auth table, and nothing else there`, () => {
      const onAuth = permissionsOf(template, name).filter(([, resource]) => resource.includes('TablesAuth'))
      expect(onAuth.map(([action]) => action).sort()).toEqual(['dynamodb:GetItem', 'dynamodb:PutItem'])
    })
  }

  it('lets the login function do nothing beyond that but write its logs', () => {
    const others = permissionsOf(template, 'login').filter(
      ([action]) => !/^(logs|secretsmanager|dynamodb):/.test(action),
    )
    expect(others).toEqual([])
    expect(environmentOf(template, 'login')).not.toHaveProperty('RUNS_TABLE')
  })

  it('lets metadata read no secret', () => {
    expect(permissionsOf(template, 'metadata').map(([action]) => action)).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ])
  })

  it('names existing secrets by what Secrets Manager makes of their names', () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:flyte-admin-auth-AbCdEf'
    const existing = templateWith({
      ...SERVICE,
      secrets: { oidcClientSecret: { name: 'team/oidc', plainText: true }, cookieKeys: { name: arn } },
    })
    const secrets = permissionsOf(existing, 'login').filter(([action]) =>
      action.startsWith('secretsmanager:'),
    )
    expect(secrets.map(([, resource]) => resource)).toEqual([
      arn,
      'arn:aws:secretsmanager:eu-west-1:<AWS::AccountId>:secret:team/oidc-??????',
    ])
    expect(readConfig(environmentOf(existing, 'login')).settings.session).toMatchObject({
      clientSecret: { name: 'team/oidc', key: null },
      cookieKeyNames: [arn],
    })
  })

  it('asks for a secret once where both are in one', () => {
    const admin = 'flyte-admin-auth'
    const shared = templateWith({
      ...SERVICE,
      secrets: { oidcClientSecret: { name: admin }, cookieKeys: { name: admin } },
    })
    const secrets = permissionsOf(shared, 'console').filter(([action]) =>
      action.startsWith('secretsmanager:'),
    )
    expect(secrets).toHaveLength(1)
  })

  it('has no client secret for a public client', () => {
    const openId = { publicClient: true }
    const own = templateWith({ ...SERVICE, auth: { userAuth: { openId } } })
    expect(readConfig(environmentOf(own, 'login')).settings.session?.clientSecret).toBeNull()
    expect(resourcesOf(own, 'AWS::SecretsManager::Secret').map(([id]) => id.slice(0, 13))).toEqual([
      'SecretsCookie',
      'SecretsCookie',
    ])
  })

  it('needs no endpoints of the provider, also on a listener that others use', () => {
    const openId = { authorizationEndpoint: undefined, tokenEndpoint: undefined, userInfoEndpoint: undefined }
    const shared = templateWith({ ...EXISTING, ...SERVICE, auth: { userAuth: { openId } } })
    expect(JSON.stringify(shared.toJSON())).not.toContain('authenticate-oidc')
  })

  it('gives whatever refreshes a session the time to, and none that outlasts its claim', () => {
    const self = templateWith({ ...SERVICE, auth: { appAuth: { authServerType: 'Self' } } })
    for (const name of ['Login', 'Console', 'Runs', 'Authorizationserver']) {
      const { Timeout } = resourceOf(self, 'AWS::Lambda::Function', `Functions${name}`).Properties
      expect(Timeout, name).toBe(LEASE_SECONDS)
    }
  })

  it('gives the login function the size that the settings say', () => {
    const sized = templateWith({ ...SERVICE, functions: { memoryMb: { login: 512 } } })
    expect(resourceOf(sized, 'AWS::Lambda::Function', 'FunctionsLogin').Properties.MemorySize).toBe(512)
  })
})

describe('the template of a deployment whose load balancer signs browsers in', () => {
  it('has neither the login function nor cookie keys, and no function may read a secret for it', () => {
    const template = templateWith()
    expect(
      template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: 'flyte-login' } }),
    ).toEqual({})
    expect(JSON.stringify(template.toJSON())).not.toContain('CookieHashKey')
    const environment = resourceOf(template, 'AWS::Lambda::Function', 'FunctionsConsole').Properties
      .Environment as { Variables: Tree }
    expect(
      readConfig({ FLYTE_SETTINGS: flat(environment.Variables.FLYTE_SETTINGS) }).settings.session,
    ).toBeUndefined()
  })
})
