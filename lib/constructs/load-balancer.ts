import { Duration } from 'aws-cdk-lib'
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import { Peer, Port, SecurityGroup, Subnet, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  DesyncMitigationMode,
  ListenerAction,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { NOT_FOUND } from '../listener-rules.ts'
import type { Settings } from '../settings/settings.ts'
import type { Network } from './internal-load-balancer.ts'

export interface PublicLoadBalancerProps {
  readonly settings: Settings
  readonly certificate: ICertificate
  readonly logs: IBucket | undefined
}

/**
 * The internet-facing load balancer with its HTTPS listener; HTTP is redirected to it.
 *
 * Open to the allowed ranges on 443 and 80 only, and out to 443 only: that is how it reaches the identity provider.
 * Header names with anything but letters, digits and hyphens are dropped, so that no header can pass for another one
 * behind it.
 */
export class PublicLoadBalancer extends Construct {
  readonly balancer: ApplicationLoadBalancer
  readonly listenerArn: string
  /** The network that was made for it; undefined in an existing one. */
  readonly madeNetwork: Network | undefined

  constructor(scope: Construct, id: string, props: PublicLoadBalancerProps) {
    super(scope, id)
    const { settings, certificate, logs } = props
    const network = this.network(settings.network)
    const { vpc, vpcSubnets } = network
    this.madeNetwork = settings.network.vpcId === undefined ? network : undefined
    this.balancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      vpcSubnets,
      internetFacing: true,
      securityGroup: this.securityGroup(vpc, settings.loadBalancer.allowedCidrs),
      dropInvalidHeaderFields: true,
      desyncMitigationMode: DesyncMitigationMode.DEFENSIVE,
      idleTimeout: Duration.seconds(settings.loadBalancer.idleTimeoutSeconds),
      deletionProtection: settings.loadBalancer.deletionProtection,
    })
    if (logs !== undefined) this.balancer.logAccessLogs(logs, 'load-balancer')
    this.balancer.addRedirect({ open: false })
    const listener = this.balancer.addListener('Https', {
      port: 443,
      protocol: ApplicationProtocol.HTTPS,
      open: false,
      certificates: [certificate],
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      defaultAction: ListenerAction.fixedResponse(NOT_FOUND.status, {
        contentType: NOT_FOUND.contentType,
        messageBody: NOT_FOUND.body,
      }),
    })
    this.listenerArn = listener.listenerArn
  }

  private network({ vpcId, publicSubnetIds }: Settings['network']): Network {
    if (vpcId === undefined || publicSubnetIds === undefined) {
      return { vpc: this.createVpc(), vpcSubnets: { subnetType: SubnetType.PUBLIC } }
    }
    const subnets = publicSubnetIds.map((subnetId, index) =>
      Subnet.fromSubnetId(this, `Subnet${index + 1}`, subnetId),
    )
    // From attributes, not looked up: synthesizing needs no credentials. The zones are not used for anything.
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: publicSubnetIds })
    return { vpc, vpcSubnets: { subnets } }
  }

  private createVpc(): Vpc {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
      ],
    })
    acknowledge(
      vpc,
      'VPC7',
      'Only the load balancer is in this network, and it writes access logs of every request.',
    )
    return vpc
  }

  private securityGroup(vpc: IVpc, allowedCidrs: readonly string[]): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      allowAllOutbound: false,
      description: 'HTTPS and its redirect in, HTTPS to the identity provider out',
    })
    for (const cidr of allowedCidrs) {
      group.addIngressRule(Peer.ipv4(cidr), Port.tcp(443), 'HTTPS')
      group.addIngressRule(Peer.ipv4(cidr), Port.tcp(80), 'HTTP, answered with a redirect to HTTPS')
    }
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'The endpoints of the identity provider')
    acknowledge(group, 'EC23', 'A public front door; loadBalancer.allowedCidrs narrows it.')
    return group
  }
}
