import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager'
import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import type { Settings } from '../settings/settings.ts'

/** The names of a deployment: its certificate, and an alias record for each host that is in the hosted zone. */
export class Domain extends Construct {
  readonly certificate: ICertificate
  private readonly zone: IHostedZone | undefined
  private readonly hosts: readonly string[]

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id)
    const { certificateArn, hostedZoneId, zoneName } = settings.domain
    this.hosts = settings.resolved.hosts
    this.zone =
      hostedZoneId === undefined || zoneName === undefined
        ? undefined
        : HostedZone.fromHostedZoneAttributes(this, 'Zone', {
            hostedZoneId,
            zoneName: zoneName.toLowerCase(),
          })
    this.certificate =
      certificateArn === undefined
        ? this.createCertificate(settings.resolved.domainName)
        : Certificate.fromCertificateArn(this, 'Certificate', certificateArn)
  }

  /** Points every host of the zone at the load balancer. Does nothing without a hosted zone. */
  pointAt(balancer: ApplicationLoadBalancer): void {
    const { zone } = this
    if (zone === undefined) return
    const inZone = this.hosts.filter((host) => host === zone.zoneName || host.endsWith(`.${zone.zoneName}`))
    for (const [index, recordName] of inZone.entries()) {
      const target = RecordTarget.fromAlias(new LoadBalancerTarget(balancer))
      new ARecord(this, `Alias${index + 1}`, { zone, recordName: `${recordName}.`, target })
    }
  }

  private createCertificate(domainName: string): Certificate {
    return new Certificate(this, 'Certificate', {
      domainName,
      subjectAlternativeNames: this.hosts.filter((host) => host !== domainName),
      validation: CertificateValidation.fromDns(this.zone),
    })
  }
}
