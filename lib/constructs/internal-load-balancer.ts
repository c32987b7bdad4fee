import { Duration } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import { Peer, Port, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2'
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  DesyncMitigationMode,
  ListenerAction,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { NOT_FOUND } from '../listener-rules.ts'
import type { Settings } from '../settings/settings.ts'

/** A network to stand in: the VPC, and the subnets to use of it. */
export interface Network {
  readonly vpc: IVpc
  readonly vpcSubnets: SubnetSelection
}

export interface InternalLoadBalancerProps {
  readonly settings: Settings
  /** The VPC that was made for the public load balancer; undefined where others own the network. */
  readonly madeNetwork: Network | undefined
  readonly logs: IBucket | undefined
}

/**
 * The load balancer that running tasks call, with private addresses only.
 *
 * Callers need no credential here, so the security group is the door: in from the groups and ranges in the settings,
 * on one port, and out to nowhere. A load balancer invokes functions without a network connection.
 */
export class InternalLoadBalancer extends Construct {
  readonly balancer: ApplicationLoadBalancer
  readonly listenerArn: string

  constructor(scope: Construct, id: string, props: InternalLoadBalancerProps) {
    super(scope, id)
    const { settings, logs } = props
    const isHttps = settings.internal.protocol === 'HTTPS'
    const port = isHttps ? 443 : 80
    const network = this.network(props)
    this.balancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      ...network,
      internetFacing: false,
      securityGroup: this.securityGroup(network.vpc, settings.internal, port),
      dropInvalidHeaderFields: true,
      desyncMitigationMode: DesyncMitigationMode.DEFENSIVE,
      idleTimeout: Duration.seconds(settings.loadBalancer.idleTimeoutSeconds),
      deletionProtection: settings.loadBalancer.deletionProtection,
    })
    if (logs !== undefined) this.balancer.logAccessLogs(logs, 'internal-load-balancer')
    const listener = this.balancer.addListener(isHttps ? 'Https' : 'Http', {
      port,
      open: false,
      ...(isHttps ? this.tls(settings.internal) : { protocol: ApplicationProtocol.HTTP }),
      defaultAction: ListenerAction.fixedResponse(NOT_FOUND.status, {
        contentType: NOT_FOUND.contentType,
        messageBody: NOT_FOUND.body,
      }),
    })
    this.listenerArn = listener.listenerArn
  }

  private tls({ certificateArn = '' }: Settings['internal']) {
    return {
      protocol: ApplicationProtocol.HTTPS,
      certificates: [Certificate.fromCertificateArn(this, 'Certificate', certificateArn)],
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
    }
  }

  private network({ settings, madeNetwork }: InternalLoadBalancerProps): Network {
    const { subnetIds = [], vpcId = settings.network.vpcId } = settings.internal
    if (vpcId === undefined) {
      if (madeNetwork === undefined) throw new RangeError('internal.vpcId is missing')
      return madeNetwork
    }
    const subnets = subnetIds.map((subnetId, index) =>
      Subnet.fromSubnetId(this, `Subnet${index + 1}`, subnetId),
    )
    // From attributes, not looked up: synthesizing needs no credentials. The zones are not used for anything.
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: subnetIds })
    return { vpc, vpcSubnets: { subnets } }
  }

  private securityGroup(vpc: IVpc, settings: Settings['internal'], port: number): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      allowAllOutbound: false,
      description: 'Calls of running tasks in, nothing out',
    })
    const { allowedSecurityGroupIds = [], allowedCidrs = [] } = settings
    for (const groupId of allowedSecurityGroupIds) {
      group.addIngressRule(Peer.securityGroupId(groupId), Port.tcp(port), 'Tasks of this security group')
    }
    for (const cidr of allowedCidrs) {
      group.addIngressRule(Peer.ipv4(cidr), Port.tcp(port), 'Tasks in this network')
    }
    return group
  }
}
