import { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { callbackUrls, clientConfig } from '../../lib/constructs/outputs.ts'
import { appWith, EXISTING, flat, settingsWith, type Tree, templateWith } from './fixtures.ts'

let outputs: Record<string, { Value: unknown }>
beforeAll(() => {
  outputs = templateWith().toJSON().Outputs
})

describe('the outputs', () => {
  it('say what to register, what to open and what to fill in', () => {
    expect(Object.keys(outputs).sort()).toEqual([
      'AuthTable',
      'CallbackUrls',
      'ClientCallbackUrl',
      'ClientConfig',
      'ConsoleUrl',
      'DashboardUrl',
      'LoadBalancerDnsName',
      'OidcClientSecretName',
      'RunsTable',
      'StoragePrefix',
    ])
    expect(outputs.CallbackUrls?.Value).toBe('https://flyte.example.com/oauth2/idpresponse')
    expect(outputs.ClientCallbackUrl?.Value).toBe('http://localhost:53593/callback')
    expect(outputs.ConsoleUrl?.Value).toBe('https://flyte.example.com/v2')
    expect(flat(outputs.StoragePrefix?.Value)).toMatch(/^s3:\/\/<StorageBucket[0-9A-F]{8}>\/flyte$/)
  })

  it('have a client configuration that is YAML', () => {
    expect(parse(String(outputs.ClientConfig?.Value))).toEqual({
      admin: { endpoint: 'dns:///flyte.example.com', insecure: false, authType: 'Pkce' },
    })
    expect(parse(clientConfig('http://localhost:8080'))).toMatchObject({
      admin: { endpoint: 'dns:///localhost:8080', insecure: true },
    })
  })

  it('say what else to register, and where the keys are, where the deployment signs people in itself', () => {
    const own = templateWith({ ingress: { browserAuth: 'service' } }).toJSON().Outputs
    expect(own.CallbackUrls.Value).toBe('https://flyte.example.com/callback')
    expect(own.PostLogoutUrl.Value).toBe('https://flyte.example.com/logout')
    expect(own.BackchannelLogoutUrl.Value).toBe('https://flyte.example.com/backchannel-logout')
    expect(flat(own.CookieKeyNames.Value)).toMatch(
      /^<SecretsCookieHashKey[0-9A-F]{8}>\n<SecretsCookieBlockKey[0-9A-F]{8}>$/,
    )
    expect(flat(own.OidcClientSecretName.Value)).toMatch(/^<SecretsOidcClientSecret/)
  })

  it('name no client secret for a public client', () => {
    const change = {
      ingress: { browserAuth: 'service' },
      auth: { userAuth: { openId: { publicClient: true } } },
    }
    expect(templateWith(change).toJSON().Outputs).not.toHaveProperty('OidcClientSecretName')
  })

  it('list a callback for every public URL that a provider can register', () => {
    const authorizedUris = ['https://flyte.example.com', 'https://*.example.com', 'https://b.example.com']
    expect(callbackUrls(settingsWith({ auth: { authorizedUris } }))).toEqual([
      'https://flyte.example.com/oauth2/idpresponse',
      'https://b.example.com/oauth2/idpresponse',
    ])
  })
})

describe('the stack', () => {
  it('is named after the deployment', () => {
    const { stack } = appWith({ name: 'staging' })
    expect(stack.stackName).toBe('staging-serverless')
    expect(
      JSON.stringify(Template.fromStack(stack).findResources('AWS::ElasticLoadBalancingV2::TargetGroup')),
    ).toContain('staging-runs-oidc')
  })

  it('is pinned to an account only when that is in the settings', () => {
    expect(appWith({ aws: { account: '123456789012' } }).stack.environment).toBe(
      'aws://123456789012/eu-west-1',
    )
    expect(appWith().stack.environment).toBe('aws://unknown-account/eu-west-1')
  })

  const variants: Record<string, Tree> = {
    'by default': {},
    'with tracing, a web ACL and an account': {
      aws: { account: '123456789012' },
      functions: { tracing: true },
      loadBalancer: { waf: { enabled: true } },
    },
    'on an existing listener with an existing bucket': {
      ...EXISTING,
      runs: { storagePrefix: 's3://my-bucket' },
    },
    'on an existing listener': EXISTING,
    'in an existing network': {
      network: {
        vpcId: 'vpc-0123456789abcdef0',
        publicSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      },
    },
    'signing browsers in itself': { ingress: { browserAuth: 'service' } },
    'signing browsers in itself, with existing secrets and a web ACL': {
      ingress: { browserAuth: 'service' },
      loadBalancer: { waf: { enabled: true } },
      secrets: { oidcClientSecret: { name: 'a' }, cookieKeys: { name: 'b' } },
    },
    'with the logs of tasks, and another prefix of secrets': {
      aws: { account: '123456789012' },
      runs: { logs: { group: '/flyte/tasks' }, secretPrefix: 'team/flyte' },
    },
    'with an existing secret': { secrets: { oidcClientSecret: { name: 'a' } } },
  }
  for (const [title, change] of Object.entries(variants)) {
    it(`passes every check of cdk-nag ${title}`, () => {
      expect(() => appWith(change, true).app.synth()).not.toThrow()
    })
  }

  it('does not synthesize when a check finds something', () => {
    const { app, stack } = appWith({}, true)
    stack.functions.get('console').allow(['s3:*'], ['*'])
    expect(() => app.synth()).toThrow(/IAM5\[Action::s3:\*\]/)
  })
})
