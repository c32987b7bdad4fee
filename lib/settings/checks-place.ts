/** Rules about where a deployment lives: names, network, load balancer. */
import type { CrossCheck } from './cross-check.ts'
import { problemIf } from './cross-check.ts'
import type { Problem } from './problems.ts'
import { hostOf } from './resolve.ts'
import type { SettingsFile } from './schema.ts'

/** The rule of an existing listener leaves room for this many host names beside paths and a header. */
const MAXIMUM_HOSTS = 3

const hostsOf = (file: SettingsFile): string[] => [...new Set(file.auth.authorizedUris.map(hostOf))]
const isInZone = (host: string, zone: string): boolean => host === zone || host.endsWith(`.${zone}`)

const publicUrl: CrossCheck = {
  reads: ['auth.authorizedUris'],
  run: ({ auth }) =>
    problemIf(
      auth.authorizedUris[0]?.includes('*') === true,
      'auth.authorizedUris.0',
      'must be without a wildcard: the first one is the URL that people and clients are sent to',
    ),
}

const domainName: CrossCheck = {
  reads: ['auth.authorizedUris', 'domain.name'],
  run: (file) =>
    problemIf(
      file.domain.name !== undefined && file.domain.name.toLowerCase() !== hostsOf(file)[0],
      'domain.name',
      'must be the host of the first of auth.authorizedUris; leave it out, or correct one of the two',
    ),
}

const hostedZone: CrossCheck = {
  reads: ['domain.hostedZoneId', 'domain.zoneName'],
  run: ({ domain }) => [
    ...problemIf(
      domain.hostedZoneId !== undefined && domain.zoneName === undefined,
      'domain.zoneName',
      'is missing; set it to the name of the zone that domain.hostedZoneId is the id of',
    ),
    ...problemIf(
      domain.zoneName !== undefined && domain.hostedZoneId === undefined,
      'domain.hostedZoneId',
      'is missing; set it to the id of the zone that domain.zoneName names',
    ),
  ],
}

const certificate: CrossCheck = {
  reads: ['domain', 'loadBalancer.existing'],
  run: ({ domain, loadBalancer }) =>
    problemIf(
      loadBalancer.existing === undefined &&
        domain.certificateArn === undefined &&
        domain.hostedZoneId === undefined,
      'domain.certificateArn',
      'is missing; set it to a certificate of the same region, or set domain.hostedZoneId and domain.zoneName and one is made',
    ),
}

const madeCertificate: CrossCheck = {
  reads: ['domain', 'auth.authorizedUris', 'loadBalancer.existing'],
  run: (file) => {
    const { certificateArn, zoneName } = file.domain
    if (file.loadBalancer.existing !== undefined || certificateArn !== undefined || zoneName === undefined)
      return []
    return problemIf(
      hostsOf(file).some((host) => !isInZone(host, zoneName.toLowerCase())),
      'domain.certificateArn',
      'is missing; not every host of auth.authorizedUris is in domain.zoneName, so give a certificate that covers them all',
    )
  },
}

const network: CrossCheck = {
  reads: ['network'],
  run: ({ network: { vpcId, publicSubnetIds } }) => [
    ...problemIf(
      vpcId !== undefined && (publicSubnetIds?.length ?? 0) < 2,
      'network.publicSubnetIds',
      'must list at least two public subnets of the VPC, in different availability zones',
    ),
    ...problemIf(
      publicSubnetIds !== undefined && vpcId === undefined,
      'network.vpcId',
      'is missing; set it to the VPC of network.publicSubnetIds, or leave both out and a VPC is made',
    ),
  ],
}

const existingLoadBalancer: CrossCheck = {
  reads: ['loadBalancer', 'network', 'domain', 'auth.authorizedUris'],
  run: (file) => {
    const { existing, waf } = file.loadBalancer
    if (existing === undefined) return []
    const owner = 'has no effect with loadBalancer.existing, whose owner decides that; remove it'
    const given = Object.entries({ ...file.network, ...file.domain }).filter(
      ([key, value]) => value !== undefined && key !== 'name',
    )
    return [
      ...given.map(([key]) => ({
        path: `${key in file.network ? 'network' : 'domain'}.${key}`,
        message: owner,
      })),
      ...problemIf(waf.enabled, 'loadBalancer.waf.enabled', owner),
      ...problemIf(
        !existing.listenerArn.startsWith(`${existing.arn.replace(':loadbalancer/', ':listener/')}/`),
        'loadBalancer.existing.listenerArn',
        'must be a listener of the load balancer in loadBalancer.existing.arn',
      ),
      ...problemIf(
        hostsOf(file).length > MAXIMUM_HOSTS,
        'auth.authorizedUris',
        `must have ${MAXIMUM_HOSTS} hosts at most on a shared listener; use a wildcard such as https://*.example.com`,
      ),
    ]
  },
}

const regions: CrossCheck = {
  reads: ['aws.region', 'domain.certificateArn', 'loadBalancer.existing', 'monitoring.alarmTopicArn'],
  run: ({ aws, domain, loadBalancer, monitoring }) =>
    [
      { path: 'domain.certificateArn', arn: domain.certificateArn },
      { path: 'loadBalancer.existing.arn', arn: loadBalancer.existing?.arn },
      { path: 'monitoring.alarmTopicArn', arn: monitoring.alarmTopicArn },
    ].flatMap(({ path, arn }): Problem[] =>
      problemIf(
        arn !== undefined && arn.split(':')[3] !== aws.region,
        path,
        'must be in the region of aws.region',
      ),
    ),
}

const alarmTopic: CrossCheck = {
  reads: ['monitoring'],
  run: ({ monitoring }) =>
    problemIf(
      monitoring.alarmTopicArn !== undefined && !monitoring.alarms,
      'monitoring.alarmTopicArn',
      'has no effect with monitoring.alarms: false; remove one of the two',
    ),
}

export const PLACE_CHECKS: readonly CrossCheck[] = [
  publicUrl,
  domainName,
  hostedZone,
  certificate,
  madeCertificate,
  network,
  existingLoadBalancer,
  regions,
  alarmTopic,
]
