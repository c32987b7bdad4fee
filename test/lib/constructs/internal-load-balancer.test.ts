import { describe, expect, it } from 'vitest'
import { ROUTES } from '../../../functions/shared/routes.ts'
import { internalListenerRules } from '../../../lib/listener-rules.ts'
import {
  appWith,
  EXISTING,
  flat,
  problemPathsOf,
  resourceOf,
  resourcesOf,
  type Tree,
  templateWith,
} from '../fixtures.ts'

const BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer'
const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener'
const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule'
const GROUP = 'AWS::EC2::SecurityGroup'
const TABLE = 'AWS::DynamoDB::Table'

const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/internal'
const TASKS = 'sg-0123456789abcdef0'
const SUBNETS = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1']

const enabled = (changes: Tree = {}): Tree => ({
  internal: { enabled: true, certificateArn: CERTIFICATE, allowedSecurityGroupIds: [TASKS], ...changes },
})
const ownVpc = { vpcId: 'vpc-0123456789abcdef0', subnetIds: SUBNETS }

const template = templateWith(enabled())

describe('without the setting', () => {
  const plain = templateWith()

  it('there is nothing internal: no load balancer, no function, no index of children', () => {
    plain.resourceCountIs(BALANCER, 1)
    expect(JSON.stringify(plain.toJSON())).not.toMatch(/-actions|byParent|"Internal[A-Z]\w*LoadBalancer/)
  })

  it('settings that wait for it change nothing', () => {
    const waiting = templateWith({ internal: { allowedCidrs: ['10.0.0.0/16'] } })
    expect(waiting.toJSON()).toEqual(plain.toJSON())
  })
})

describe('the internal load balancer', () => {
  const balancer = resourceOf(template, BALANCER, 'Internal')

  it('has private addresses only, drops odd headers, and writes access logs', () => {
    expect(balancer.Properties.Scheme).toBe('internal')
    const attributes = balancer.Properties.LoadBalancerAttributes as { Key: string; Value: unknown }[]
    const values = Object.fromEntries(attributes.map(({ Key, Value }) => [Key, Value]))
    expect(values).toMatchObject({
      'routing.http.drop_invalid_header_fields.enabled': 'true',
      'access_logs.s3.enabled': 'true',
      'access_logs.s3.prefix': 'internal-load-balancer',
      'deletion_protection.enabled': 'true',
    })
  })

  it('lets in the groups of the settings on 443, and nothing out', () => {
    const group = resourceOf(template, GROUP, 'Internal')
    expect(group.Properties.SecurityGroupIngress).toMatchObject([
      { FromPort: 443, ToPort: 443, IpProtocol: 'tcp', SourceSecurityGroupId: TASKS },
    ])
    expect(group.Properties.SecurityGroupEgress).toMatchObject([{ CidrIp: '255.255.255.255/32' }])
  })

  it('lets in the networks of the settings', () => {
    const changes = { allowedSecurityGroupIds: undefined, allowedCidrs: ['10.1.0.0/16', '10.2.0.0/16'] }
    const group = resourceOf(templateWith(enabled(changes)), GROUP, 'Internal')
    expect(group.Properties.SecurityGroupIngress).toMatchObject([
      { CidrIp: '10.1.0.0/16', FromPort: 443, ToPort: 443 },
      { CidrIp: '10.2.0.0/16', FromPort: 443, ToPort: 443 },
    ])
  })

  it('serves https with the certificate of the settings, and 404 for what it has no rule for', () => {
    const listener = resourceOf(template, LISTENER, 'Internal')
    expect(listener.Properties).toMatchObject({
      Port: 443,
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: CERTIFICATE }],
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    })
    expect(listener.Properties.SslPolicy).toMatch(/^ELBSecurityPolicy-TLS13/)
  })

  it('serves http on 80 if the settings say so', () => {
    const http = templateWith(enabled({ protocol: 'HTTP', certificateArn: undefined }))
    expect(resourceOf(http, LISTENER, 'Internal').Properties).toMatchObject({ Port: 80, Protocol: 'HTTP' })
    const group = resourceOf(http, GROUP, 'Internal')
    expect(group.Properties.SecurityGroupIngress).toMatchObject([{ FromPort: 80, ToPort: 80 }])
  })

  it('leads to the services of running tasks, and to nothing else', () => {
    const listenerId = resourcesOf(template, LISTENER).find(([id]) => id.startsWith('Internal'))?.[0]
    const rules = resourcesOf(template, RULE)
      .map(([, { Properties }]) => Properties)
      .filter(({ ListenerArn }) => flat(ListenerArn) === `<${listenerId}>`)
    expect(rules).toHaveLength(internalListenerRules(ROUTES).length)
    const isRefusal = ({ Actions }: (typeof rules)[number]) =>
      (Actions as { Type: string }[])[0]?.Type === 'fixed-response'
    const paths = rules
      .filter((rule) => !isRefusal(rule))
      .flatMap(({ Conditions }) =>
        (Conditions as { PathPatternConfig: { Values: string[] } }[]).flatMap(
          (one) => one.PathPatternConfig.Values,
        ),
      )
    expect(paths.sort()).toEqual([
      '/flyteidl2.actions.ActionsService/*',
      '/flyteidl2.workflow.InternalRunService/*',
    ])
    for (const { Actions } of rules.filter((rule) => !isRefusal(rule))) {
      const [action] = Actions as { Type: string; TargetGroupArn: unknown }[]
      expect(action?.Type).toBe('forward')
      expect(flat(action?.TargetGroupArn)).toMatch(/^<FunctionsActionsInternalTargetGroup/)
    }
  })

  it('refuses what is too large before that, in words upon which a task does not go on asking', () => {
    const [first, ...others] = internalListenerRules(ROUTES)
    expect(first?.header?.name).toBe('content-length')
    expect(first?.paths).toEqual(others.flatMap(({ paths }) => paths))
    expect(first?.last).toMatchObject({ kind: 'fixed', status: 400 })
    expect(first?.last).toHaveProperty('body', expect.stringContaining('"code":"invalid_argument"'))
    expect(Math.min(...others.map(({ priority }) => priority))).toBeGreaterThan(first?.priority ?? 0)
  })

  it('stays refused on the public listener', () => {
    const ofTasks = /flyteidl2\.(actions\.ActionsService|workflow\.InternalRunService)\//
    const refusing = resourcesOf(template, RULE).filter(
      ([id, { Properties }]) => !id.startsWith('InternalRules') && ofTasks.test(JSON.stringify(Properties)),
    )
    expect(refusing.length).toBeGreaterThan(0)
    for (const [, { Properties }] of refusing) {
      expect(Properties.Actions).toMatchObject([{ FixedResponseConfig: { StatusCode: '403' } }])
    }
  })

  it('says its name in the outputs', () => {
    expect(
      flat(template.findOutputs('InternalLoadBalancerDnsName').InternalLoadBalancerDnsName?.Value),
    ).toMatch(/^<InternalLoadBalancer\w+\.DNSName>$/)
    expect(templateWith().findOutputs('InternalLoadBalancerDnsName')).toEqual({})
  })
})

describe('where it stands', () => {
  const subnetsOf = (change: Tree) =>
    (resourceOf(templateWith(change), BALANCER, 'Internal').Properties.Subnets as unknown[]).map(flat)

  it('is the network that is made for the public one, unless another is given', () => {
    expect(subnetsOf(enabled())).toHaveLength(2)
    for (const subnet of subnetsOf(enabled())) expect(subnet).toMatch(/^<FrontDoorPublicVpc/)
    template.resourceCountIs('AWS::EC2::VPC', 1)
  })

  it('is the VPC and the private subnets of the settings', () => {
    expect(subnetsOf(enabled(ownVpc))).toEqual(SUBNETS)
    const group = resourceOf(templateWith(enabled(ownVpc)), GROUP, 'Internal')
    expect(group.Properties.VpcId).toBe(ownVpc.vpcId)
  })

  it('is the VPC of the public one if only subnets are given', () => {
    const network = {
      vpcId: 'vpc-0fedcba9876543210',
      publicSubnetIds: ['subnet-00000001', 'subnet-00000002'],
    }
    const change = { ...enabled({ subnetIds: SUBNETS }), network }
    expect(subnetsOf(change)).toEqual(SUBNETS)
    expect(resourceOf(templateWith(change), GROUP, 'Internal').Properties.VpcId).toBe(network.vpcId)
  })

  it('can be beside a listener that others use, which does not write its logs', () => {
    const change = { ...EXISTING, ...enabled(ownVpc) }
    templateWith(change).resourceCountIs(BALANCER, 1)
    expect(subnetsOf(change)).toEqual(SUBNETS)
  })
})

describe('the function behind it', () => {
  it('does on the tables and the bucket exactly what its stores do', () => {
    const policies = resourcesOf(template, 'AWS::IAM::Policy').filter(([id]) => /^FunctionsActions/.test(id))
    const statements = policies.flatMap(
      ([, { Properties }]) =>
        (Properties.PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] }).Statement,
    )
    const permissions = statements.map(({ Action, Resource }) => [
      [Action].flat().join(' '),
      flat(Resource).replaceAll(/(?<=<\w+?)[0-9A-F]{8}(?=[.>])/g, ''),
    ])
    expect(permissions).toEqual([
      ['logs:CreateLogStream logs:PutLogEvents', '<FunctionsActionsLogs.Arn>'],
      ['dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem', '<TablesRuns.Arn>'],
      ['dynamodb:Query', '<TablesRuns.Arn>/index/byParent'],
      ['s3:PutObject', '<StorageBucket.Arn>/flyte/task-specs/*'],
    ])
  })

  it('is told the table of runs, and not the one of sign-ins', () => {
    const { Properties } = resourceOf(template, 'AWS::Lambda::Function', 'FunctionsActions')
    const { Variables } = Properties.Environment as { Variables: Tree }
    expect(Variables).toHaveProperty('RUNS_TABLE')
    expect(Variables).not.toHaveProperty('AUTH_TABLE')
  })

  it('is reached through a target group whose name says so, and through no other', () => {
    const names = resourcesOf(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(
      ([, { Properties }]) => Properties.Name,
    )
    expect(names.filter((name) => /actions/.test(String(name)))).toEqual(['flyte-actions-internal'])
    const long = templateWith({ ...enabled(), name: 'a-name-of-14-c' })
    const group = resourceOf(long, 'AWS::ElasticLoadBalancingV2::TargetGroup', 'FunctionsActions')
    expect(String(group.Properties.Name).length).toBeLessThanOrEqual(32)
  })

  it('finds children in an index of their own', () => {
    const indexes = resourceOf(template, TABLE, 'TablesRuns').Properties.GlobalSecondaryIndexes as Tree[]
    expect(indexes.map(({ IndexName }) => IndexName)).toContain('byParent')
    expect(indexes).toHaveLength(6)
  })
})

describe('the checks of AWS and cdk-nag', () => {
  const cases: [string, Tree][] = [
    ['in the network that is made', enabled()],
    ['in private subnets', enabled(ownVpc)],
    ['over http', enabled({ ...ownVpc, protocol: 'HTTP', certificateArn: undefined })],
    [
      'for networks instead of groups',
      enabled({ allowedSecurityGroupIds: undefined, allowedCidrs: ['10.0.0.0/8'] }),
    ],
    ['beside an existing listener', { ...EXISTING, ...enabled(ownVpc) }],
  ]
  for (const [name, change] of cases) {
    it(`find nothing ${name}`, () => expect(() => appWith(change, true).app.synth()).not.toThrow())
  }
})

describe('its settings', () => {
  const network = { vpcId: 'vpc-0fedcba9876543210', publicSubnetIds: ['subnet-00000001', 'subnet-00000002'] }
  const refusals: [string, Tree, string[]][] = [
    [
      'nobody to let in',
      enabled({ allowedSecurityGroupIds: undefined }),
      ['internal.allowedSecurityGroupIds'],
    ],
    [
      'an empty list of groups',
      enabled({ allowedSecurityGroupIds: [] }),
      ['internal.allowedSecurityGroupIds'],
    ],
    [
      'a group that is none',
      enabled({ allowedSecurityGroupIds: ['tasks'] }),
      ['internal.allowedSecurityGroupIds.0'],
    ],
    ['everybody', enabled({ allowedCidrs: ['10.0.0.0/8', '0.0.0.0/0'] }), ['internal.allowedCidrs.1']],
    ['half of everybody', enabled({ allowedCidrs: ['0.0.0.0/1'] }), ['internal.allowedCidrs.0']],
    ['https without a certificate', enabled({ certificateArn: undefined }), ['internal.certificateArn']],
    ['http with a certificate', enabled({ protocol: 'HTTP' }), ['internal.certificateArn']],
    [
      'a certificate of another region',
      enabled({ certificateArn: CERTIFICATE.replace('eu-west-1', 'us-east-1') }),
      ['internal.certificateArn'],
    ],
    ['subnets of no VPC', enabled({ subnetIds: SUBNETS }), ['internal.vpcId']],
    ['a VPC without subnets', enabled({ vpcId: ownVpc.vpcId }), ['internal.subnetIds']],
    ['one subnet', enabled({ ...ownVpc, subnetIds: SUBNETS.slice(1) }), ['internal.subnetIds']],
    ['the public VPC without private subnets', { ...enabled(), network }, ['internal.subnetIds']],
    ['an existing listener and no VPC', { ...EXISTING, ...enabled() }, ['internal.vpcId']],
    [
      'sizes of a function that there is none of',
      { functions: { reservedConcurrency: { actions: 5 } } },
      ['functions.reservedConcurrency.actions'],
    ],
    ['a misspelt key', enabled({ allowedCidr: ['10.0.0.0/8'] }), ['internal.allowedCidr']],
  ]
  for (const [name, change, paths] of refusals) {
    it(`refuse ${name}`, () => expect(problemPathsOf(change)).toEqual(paths))
  }

  it('take sizes of its function', () => {
    expect(problemPathsOf({ ...enabled(), functions: { memoryMb: { actions: 2048 } } })).toEqual([])
  })

  it('are not looked at together while it is not enabled', () => {
    expect(problemPathsOf({ internal: { certificateArn: CERTIFICATE, protocol: 'HTTP' } })).toEqual([])
  })
})
