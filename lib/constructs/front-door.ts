import { CfnSecurityGroupEgress } from 'aws-cdk-lib/aws-ec2'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import type { Settings } from '../settings/settings.ts'
import { Domain } from './domain.ts'
import type { Network } from './internal-load-balancer.ts'
import { PublicLoadBalancer } from './load-balancer.ts'
import { WebAcl } from './web-acl.ts'

type ExistingLoadBalancer = NonNullable<Settings['loadBalancer']['existing']>

/** The listener that the rules go to: one made here with its load balancer, or one that others use too. */
export class FrontDoor extends Construct {
  readonly listenerArn: string
  readonly loadBalancerArn: string
  /** `app/<name>/<id>`: what metrics call it. */
  readonly loadBalancerFullName: string
  /** Where a name has to point. Undefined for an existing load balancer, whose names are its owner's. */
  readonly dnsName: string | undefined
  /** The network that was made for the load balancer, if one was. */
  readonly madeNetwork: Network | undefined
  readonly basePriority: number
  /** The hosts that the rules are for; empty where every request is this deployment's. */
  readonly hosts: readonly string[]

  constructor(scope: Construct, id: string, props: { settings: Settings; logs: IBucket | undefined }) {
    super(scope, id)
    const { settings, logs } = props
    const { existing } = settings.loadBalancer
    if (existing === undefined) {
      const balancer = this.create(settings, logs)
      this.listenerArn = balancer.listenerArn
      this.loadBalancerArn = balancer.balancer.loadBalancerArn
      this.loadBalancerFullName = balancer.balancer.loadBalancerFullName
      this.dnsName = balancer.balancer.loadBalancerDnsName
      this.madeNetwork = balancer.madeNetwork
      this.basePriority = 1
      this.hosts = []
      return
    }
    this.letOutTo443(existing)
    this.listenerArn = existing.listenerArn
    this.loadBalancerArn = existing.arn
    this.loadBalancerFullName = existing.arn.replace(/^.*:loadbalancer\//, '')
    this.basePriority = existing.basePriority
    this.hosts = settings.resolved.hosts
  }

  private create(settings: Settings, logs: IBucket | undefined): PublicLoadBalancer {
    const domain = new Domain(this, 'Domain', settings)
    const { certificate } = domain
    const front = new PublicLoadBalancer(this, 'Public', { settings, certificate, logs })
    domain.pointAt(front.balancer)
    const { enabled, requestsPerFiveMinutes } = settings.loadBalancer.waf
    if (enabled) {
      const { loadBalancerArn } = front.balancer
      new WebAcl(this, 'WebAcl', { deployment: settings.name, loadBalancerArn, requestsPerFiveMinutes })
    }
    return front
  }

  /** The load balancer itself calls the provider's token and userinfo endpoints. */
  private letOutTo443({ securityGroupId }: ExistingLoadBalancer): void {
    if (securityGroupId === undefined) return
    new CfnSecurityGroupEgress(this, 'ToIdentityProvider', {
      groupId: securityGroupId,
      ipProtocol: 'tcp',
      fromPort: 443,
      toPort: 443,
      cidrIp: '0.0.0.0/0',
      description: 'The endpoints of the identity provider',
    })
  }
}
