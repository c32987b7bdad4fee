import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { accessOfTargetGroup } from '../../../functions/shared/alb/event.ts'
import { readConfig } from '../../../functions/shared/config.ts'
import { ROUTES } from '../../../functions/shared/routes.ts'
import { PROJECT_SECRET_ACTIONS } from '../../../lib/constructs/service-permissions.ts'
import { targetGroupName } from '../../../lib/constructs/target-groups.ts'
import { publicEntrances } from '../../../lib/listener-rules.ts'
import { flat, resourceOf, resourcesOf, type Tree, templateWith } from '../fixtures.ts'

const FUNCTION = 'AWS::Lambda::Function'
const NAMES = ['metadata', 'runs', 'console'] as const

let template: Template
beforeAll(() => {
  template = templateWith()
})

const idOf = (name: string): string => `Functions${name[0]?.toUpperCase()}${name.slice(1)}`
const functionOf = (from: Template, name: string): Tree => resourceOf(from, FUNCTION, idOf(name)).Properties

function environmentOf(from: Template, name: string): Record<string, string> {
  const { Variables } = functionOf(from, name).Environment as { Variables: Tree }
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, flat(value)]))
}

interface Statement {
  readonly Action: string | string[]
  readonly Resource: unknown
  readonly Effect: string
}

function permissionsOf(from: Template, name: string): [actions: string, resources: string][] {
  const policy = resourceOf(from, 'AWS::IAM::Policy', `${idOf(name)}Role`)
  const { Statement } = policy.Properties.PolicyDocument as { Statement: Statement[] }
  return Statement.map(({ Action, Resource }) => {
    const resources = (Array.isArray(Resource) ? Resource : [Resource]).map((one) =>
      flat(one).replaceAll(/[0-9A-F]{8}/g, ''),
    )
    return [[Action].flat().join(' '), resources.join(' ')]
  })
}

describe('each function', () => {
  for (const name of NAMES) {
    it(`${name} runs on Node 24 and arm64, behind an alias`, () => {
      expect(functionOf(template, name)).toMatchObject({
        FunctionName: `flyte-${name}`,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      })
      expect(resourceOf(template, 'AWS::Lambda::Alias', idOf(name)).Properties).toMatchObject({
        Name: 'live',
      })
    })

    it(`${name} is given an environment that it reads itself`, () => {
      const environment = environmentOf(template, name)
      expect(readConfig(environment).publicUrl).toBe('https://flyte.example.com')
      expect(environment).toMatchObject({
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: 'flyte',
        POWERTOOLS_TRACE_ENABLED: 'false',
        LOG_LEVEL: 'INFO',
      })
    })

    it(`${name} has an environment below Lambda's limit`, () => {
      const text = Object.entries(environmentOf(template, name)).flat().join('')
      expect(Buffer.byteLength(text)).toBeLessThan(4096)
    })

    it(`${name} answers before the load balancer gives up`, () => {
      expect(functionOf(template, name).Timeout).toBeLessThan(75)
    })

    it(`${name} keeps its logs for the configured time`, () => {
      const kept = templateWith({ functions: { logRetentionDays: 7 } })
      expect(resourceOf(template, 'AWS::Logs::LogGroup', idOf(name)).Properties).toMatchObject({
        LogGroupName: `/aws/lambda/flyte-${name}`,
        RetentionInDays: 30,
      })
      expect(resourceOf(kept, 'AWS::Logs::LogGroup', idOf(name)).Properties).toMatchObject({
        RetentionInDays: 7,
      })
    })
  }

  it('is deployed, and no other is', () => {
    expect(resourcesOf(template, FUNCTION)).toHaveLength(NAMES.length)
  })

  it('knows the load balancer whose signature it has to expect', () => {
    const { settings } = readConfig(environmentOf(template, 'runs'))
    expect(settings.loadBalancer.arn).toMatch(/^<FrontDoor/)
    expect(settings.loadBalancer.issuer).toBe('https://id.example.com')
  })

  it('is sized, traced and logged as the settings say', () => {
    const changed = templateWith({
      functions: {
        memoryMb: { runs: 2048 },
        reservedConcurrency: { runs: 50 },
        tracing: true,
        logLevel: 'DEBUG',
      },
    })
    expect(functionOf(changed, 'runs')).toMatchObject({
      MemorySize: 2048,
      ReservedConcurrentExecutions: 50,
      TracingConfig: { Mode: 'Active' },
    })
    expect(functionOf(changed, 'console').ReservedConcurrentExecutions).toBeUndefined()
    expect(environmentOf(changed, 'runs')).toMatchObject({
      POWERTOOLS_TRACE_ENABLED: 'true',
      LOG_LEVEL: 'DEBUG',
    })
    expect(permissionsOf(changed, 'console').map(([actions]) => actions)).toContain(
      'xray:PutTelemetryRecords xray:PutTraceSegments',
    )
  })

  it('is told the tables only if it may use them', () => {
    expect(environmentOf(template, 'runs')).toMatchObject({
      RUNS_TABLE: expect.stringContaining('Runs'),
      AUTH_TABLE: expect.stringContaining('Auth'),
    })
    for (const name of ['metadata', 'console']) {
      expect(environmentOf(template, name)).not.toHaveProperty('RUNS_TABLE')
      expect(environmentOf(template, name)).not.toHaveProperty('AUTH_TABLE')
    }
  })
})

describe('the roles', () => {
  const SECRETS = 'arn:aws:secretsmanager:eu-west-1:<AWS::AccountId>:secret:'
  const logs = (name: string): [string, string] => [
    'logs:CreateLogStream logs:PutLogEvents',
    `<${idOf(name)}Logs.Arn>`,
  ]

  it('let metadata and console write their logs and nothing else', () => {
    for (const name of ['metadata', 'console']) expect(permissionsOf(template, name)).toEqual([logs(name)])
  })

  it('let runs do exactly what its stores do', () => {
    expect(permissionsOf(template, 'runs')).toEqual([
      logs('runs'),
      ['dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem', '<TablesRuns.Arn>'],
      [
        'dynamodb:Query',
        ['byOwner', 'byPaused', 'byProject', 'byTask', 'byTrigger']
          .map((index) => `<TablesRuns.Arn>/index/${index}`)
          .join(' '),
      ],
      ['dynamodb:GetItem dynamodb:PutItem', '<TablesAuth.Arn>'],
      ['s3:GetObject s3:PutObject', '<StorageBucket.Arn>/flyte/*'],
      ['s3:ListBucket', '<StorageBucket.Arn>'],
      [
        'scheduler:CreateSchedule scheduler:DeleteSchedule scheduler:UpdateSchedule',
        'arn:aws:scheduler:eu-west-1:<AWS::AccountId>:schedule/flyte-triggers/*',
      ],
      ['iam:PassRole', '<TriggersRole.Arn>'],
      [PROJECT_SECRET_ACTIONS.join(' '), `${SECRETS}flyte-serverless/secrets/*`],
    ])
  })

  it('let runs use an existing bucket below its prefix only', () => {
    const existing = templateWith({ runs: { storagePrefix: 's3://my-bucket/team/flyte/' } })
    expect(permissionsOf(existing, 'runs').filter(([actions]) => actions.startsWith('s3:'))).toEqual([
      ['s3:GetObject s3:PutObject', 'arn:aws:s3:::my-bucket/team/flyte/*'],
      ['s3:ListBucket', 'arn:aws:s3:::my-bucket'],
    ])
  })

  it('let runs write the secrets below the prefix of the settings, and read no value', () => {
    const changed = templateWith({ runs: { secretPrefix: 'team/flyte' } })
    expect(permissionsOf(changed, 'runs')).toContainEqual([
      'secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:DescribeSecret secretsmanager:PutSecretValue secretsmanager:RestoreSecret',
      `${SECRETS}team/flyte/*`,
    ])
    for (const [actions] of permissionsOf(changed, 'runs')) {
      expect(actions).not.toMatch(/GetSecretValue|ListSecrets|secretsmanager:\*/)
    }
  })

  it('let runs read one log group, if there is one', () => {
    const ofLogs = (from: Template) =>
      permissionsOf(from, 'runs').filter(([actions]) => actions.includes('logs:Get'))
    expect(ofLogs(template)).toEqual([])
    expect(ofLogs(templateWith({ runs: { logs: { group: '/flyte/tasks' } } }))).toEqual([
      [
        'logs:DescribeLogStreams logs:GetLogEvents',
        'arn:aws:logs:eu-west-1:<AWS::AccountId>:log-group:/flyte/tasks:*',
      ],
    ])
  })

  it('are assumed by Lambda alone, but for that of schedules, and have no managed policies', () => {
    for (const [id, { Properties }] of resourcesOf(template, 'AWS::IAM::Role')) {
      const service = id.startsWith('TriggersRole') ? 'scheduler' : 'lambda'
      expect(Properties.ManagedPolicyArns).toBeUndefined()
      expect(Properties.AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Principal: { Service: `${service}.amazonaws.com` } }],
      })
    }
  })
})

describe('the target groups', () => {
  const entrances = publicEntrances(ROUTES)

  it('are one a function and access class, named so that the function knows the class', () => {
    const groups = resourcesOf(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(
      ([, { Properties }]) => Properties,
    )
    expect(groups.map(({ Name }) => Name)).toEqual(
      entrances.map((entrance) => targetGroupName('flyte', entrance)),
    )
    for (const { Name } of groups) {
      const arn = `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${String(Name)}/0123456789abcdef`
      expect(accessOfTargetGroup(arn)).toBe(String(Name).split('-').at(-1))
    }
  })

  for (const entrance of entrances) {
    it(`let only ${targetGroupName('flyte', entrance)} invoke its function, through the alias, with multi-value headers`, () => {
      const prefix = `${idOf(entrance.function)}${entrance.access === 'open' ? 'Open' : 'Oidc'}`
      const group = resourceOf(template, 'AWS::ElasticLoadBalancingV2::TargetGroup', prefix)
      const [[permissionId, permission] = ['', undefined]] = resourcesOf(
        template,
        'AWS::Lambda::Permission',
      ).filter(([id]) => id.startsWith(prefix))
      expect(group.Properties).toMatchObject({
        TargetType: 'lambda',
        TargetGroupAttributes: [{ Key: 'lambda.multi_value_headers.enabled', Value: 'true' }],
      })
      const alias = flat((group.Properties.Targets as { Id: unknown }[])[0]?.Id)
      expect(alias).toMatch(new RegExp(`^<${idOf(entrance.function)}Live`))
      expect(group.DependsOn).toEqual([permissionId])
      expect(permission?.Properties).toMatchObject({
        Action: 'lambda:InvokeFunction',
        Principal: 'elasticloadbalancing.amazonaws.com',
        SourceAccount: { Ref: 'AWS::AccountId' },
      })
      expect(flat(permission?.Properties.FunctionName)).toBe(alias)
      expect(flat(permission?.Properties.SourceArn)).toBe(
        `arn:aws:elasticloadbalancing:eu-west-1:<AWS::AccountId>:targetgroup/${String(group.Properties.Name)}/*`,
      )
    })
  }

  it('are the only ones that may invoke a function', () => {
    expect(resourcesOf(template, 'AWS::Lambda::Permission')).toHaveLength(entrances.length)
    template.resourceCountIs('AWS::Lambda::Url', 0)
  })

  it('have names that AWS accepts for the longest deployment name', () => {
    for (const entrance of entrances)
      expect(targetGroupName('a-name-of-14-c', entrance).length).toBeLessThanOrEqual(32)
  })

  it('are refused a name that AWS would refuse', () => {
    expect(() =>
      targetGroupName('a-name-far-too-long-for-this', { function: 'metadata', access: 'open' }),
    ).toThrow(RangeError)
  })
})
