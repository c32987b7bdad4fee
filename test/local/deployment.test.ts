import { describe, expect, it } from 'vitest'
import type { CloudFormationResource, CloudFormationTemplate } from '../../local/alb/index.ts'
import { functionBehind, readDeployment } from '../../local/deployment.ts'
import { withRealPorts } from '../../local/ports.ts'
import { resourceNames } from '../../local/resource-names.ts'
import { registrationOf } from '../../local/web-client.ts'

const REGION = 'eu-west-1'

const RESOURCES: Record<string, CloudFormationResource> = {
  Balancer: { Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer' },
  Runs: {
    Type: 'AWS::DynamoDB::Table',
    Properties: { KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], AttributeDefinitions: [] },
  },
  Named: {
    Type: 'AWS::DynamoDB::GlobalTable',
    Properties: { TableName: 'its-name', KeySchema: [], AttributeDefinitions: [] },
  },
  Bucket: { Type: 'AWS::S3::Bucket' },
  ClientSecret: {
    Type: 'AWS::SecretsManager::Secret',
    Properties: {
      Name: 'flyte/client',
      GenerateSecretString: {
        SecretStringTemplate: '{}',
        GenerateStringKey: 'oidc_client_secret',
        ExcludePunctuation: true,
      },
    },
  },
  CookieKey: {
    Type: 'AWS::SecretsManager::Secret',
    Properties: { GenerateSecretString: { PasswordLength: 43, ExcludePunctuation: true } },
  },
  RunsFunction: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: 'flyte-runs',
      Handler: 'index.handler',
      Timeout: 30,
      MemorySize: 1024,
      ReservedConcurrentExecutions: 3,
      Environment: {
        Variables: {
          TABLE: { Ref: 'Runs' },
          STORAGE: { 'Fn::Join': ['', ['s3://', { Ref: 'Bucket' }, '/flyte']] },
          BALANCER: { Ref: 'Balancer' },
          COUNT: 1,
        },
      },
    },
  },
  Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'RunsFunction' } } },
  Alias: {
    Type: 'AWS::Lambda::Alias',
    Properties: {
      FunctionName: { Ref: 'RunsFunction' },
      FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
    },
  },
  Other: { Type: 'AWS::Lambda::Function', Properties: { Handler: 'index.handler' } },
  Rule: {
    Type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
    Properties: {
      Actions: [
        {
          Type: 'authenticate-oidc',
          AuthenticateOidcConfig: {
            ClientId: 'the-client',
            ClientSecret: {
              'Fn::Join': [
                '',
                [
                  '{{resolve:secretsmanager:',
                  { Ref: 'ClientSecret' },
                  ':SecretString:oidc_client_secret::}}',
                ],
              ],
            },
          },
        },
      ],
    },
  },
}

function read(
  changes: {
    resources?: Record<string, CloudFormationResource>
    oidcClientSecret?: string
    kept?: Map<string, string>
  } = {},
) {
  return readDeployment({
    template: { Resources: { ...RESOURCES, ...changes.resources } },
    region: REGION,
    codeDirectories: new Map([['RunsFunction', '/bundles/runs']]),
    secretValues: changes.kept ?? new Map(),
    oidcClientSecret: changes.oidcClientSecret,
  })
}

describe('a deployment', () => {
  it('gives a function the variables of the template, resolved', async () => {
    const { functions, loadBalancerArn } = await read()
    expect(functions.get('RunsFunction')).toEqual({
      name: 'flyte-runs',
      arn: 'arn:aws:lambda:eu-west-1:123456789012:function:flyte-runs',
      directory: '/bundles/runs',
      handler: 'index.handler',
      timeoutMs: 30_000,
      memoryMb: 1024,
      reservedConcurrency: 3,
      environment: {
        TABLE: 'local-Runs',
        STORAGE: 's3://local-bucket/flyte',
        BALANCER: loadBalancerArn,
        COUNT: '1',
      },
    })
  })

  it('runs no function that has no code here, such as one of a custom resource', async () => {
    expect([...(await read()).functions.keys()]).toEqual(['RunsFunction'])
  })

  it('has every table and bucket of the template, under the name that references give', async () => {
    const { tables, buckets } = await read()
    expect(tables.map(({ TableName }) => TableName)).toEqual(['local-Runs', 'its-name'])
    expect(buckets).toEqual(['local-bucket'])
  })

  it('resolves the client secret of the sign-in to the secret that was made', async () => {
    const { signIn, secrets } = await read()
    const [secret] = secrets
    expect(signIn).toEqual({
      clientId: 'the-client',
      clientSecret: JSON.parse(secret?.value ?? '').oidc_client_secret,
      callbackPath: '/oauth2/idpresponse',
      signOut: undefined,
    })
    expect(signIn?.clientSecret).toMatch(/^[A-Za-z0-9]{32}$/)
  })

  const withSession = (clientSecret: unknown) => ({
    Rule: { Type: 'AWS::ElasticLoadBalancingV2::ListenerRule' },
    RunsFunction: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        ...RESOURCES.RunsFunction?.Properties,
        Environment: {
          Variables: {
            FLYTE_SETTINGS: JSON.stringify({
              auth: { userAuth: { openId: { clientId: 'their-client' } } },
              session: { clientSecret },
            }),
          },
        },
      },
    },
  })

  it('finds the client of functions that sign people in where their settings say', async () => {
    const { signIn, secrets } = await read({
      resources: withSession({ name: 'flyte/client', key: 'oidc_client_secret' }),
    })
    expect(signIn).toEqual({
      clientId: 'their-client',
      clientSecret: JSON.parse(secrets[0]?.value ?? '').oidc_client_secret,
      callbackPath: '/callback',
      signOut: { returnPath: '/logout', noticePath: '/backchannel-logout' },
    })
    const whole = await read({
      resources: withSession({ name: 'CookieKey', key: null }),
      kept: new Map([['CookieKey', 'all of it']]),
    })
    expect(whole.signIn?.clientSecret).toBe('all of it')
  })

  it('registers its client with every address that it has', async () => {
    const { signIn } = await read({
      resources: withSession({ name: 'flyte/client', key: 'oidc_client_secret' }),
    })
    expect(registrationOf(signIn, 'http://localhost:8080')).toMatchObject({
      clientId: 'their-client',
      redirectUris: ['http://localhost:8080/callback', 'http://127.0.0.1:8080/callback'],
      postLogoutRedirectUris: ['http://localhost:8080/logout'],
      backchannelLogoutUri: 'http://localhost:8080/backchannel-logout',
    })
    expect(registrationOf((await read()).signIn, 'http://localhost:8080')).toMatchObject({
      redirectUris: ['http://localhost:8080/oauth2/idpresponse', 'http://127.0.0.1:8080/oauth2/idpresponse'],
      postLogoutRedirectUris: [],
      backchannelLogoutUri: undefined,
    })
    expect(registrationOf(undefined, 'http://localhost:8080').redirectUris).toEqual([])
  })

  it('uses the client secret that an identity provider issued', async () => {
    const { signIn } = await read({ oidcClientSecret: 'issued' })
    expect(signIn?.clientSecret).toBe('issued')
  })

  it('keeps secrets of an earlier start, and makes what is missing', async () => {
    const kept = new Map([['CookieKey', 'as before']])
    const { secrets } = await read({ kept })
    expect(secrets.map(({ name, value }) => [name, value === 'as before'])).toEqual([
      ['flyte/client', false],
      ['CookieKey', true],
    ])
    expect([...kept.keys()].toSorted()).toEqual(['CookieKey', 'flyte/client'])
  })

  it('has a secret that begins with a text as it is now, not as it began', async () => {
    const resources = {
      Keys: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: '{}' } },
    }
    const keysWith = async (kept: Map<string, string>) =>
      (await read({ kept, resources })).secrets.find(({ name }) => name === 'Keys')?.value
    expect(await keysWith(new Map())).toBe('{}')
    expect(await keysWith(new Map([['Keys', '{"key":"changed"}']]))).toBe('{"key":"changed"}')
  })

  it('keeps the private halves of keys in KMS, under ARNs that look like AWS’s', async () => {
    const resources = { Signing: { Type: 'AWS::KMS::Key' } }
    const kept = new Map<string, string>()
    const [first] = (await read({ kept, resources })).kmsKeys
    const [second] = (await read({ kept, resources })).kmsKeys
    expect(first?.arn).toMatch(
      /^arn:aws:kms:eu-west-1:123456789012:key\/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
    )
    expect(second).toEqual(first)
  })

  it('signs nobody in where no rule does', async () => {
    expect(
      (await read({ resources: { Rule: { Type: 'AWS::ElasticLoadBalancingV2::ListenerRule' } } })).signIn,
    ).toBeUndefined()
  })

  it('of a template that names what it does not have is refused', async () => {
    const environment = { Variables: { TABLE: { Ref: 'Missing' } } }
    const broken = { ...RESOURCES.RunsFunction?.Properties, Environment: environment }
    await expect(
      read({ resources: { RunsFunction: { Type: 'AWS::Lambda::Function', Properties: broken } } }),
    ).rejects.toMatchObject({
      name: 'TemplateError',
      where: 'Ref Missing',
    })
  })
})

describe('the function behind a target', () => {
  const template: CloudFormationTemplate = { Resources: RESOURCES }
  for (const [what, reference] of [
    ['an alias', { Ref: 'Alias' }],
    ['a version', { Ref: 'Version' }],
    ['its ARN', { 'Fn::GetAtt': ['RunsFunction', 'Arn'] }],
  ] as const) {
    it(`is found by ${what}`, () => expect(functionBehind(template, reference)).toBe('RunsFunction'))
  }

  it('is not found by anything else', () => {
    expect(functionBehind(template, { Ref: 'Bucket' })).toBeUndefined()
    expect(functionBehind(template, 'arn:aws:lambda:eu-west-1:1:function:x')).toBeUndefined()
    expect(functionBehind(template, undefined)).toBeUndefined()
  })
})

describe('the names of resources', () => {
  it('are the same each time', () => {
    const names = () => {
      const { physicalId } = resourceNames({ template: { Resources: RESOURCES }, region: REGION })
      return Object.entries(RESOURCES).map(([id, resource]) => physicalId(id, resource))
    }
    expect(names()).toEqual(names())
  })

  it('have the shape of AWS’s where a program reads them', () => {
    const { physicalId, loadBalancerArn } = resourceNames({
      template: { Resources: RESOURCES },
      region: REGION,
    })
    expect(loadBalancerArn).toMatch(
      /^arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer\/app\/Balancer\/[\da-f]{16}$/,
    )
    expect(physicalId('ClientSecret', RESOURCES.ClientSecret as CloudFormationResource)).toMatch(
      /^arn:aws:secretsmanager:eu-west-1:123456789012:secret:flyte\/client-\w{6}$/,
    )
  })

  it('take an existing load balancer from the listener that rules are added to', () => {
    const ListenerArn =
      'arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/fedcba9876543210'
    const template = {
      Resources: { Rule: { Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: { ListenerArn } } },
    }
    expect(resourceNames({ template, region: REGION }).loadBalancerArn).toBe(
      'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shared/0123456789abcdef',
    )
  })
})

describe('the ports of the template', () => {
  it('are replaced by the real ones, in every text', () => {
    const template = {
      Resources: {
        A: {
          Type: 'X',
          Properties: { url: 'http://localhost:61001/a', text: '{"i":"http://localhost:61002"}' },
        },
      },
    }
    expect(withRealPorts(template, { stack: 8080, provider: 8081 }).Resources?.A?.Properties).toEqual({
      url: 'http://localhost:8080/a',
      text: '{"i":"http://localhost:8081"}',
    })
  })
})
