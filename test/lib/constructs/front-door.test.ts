import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { CERTIFICATE, EXISTING, resourceOf, resourcesOf, type Tree, templateWith } from '../fixtures.ts'

const LOAD_BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer'
const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener'
const SECURITY_GROUP = 'AWS::EC2::SecurityGroup'

let template: Template
beforeAll(() => {
  template = templateWith()
})

function attributesOf(loadBalancer: { Properties: Tree }): Tree {
  const list = loadBalancer.Properties.LoadBalancerAttributes as { Key: string; Value: unknown }[]
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]))
}

describe('the load balancer', () => {
  it('faces the internet, drops malformed header names, writes access logs and resists deletion', () => {
    const loadBalancer = resourceOf(template, LOAD_BALANCER)
    expect(loadBalancer.Properties).toMatchObject({ Scheme: 'internet-facing', Type: 'application' })
    expect(attributesOf(loadBalancer)).toMatchObject({
      'routing.http.drop_invalid_header_fields.enabled': 'true',
      'routing.http.desync_mitigation_mode': 'defensive',
      'access_logs.s3.enabled': 'true',
      'access_logs.s3.prefix': 'load-balancer',
      'deletion_protection.enabled': 'true',
      'idle_timeout.timeout_seconds': '75',
    })
  })

  it('takes its timeout and its protection from the settings', () => {
    const changed = templateWith({ loadBalancer: { idleTimeoutSeconds: 120, deletionProtection: false } })
    expect(attributesOf(resourceOf(changed, LOAD_BALANCER))).toMatchObject({
      'deletion_protection.enabled': 'false',
      'idle_timeout.timeout_seconds': '120',
    })
  })

  it('listens with TLS 1.2 and 1.3 only and answers 404 to what no rule takes', () => {
    template.hasResourceProperties(LISTENER, {
      Port: 443,
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    })
  })

  it('redirects HTTP to HTTPS and serves nothing on it', () => {
    template.hasResourceProperties(LISTENER, {
      Port: 80,
      DefaultActions: [
        { Type: 'redirect', RedirectConfig: { Port: '443', Protocol: 'HTTPS', StatusCode: 'HTTP_301' } },
      ],
    })
    expect(resourcesOf(template, LISTENER)).toHaveLength(2)
  })

  it('is open on 443 and 80 only, and goes out on 443 only', () => {
    const { Properties } = resourceOf(template, SECURITY_GROUP)
    const ports = (rules: unknown) =>
      (rules as { FromPort: number; ToPort: number }[]).map((rule) => [rule.FromPort, rule.ToPort])
    expect(ports(Properties.SecurityGroupIngress)).toEqual([
      [443, 443],
      [80, 80],
    ])
    expect(ports(Properties.SecurityGroupEgress)).toEqual([[443, 443]])
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0)
    template.resourceCountIs('AWS::EC2::SecurityGroupEgress', 0)
  })

  it('is open to the allowed ranges only', () => {
    const narrowed = templateWith({ loadBalancer: { allowedCidrs: ['203.0.113.0/24'] } })
    const rules = resourceOf(narrowed, SECURITY_GROUP).Properties.SecurityGroupIngress as { CidrIp: string }[]
    expect(rules.map(({ CidrIp }) => CidrIp)).toEqual(['203.0.113.0/24', '203.0.113.0/24'])
  })
})

describe('the network', () => {
  it('is two public subnets without a NAT gateway', () => {
    template.resourceCountIs('AWS::EC2::VPC', 1)
    template.resourceCountIs('AWS::EC2::Subnet', 2)
    template.resourceCountIs('AWS::EC2::NatGateway', 0)
  })

  it('is the existing one when the settings name it', () => {
    const publicSubnetIds = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1']
    const existing = templateWith({ network: { vpcId: 'vpc-0123456789abcdef0', publicSubnetIds } })
    existing.resourceCountIs('AWS::EC2::VPC', 0)
    existing.resourceCountIs('AWS::EC2::Subnet', 0)
    existing.hasResourceProperties(LOAD_BALANCER, { Subnets: publicSubnetIds })
    existing.hasResourceProperties(SECURITY_GROUP, { VpcId: 'vpc-0123456789abcdef0' })
  })

  it('needs no look-up when the account is given', () => {
    const pinned = templateWith({ aws: { account: '123456789012' } })
    pinned.resourceCountIs('AWS::EC2::Subnet', 2)
  })
})

describe('the names', () => {
  it('are a certificate by DNS validation and an alias record', () => {
    template.hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: 'flyte.example.com',
      ValidationMethod: 'DNS',
    })
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'flyte.example.com.',
      Type: 'A',
      HostedZoneId: 'Z0123456789EXAMPLE',
      AliasTarget: Match.anyValue(),
    })
  })

  it('cover every public host of the zone, wildcards too', () => {
    const many = templateWith({
      auth: {
        authorizedUris: [
          'https://flyte.example.com',
          'https://*.flyte.example.com',
          'https://flyte.example.com:443',
        ],
      },
    })
    many.hasResourceProperties('AWS::CertificateManager::Certificate', {
      SubjectAlternativeNames: ['*.flyte.example.com'],
    })
    many.resourceCountIs('AWS::Route53::RecordSet', 2)
  })

  it('use an existing certificate', () => {
    const given = templateWith({ domain: { certificateArn: CERTIFICATE } })
    given.resourceCountIs('AWS::CertificateManager::Certificate', 0)
    given.hasResourceProperties(LISTENER, { Certificates: [{ CertificateArn: CERTIFICATE }] })
    given.resourceCountIs('AWS::Route53::RecordSet', 1)
  })

  it('are left to others without a hosted zone', () => {
    const elsewhere = templateWith({
      domain: { hostedZoneId: undefined, zoneName: undefined, certificateArn: CERTIFICATE },
    })
    elsewhere.resourceCountIs('AWS::Route53::RecordSet', 0)
    elsewhere.hasOutput('LoadBalancerDnsName', {})
  })

  it('leave a host of another zone alone', () => {
    const two = templateWith({
      domain: { certificateArn: CERTIFICATE },
      auth: { authorizedUris: ['https://flyte.example.com', 'https://flyte.example.org'] },
    })
    two.resourceCountIs('AWS::Route53::RecordSet', 1)
  })
})

describe('the web ACL', () => {
  it('is made only when asked for', () => {
    template.resourceCountIs('AWS::WAFv2::WebACL', 0)
  })

  it('limits each address and uses lists that leave bodies alone', () => {
    const protectedTemplate = templateWith({
      loadBalancer: { waf: { enabled: true, requestsPerFiveMinutes: 500 } },
    })
    protectedTemplate.hasResourceProperties('AWS::WAFv2::WebACL', {
      Scope: 'REGIONAL',
      DefaultAction: { Allow: {} },
      Rules: [
        { Statement: { RateBasedStatement: { Limit: 500, AggregateKeyType: 'IP' } } },
        { Statement: { ManagedRuleGroupStatement: { Name: 'AWSManagedRulesAmazonIpReputationList' } } },
        { Statement: { ManagedRuleGroupStatement: { Name: 'AWSManagedRulesKnownBadInputsRuleSet' } } },
      ],
    })
    protectedTemplate.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1)
  })
})

describe('an existing listener', () => {
  it('gets the rules, from its base priority on, for our host only', () => {
    const shared = templateWith(EXISTING)
    for (const type of [
      LOAD_BALANCER,
      LISTENER,
      'AWS::EC2::VPC',
      SECURITY_GROUP,
      'AWS::Route53::RecordSet',
    ]) {
      shared.resourceCountIs(type, 0)
    }
    const rules = resourcesOf(shared, 'AWS::ElasticLoadBalancingV2::ListenerRule').map(
      ([, { Properties }]) => Properties,
    )
    expect(rules.length).toBeGreaterThan(7)
    for (const { ListenerArn, Priority, Conditions } of rules) {
      expect(ListenerArn).toContain(':listener/app/shared/')
      expect(Priority).toBeGreaterThanOrEqual(500)
      expect(Conditions).toContainEqual({
        Field: 'host-header',
        HostHeaderConfig: { Values: ['flyte.example.com'] },
      })
    }
  })

  it('is told to functions as the signer to expect', () => {
    const [, metadata] = resourcesOf(templateWith(EXISTING), 'AWS::Lambda::Function')[0] ?? []
    expect(JSON.stringify(metadata?.Properties.Environment)).toContain(
      ':loadbalancer/app/shared/0123456789abcdef',
    )
  })

  it('is let out to the provider through its security group, when that is named', () => {
    const { existing } = EXISTING.loadBalancer as { existing: Tree }
    const opened = templateWith({
      ...EXISTING,
      loadBalancer: { existing: { ...existing, securityGroupId: 'sg-0123456789abcdef0' } },
    })
    opened.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: 'sg-0123456789abcdef0',
      FromPort: 443,
      ToPort: 443,
    })
    templateWith(EXISTING).resourceCountIs('AWS::EC2::SecurityGroupEgress', 0)
  })
})
