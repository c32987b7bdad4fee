/** Rules about the internal load balancer: who gets in, how, and where it stands. Most hold where it is enabled. */
import type { CrossCheck } from './cross-check.ts'
import { problemIf } from './cross-check.ts'

/** The widest range that may be allowed in: a whole private network of class A. */
const WIDEST_PREFIX = 8

const whenEnabled = (check: CrossCheck): CrossCheck => ({
  reads: ['internal', ...check.reads],
  run: (file, routes) => (file.internal.enabled ? check.run(file, routes) : []),
})

/** Whoever gets in may say of every action whatever they like: there is no default for who that is. */
const callers: CrossCheck = {
  reads: [],
  run: ({ internal: { allowedSecurityGroupIds, allowedCidrs } }) =>
    problemIf(
      allowedSecurityGroupIds === undefined && allowedCidrs === undefined,
      'internal.allowedSecurityGroupIds',
      'is missing; list the security groups of the tasks, or their networks in internal.allowedCidrs',
    ),
}

const ranges: CrossCheck = {
  reads: [],
  run: ({ internal: { allowedCidrs = [] } }) =>
    allowedCidrs.flatMap((cidr, index) =>
      problemIf(
        Number(cidr.split('/')[1]) < WIDEST_PREFIX,
        `internal.allowedCidrs.${index}`,
        `must be a network of yours, /${WIDEST_PREFIX} at the widest: callers need no credential here`,
      ),
    ),
}

const certificate: CrossCheck = {
  reads: ['aws.region'],
  run: ({ aws, internal: { protocol, certificateArn } }) => [
    ...problemIf(
      protocol === 'HTTPS' && certificateArn === undefined,
      'internal.certificateArn',
      'is missing; set it to a certificate for the name that tasks call, or set internal.protocol to HTTP',
    ),
    ...problemIf(
      protocol === 'HTTP' && certificateArn !== undefined,
      'internal.certificateArn',
      'has no effect with internal.protocol HTTP; remove one of the two',
    ),
    ...problemIf(
      certificateArn !== undefined && certificateArn.split(':')[3] !== aws.region,
      'internal.certificateArn',
      'must be in the region of aws.region',
    ),
  ],
}

const place: CrossCheck = {
  reads: ['network', 'loadBalancer.existing'],
  run: (file) => {
    const { vpcId, subnetIds } = file.internal
    const hasOwnVpc = vpcId !== undefined || file.network.vpcId !== undefined
    return [
      ...problemIf(
        !hasOwnVpc && (subnetIds !== undefined || file.loadBalancer.existing !== undefined),
        'internal.vpcId',
        'is missing; set it to the VPC that the tasks run in',
      ),
      ...problemIf(
        hasOwnVpc && (subnetIds?.length ?? 0) < 2,
        'internal.subnetIds',
        'must list at least two private subnets of the VPC, in different availability zones',
      ),
    ]
  },
}

const sizes: CrossCheck = {
  reads: ['internal.enabled', 'functions'],
  run: ({ internal, functions: { memoryMb, reservedConcurrency } }) =>
    Object.entries({ memoryMb, reservedConcurrency }).flatMap(([key, { actions }]) =>
      problemIf(
        !internal.enabled && actions !== undefined,
        `functions.${key}.actions`,
        'has no effect without internal.enabled, which deploys that function; remove it, or enable that',
      ),
    ),
}

export const INTERNAL_CHECKS: readonly CrossCheck[] = [
  ...[callers, ranges, certificate, place].map(whenEnabled),
  sizes,
]
