import { createHash } from 'node:crypto'
import { TemplateError } from './errors.ts'
import type { CloudFormationTemplate, Resolve } from './types.ts'

/** A target group with a Lambda function, read from the template. */
export interface TargetGroup {
  readonly logicalId: string
  readonly arn: string
  /** The target's `Id`, unresolved; undefined while nothing is registered. */
  readonly functionRef: unknown
  readonly multiValueHeaders: boolean
  readonly healthCheck: { readonly enabled: boolean; readonly path: string; readonly successCodes: string }
}

const TYPE = 'AWS::ElasticLoadBalancingV2::TargetGroup'

/**
 * The ARN of a target group, made the same way each time: the partition, region and account of the load
 * balancer, the group's name (its logical id if the template gives none), and a digest of its logical id
 * where AWS puts 16 hexadecimal digits of its own.
 */
export function targetGroupArn(options: {
  readonly loadBalancerArn: string
  readonly logicalId: string
  readonly name?: string
}): string {
  const [, partition, , region, account] = options.loadBalancerArn.split(':')
  const digest = createHash('sha256').update(options.logicalId).digest('hex').slice(0, 16)
  const name = options.name ?? options.logicalId.slice(0, 32)
  return `arn:${partition}:elasticloadbalancing:${region}:${account}:targetgroup/${name}/${digest}`
}

/**
 * Reads every Lambda target group of a template, by logical id. Groups of other target types are left out:
 * a rule that forwards to one is refused when the rules are read.
 *
 * @throws {TemplateError} if a group has more than one target, which AWS refuses for functions
 */
export async function readTargetGroups(options: {
  readonly template: CloudFormationTemplate
  readonly loadBalancerArn: string
  readonly resolve: Resolve
}): Promise<ReadonlyMap<string, TargetGroup>> {
  const groups = new Map<string, TargetGroup>()
  for (const [logicalId, resource] of Object.entries(options.template.Resources ?? {})) {
    const properties = resource.Properties ?? {}
    if (resource.Type !== TYPE || properties.TargetType !== 'lambda') continue
    groups.set(logicalId, await readTargetGroup(logicalId, properties, options))
  }
  return groups
}

async function readTargetGroup(
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
  options: { readonly loadBalancerArn: string; readonly resolve: Resolve },
): Promise<TargetGroup> {
  // The target's Id stays unresolved: the caller knows its functions by reference, not by ARN.
  const { Targets: targets, ...rest } = properties
  const resolved = (await options.resolve(rest)) as Record<string, unknown>
  const ids = Array.isArray(targets) ? targets.map((target: { Id?: unknown }) => target.Id) : []
  if (ids.length > 1) {
    throw new TemplateError(`Resources.${logicalId}.Properties.Targets`, 'a group takes one function')
  }
  const name = typeof resolved.Name === 'string' ? resolved.Name : undefined
  const attributes = readAttributes(resolved.TargetGroupAttributes)
  return {
    logicalId,
    arn: targetGroupArn({ loadBalancerArn: options.loadBalancerArn, logicalId, name }),
    functionRef: ids[0],
    multiValueHeaders: attributes.get('lambda.multi_value_headers.enabled') === 'true',
    healthCheck: {
      enabled: String(resolved.HealthCheckEnabled) === 'true',
      path: typeof resolved.HealthCheckPath === 'string' ? resolved.HealthCheckPath : '/',
      successCodes: String((resolved.Matcher as { HttpCode?: unknown } | undefined)?.HttpCode ?? '200'),
    },
  }
}

/** Reads a resolved list of `{ Key, Value }`, as load balancers, listeners and target groups have. */
export function readAttributes(attributes: unknown): ReadonlyMap<string, string> {
  const list = Array.isArray(attributes) ? (attributes as { Key?: unknown; Value?: unknown }[]) : []
  return new Map(list.map(({ Key, Value }) => [String(Key), String(Value)]))
}
