/**
 * What CloudFormation would give the resources of a template when it makes them: the values of `Ref` and
 * `Fn::GetAtt`. The same template gives the same names each time.
 */
import { createHash } from 'node:crypto'
import { type CloudFormationResource, type CloudFormationTemplate, targetGroupArn } from './alb/index.ts'
import { isInternal } from './listeners.ts'

/** The account of the local stack: the number that AWS uses in its own examples. */
export const LOCAL_ACCOUNT = '123456789012'

/** The name of the local stack; starts the names of resources that have none of their own. */
export const LOCAL_STACK_NAME = 'local'

export interface ResourceNames {
  /** The value of `Ref`. */
  readonly physicalId: (logicalId: string, resource: CloudFormationResource) => string
  /** The value of `Fn::GetAtt`, asked for as `LogicalId.Attribute`. */
  readonly attribute: (name: string, resource: CloudFormationResource) => unknown
  /** The load balancer that the template makes, or the one of the listener that it adds rules to. */
  readonly loadBalancerArn: string
}

type Namer = (logicalId: string, resource: CloudFormationResource) => string

function arn(service: string, region: string, resource: string): string {
  return `arn:aws:${service}:${region}:${LOCAL_ACCOUNT}:${resource}`
}

/** The ARN of a table of the local account. */
export function tableArn(region: string, name: string): string {
  return arn('dynamodb', region, `table/${name}`)
}

/** The ARN of a bucket; an object's is this, a slash and its key. */
export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`
}

/** The ARN of a secret of the local account, without the six characters that end it. */
export function secretArn(region: string, name: string): string {
  return arn('secretsmanager', region, `secret:${name}`)
}

/** The ARN of a log group of the local account; a stream's is this and `:log-stream:` and its name. */
export function logGroupArn(region: string, name: string): string {
  return arn('logs', region, `log-group:${name}`)
}

/** The ARN of a schedule of a group. */
export function scheduleArn(region: string, group: string, name: string): string {
  return arn('scheduler', region, `schedule/${group}/${name}`)
}

/** The ARN of a function of the local account, or of `name:qualifier`. */
export function functionArn(region: string, name: string): string {
  return arn('lambda', region, `function:${name}`)
}

/** Names the resources of one template, in one region. */
export function resourceNames(options: { template: CloudFormationTemplate; region: string }): ResourceNames {
  const { template, region } = options
  const loadBalancerArn = findLoadBalancer(template, region)
  const references = referenceNamers({ template, region, loadBalancerArn })
  const physicalId: Namer = (id, resource) => references[resource.Type]?.(id, resource) ?? id

  const arns: Readonly<Record<string, (name: string) => string>> = {
    'AWS::DynamoDB::Table': (name) => tableArn(region, name),
    'AWS::DynamoDB::GlobalTable': (name) => tableArn(region, name),
    'AWS::S3::Bucket': bucketArn,
    'AWS::Lambda::Function': (name) => functionArn(region, name),
    'AWS::IAM::Role': (name) => `arn:aws:iam::${LOCAL_ACCOUNT}:role/${name}`,
    'AWS::KMS::Key': (id) => arn('kms', region, `key/${id}`),
    'AWS::Scheduler::ScheduleGroup': (name) => arn('scheduler', region, `schedule-group/${name}`),
  }
  const attribute = (name: string, resource: CloudFormationResource): unknown => {
    const dot = name.indexOf('.')
    const id = physicalId(name.slice(0, dot), resource)
    return name.slice(dot + 1) === 'Arn' ? (arns[resource.Type]?.(id) ?? id) : `${id}.${name.slice(dot + 1)}`
  }
  return { physicalId, attribute, loadBalancerArn }
}

/** What `Ref` gives, by the type of the resource. */
function referenceNamers(options: {
  template: CloudFormationTemplate
  region: string
  loadBalancerArn: string
}): Readonly<Record<string, Namer>> {
  const { template, region, loadBalancerArn } = options
  const functionName = named('FunctionName')
  const of = (resource: CloudFormationResource): string => {
    const id = referenced(resource.Properties?.FunctionName)
    const target = template.Resources?.[id]
    return target === undefined ? id : functionName(id, target)
  }
  return {
    'AWS::DynamoDB::Table': named('TableName'),
    'AWS::DynamoDB::GlobalTable': named('TableName'),
    // A bucket's name has no upper-case letters and 63 characters at most.
    'AWS::S3::Bucket': (id, resource) =>
      given(resource, 'BucketName') ?? `${LOCAL_STACK_NAME}-${id}`.toLowerCase().slice(0, 63),
    'AWS::SecretsManager::Secret': (id, resource) =>
      arn('secretsmanager', region, `secret:${given(resource, 'Name') ?? id}-${digest(id, 6)}`),
    'AWS::Lambda::Function': functionName,
    'AWS::Lambda::Alias': (id, resource) =>
      functionArn(region, `${of(resource)}:${given(resource, 'Name') ?? id}`),
    'AWS::Lambda::Version': (_id, resource) => functionArn(region, `${of(resource)}:1`),
    'AWS::IAM::Role': named('RoleName'),
    // As a key's id looks in AWS, a UUID.
    'AWS::KMS::Key': (id) => digest(id, 32).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    'AWS::Scheduler::ScheduleGroup': named('Name'),
    'AWS::ElasticLoadBalancingV2::LoadBalancer': (id, resource) =>
      isInternal(resource) ? loadBalancerArnOf(region, id, resource) : loadBalancerArn,
    'AWS::ElasticLoadBalancingV2::Listener': (id) =>
      `${loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${digest(id, 16)}`,
    'AWS::ElasticLoadBalancingV2::TargetGroup': (id, resource) =>
      targetGroupArn({ loadBalancerArn, logicalId: id, ...nameOf(resource) }),
  }
}

/** The name that the template gives by a property, or one made of the stack's name and the logical id. */
function named(property: string): Namer {
  return (id, resource) => given(resource, property) ?? `${LOCAL_STACK_NAME}-${id}`
}

/** The logical id behind a `Ref` or `Fn::GetAtt`; a text is answered as it is. */
function referenced(value: unknown): string {
  if (typeof value === 'string') return value
  const { Ref, 'Fn::GetAtt': getAtt } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: readonly string[] }
  return Ref ?? getAtt?.[0] ?? ''
}

function loadBalancerArnOf(region: string, logicalId: string, resource: CloudFormationResource): string {
  const name = given(resource, 'Name') ?? logicalId.slice(0, 32)
  return arn('elasticloadbalancing', region, `loadbalancer/app/${name}/${digest(logicalId, 16)}`)
}

function findLoadBalancer(template: CloudFormationTemplate, region: string): string {
  const resources = Object.entries(template.Resources ?? {})
  const own = resources.find(
    ([, resource]) => resource.Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer' && !isInternal(resource),
  )
  if (own !== undefined) return loadBalancerArnOf(region, ...own)
  const [, rule] =
    resources.find(([, { Type }]) => Type === 'AWS::ElasticLoadBalancingV2::ListenerRule') ?? []
  const listenerArn = rule === undefined ? undefined : given(rule, 'ListenerArn')
  if (listenerArn === undefined)
    return arn('elasticloadbalancing', region, `loadbalancer/app/local/${digest('local', 16)}`)
  return listenerArn.replace(':listener/', ':loadbalancer/').replace(/\/\w+$/, '')
}

function given(resource: CloudFormationResource, property: string): string | undefined {
  const value = resource.Properties?.[property]
  return typeof value === 'string' ? value : undefined
}

function nameOf(resource: CloudFormationResource): { name?: string } {
  const name = given(resource, 'Name')
  return name === undefined ? {} : { name }
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
