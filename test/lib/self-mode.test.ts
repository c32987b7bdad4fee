/** The template of a deployment that is its own authorization server. */
import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseAuthorizationServerConfig } from '../../functions/authorization-server/config.ts'
import { accessOfTargetGroup } from '../../functions/shared/alb/event.ts'
import { readConfig } from '../../functions/shared/config.ts'
import { routesFor } from '../../functions/shared/routes.ts'
import { targetGroupName } from '../../lib/constructs/target-groups.ts'
import { publicEntrances } from '../../lib/listener-rules.ts'
import { functionsOf } from '../../lib/synthesize.ts'
import {
  appWith,
  EXISTING,
  flat,
  resourceOf,
  resourcesOf,
  self,
  settingsWith,
  type Tree,
  templateWith,
} from './fixtures.ts'

const FUNCTION = 'AWS::Lambda::Function'
const SECRET = 'AWS::SecretsManager::Secret'
const SERVER = 'FunctionsAuthorizationserver'
const JOB = 'FunctionsRotatekeys'
const KMS_KEY = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000'

let template: Template
beforeAll(() => {
  template = templateWith(self())
})

function environmentOf(from: Template, id: string): Record<string, string> {
  const { Variables } = resourceOf(from, FUNCTION, id).Properties.Environment as { Variables: Tree }
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, flat(value)]))
}

const serverConfig = (from: Template, id = SERVER) =>
  parseAuthorizationServerConfig(environmentOf(from, id).AUTHORIZATION_SERVER)

/** The statements of a role beyond its own logs, as `[actions, resources]`. */
function permissionsOf(from: Template, id: string): [string, string][] {
  const policy = resourceOf(from, 'AWS::IAM::Policy', `${id}Role`)
  const { Statement } = policy.Properties.PolicyDocument as { Statement: Tree[] }
  return Statement.slice(1).map(({ Action, Resource }) => [
    [Action].flat().join(' '),
    [Resource]
      .flat()
      .map((one) => flat(one).replaceAll(/[0-9A-F]{8}(?=[.>])/g, ''))
      .join(' '),
  ])
}

describe('the functions', () => {
  it('are those of every deployment, the authorization server, and the rotation of its keys', () => {
    expect(functionsOf(settingsWith(self()))).toEqual([
      'metadata',
      'runs',
      'console',
      'authorization-server',
      'rotate-keys',
    ])
    expect(resourcesOf(template, FUNCTION)).toHaveLength(5)
  })

  for (const id of [SERVER, JOB]) {
    it(`read the environment that ${id} is given`, () => {
      const environment = environmentOf(template, id)
      expect(readConfig(environment).settings.auth.appAuth).toMatchObject({
        authServerType: 'Self',
        selfAuthServer: { issuer: 'https://flyte.example.com', scopes: ['all', 'offline'] },
        thirdPartyConfig: { flyteClient: { clientId: 'flytectl' } },
      })
      expect(serverConfig(template, id).signingKeysSecret).toMatch(/^<AuthorizationServerSigningKeys/)
      expect(Buffer.byteLength(Object.entries(environment).flat().join(''))).toBeLessThan(4096)
    })
  }

  it('are sized as the settings say', () => {
    const sized = templateWith({ ...self(), functions: { memoryMb: { 'authorization-server': 2048 } } })
    expect(resourceOf(sized, FUNCTION, SERVER).Properties).toMatchObject({ MemorySize: 2048 })
  })

  it('trust what the authorization server signs, and nothing else', () => {
    const { trustedIssuers } = readConfig(environmentOf(template, 'FunctionsRuns')).settings.auth
    expect(trustedIssuers).toEqual([
      {
        issuer: 'https://flyte.example.com',
        jwksUri: 'https://flyte.example.com/oauth2/jwks',
        algorithms: ['RS256'],
        audienceClaim: 'aud',
        audiences: ['https://flyte.example.com'],
      },
    ])
  })

  it('are told of clients and keys only where they use them', () => {
    for (const id of ['FunctionsRuns', 'FunctionsMetadata', 'FunctionsConsole']) {
      expect(environmentOf(template, id)).not.toHaveProperty('AUTHORIZATION_SERVER')
    }
  })
})

describe('the roles', () => {
  it('let the authorization server do what its store calls, and read its two secrets', () => {
    expect(permissionsOf(template, SERVER)).toEqual([
      ['dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem', '<TablesAuth.Arn>'],
      [
        'secretsmanager:GetSecretValue',
        '<AuthorizationServerClientSecrets> <AuthorizationServerSigningKeys>',
      ],
    ])
  })

  it('let the rotation change the keys, and do nothing else', () => {
    expect(permissionsOf(template, JOB)).toEqual([
      ['secretsmanager:GetSecretValue secretsmanager:PutSecretValue', '<AuthorizationServerSigningKeys>'],
    ])
  })

  it('name existing secrets with the six characters that Secrets Manager adds', () => {
    const existing = templateWith({
      ...self(),
      secrets: { signingKeys: { name: 'flyte/keys' }, clientSecrets: { name: 'flyte/clients' } },
    })
    const arn = (name: string) => expect.stringMatching(new RegExp(`secret:${name}-\\?{6}$`))
    expect(permissionsOf(existing, JOB)).toEqual([[expect.any(String), arn('flyte/keys')]])
    expect(serverConfig(existing)).toMatchObject({
      signingKeysSecret: 'flyte/keys',
      clientSecretsSecret: 'flyte/clients',
    })
    expect(JSON.stringify(existing.findResources(SECRET))).not.toContain('AuthorizationServer')
  })
})

describe('the secrets', () => {
  it('begin empty, and outlive the stack', () => {
    for (const name of ['SigningKeys', 'ClientSecrets']) {
      const secret = resourceOf(template, SECRET, `AuthorizationServer${name}`)
      expect(secret.Properties).toMatchObject({ SecretString: '{}' })
      expect(secret.DeletionPolicy).toBe('Retain')
    }
  })

  it('are named by the outputs', () => {
    const { Outputs } = template.toJSON() as { Outputs: Record<string, { Value: unknown }> }
    expect(flat(Outputs.ClientSecretsName?.Value)).toMatch(/^<AuthorizationServerClientSecrets/)
    expect(flat(Outputs.SigningKeys?.Value)).toMatch(/^<AuthorizationServerSigningKeys/)
    expect(Outputs).not.toHaveProperty('ClientCallbackUrl')
  })
})

describe('the rotation', () => {
  const alias = () =>
    flat({ Ref: resourcesOf(template, 'AWS::Lambda::Alias').find(([id]) => id.startsWith(JOB))?.[0] })

  it('runs on a schedule, which alone may run it', () => {
    const rule = resourceOf(template, 'AWS::Events::Rule')
    expect(rule.Properties).toMatchObject({ ScheduleExpression: 'rate(6 hours)', State: 'ENABLED' })
    expect((rule.Properties.Targets as Tree[]).map(({ Arn }) => flat(Arn))).toEqual([alias()])
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission').map(([, one]) => one.Properties)
    const own = permissions.filter(({ FunctionName }) => flat(FunctionName) === alias())
    expect(own.map(({ Principal, SourceArn }) => [Principal, flat(SourceArn)])).toEqual([
      ['events.amazonaws.com', expect.stringMatching(/^<KeyRotationSchedule\w+\.Arn>$/)],
    ])
  })

  it('runs while the stack is deployed, once it may change the keys', () => {
    const firstRun = resourceOf(template, 'Custom::SigningKeys')
    expect(flat(firstRun.Properties.ServiceToken)).toBe(alias())
    expect(firstRun.Properties.ServiceTimeout).toBe('180')
    const policy = resourcesOf(template, 'AWS::IAM::Policy').find(([id]) => id.startsWith(JOB))?.[0]
    expect(firstRun.DependsOn).toContain(policy)
  })
})

describe('the listener', () => {
  const routes = routesFor({ authServerType: 'Self', browserAuth: 'alb' })
  const entrances = publicEntrances(routes)

  it('has target groups that AWS accepts for the longest deployment name, and that say their access class', () => {
    for (const entrance of entrances) {
      const name = targetGroupName('a-name-of-14-c', entrance)
      expect(name.length).toBeLessThanOrEqual(32)
      const arn = `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/0123456789abcdef`
      expect(accessOfTargetGroup(arn)).toBe(entrance.access)
    }
    expect(new Set(entrances.map((entrance) => targetGroupName('flyte', entrance))).size).toBe(
      entrances.length,
    )
  })

  const rules = () =>
    resourcesOf(template, 'AWS::ElasticLoadBalancingV2::ListenerRule').map(([, { Properties }]) => {
      const { Conditions, Actions } = Properties as { Conditions: Tree[]; Actions: Tree[] }
      const { PathPatternConfig } = Conditions.find(({ Field }) => Field === 'path-pattern') ?? {}
      return { paths: (PathPatternConfig as { Values: string[] }).Values, actions: Actions }
    })

  it('forwards what needs no person, and asks who somebody is before the rest', () => {
    const kindsOf = (path: string) =>
      rules()
        .filter(({ paths }) => paths.includes(path))
        .map(({ actions }) => actions.map(({ Type }) => Type).join(' '))
    const open = ['authorize', 'token', 'jwks', 'device_authorization', 'revoke', 'introspect']
    for (const name of open) expect(kindsOf(`/oauth2/${name}`)).toEqual(['forward'])
    for (const path of ['/oauth2/authorize_callback', '/device']) {
      expect(kindsOf(path)).toEqual(['authenticate-oidc forward'])
    }
    expect(kindsOf('/oauth2/idpresponse')).toEqual(['authenticate-oidc fixed-response'])
  })

  it('verifies our own tokens, whose audience is one text', () => {
    const lists = templateWith({ ...self(), ingress: { jwtAudienceFormat: 'string-array' } })
    for (const from of [template, lists]) {
      const configs = resourcesOf(from, 'AWS::ElasticLoadBalancingV2::ListenerRule')
        .flatMap(([, { Properties }]) => Properties.Actions as Tree[])
        .flatMap(({ JwtValidationConfig }) => JwtValidationConfig ?? [])
      expect(configs.length).toBeGreaterThan(0)
      for (const config of configs) {
        expect(config).toEqual({
          Issuer: 'https://flyte.example.com',
          JwksEndpoint: 'https://flyte.example.com/oauth2/jwks',
          AdditionalClaims: [{ Format: 'single-string', Name: 'aud', Values: ['https://flyte.example.com'] }],
        })
      }
    }
  })
})

describe('signing in KMS', () => {
  it('makes a key that only the authorization server signs with, and needs no rotation of ours', () => {
    const kms = templateWith(self({ signing: 'kms' }))
    const key = resourceOf(kms, 'AWS::KMS::Key', 'AuthorizationServerSigningKey')
    expect(key.Properties).toMatchObject({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
    expect(key.DeletionPolicy).toBe('Retain')
    expect(permissionsOf(kms, SERVER)).toContainEqual([
      'kms:GetPublicKey kms:Sign',
      '<AuthorizationServerSigningKey.Arn>',
    ])
    expect(permissionsOf(kms, SERVER)).toContainEqual([
      'secretsmanager:GetSecretValue',
      '<AuthorizationServerClientSecrets>',
    ])
    const { signingKeysSecret, signingKmsKeys } = serverConfig(kms)
    expect({ signingKeysSecret, signingKmsKeys }).toEqual({
      signingKeysSecret: null,
      signingKmsKeys: [expect.stringMatching(/^<AuthorizationServerSigningKey\w+\.Arn>$/)],
    })
    kms.resourceCountIs('AWS::Events::Rule', 0)
    kms.resourceCountIs('Custom::SigningKeys', 0)
    expect(functionsOf(settingsWith(self({ signing: 'kms' })))).not.toContain('rotate-keys')
  })

  it('takes keys that are there already, the first of which signs', () => {
    const other = KMS_KEY.replace('0a1b', 'ffff')
    const kms = templateWith(self({ signing: 'kms', signingKmsKeys: [KMS_KEY, other] }))
    kms.resourceCountIs('AWS::KMS::Key', 0)
    expect(serverConfig(kms).signingKmsKeys).toEqual([KMS_KEY, other])
    expect(permissionsOf(kms, SERVER)).toContainEqual(['kms:GetPublicKey kms:Sign', `${KMS_KEY} ${other}`])
  })
})

describe('every check of cdk-nag', () => {
  const variants: Record<string, Tree> = {
    'as it is': self(),
    'with a browser sign-in of its own': { ...self(), ingress: { browserAuth: 'service' } },
    'with existing secrets': {
      ...self(),
      secrets: { signingKeys: { name: 'a' }, clientSecrets: { name: 'b' } },
    },
    'with a key in KMS': self({ signing: 'kms' }),
    'on an existing listener': { ...self(), ...EXISTING },
  }
  for (const [title, change] of Object.entries(variants)) {
    it(`passes ${title}`, () => expect(() => appWith(change, true).app.synth()).not.toThrow(), 60_000)
  }
})
