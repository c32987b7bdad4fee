/**
 * What CloudFormation would give the resources of a template when it makes them: the values of `Ref` and
 * `Fn::GetAtt`. The same template gives the same names each time.
 */
import { createHash } from 'node:crypto'
import { type CloudFormationResource, type CloudFormationTemplate, targetGroupArn } from './alb/index.ts'

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

/** Names the resources of one template, in one region. */
export function resourceNames(options: { template: CloudFormationTemplate; region: string }): ResourceNames {
  const { template, region } = options
  const arn = (service: string, rest: string, where = `${region}:${LOCAL_ACCOUNT}`) =>
    `arn:aws:${service}:${where}:${rest}`
  const loadBalancerArn = findLoadBalancer(template, arn)
  const secretArn: Namer = (logicalId, resource) =>
    arn('secretsmanager', `secret:${given(resource, 'Name') ?? logicalId}-${digest(logicalId, 6)}`)

  const references: Readonly<Record<string, Namer>> = {
    'AWS::DynamoDB::Table': (id, resource) => given(resource, 'TableName') ?? `${LOCAL_STACK_NAME}-${id}`,
    'AWS::DynamoDB::GlobalTable': (id, resource) =>
      given(resource, 'TableName') ?? `${LOCAL_STACK_NAME}-${id}`,
    // A bucket's name has no upper-case letters and 63 characters at most.
    'AWS::S3::Bucket': (id, resource) =>
      given(resource, 'BucketName') ?? `${LOCAL_STACK_NAME}-${id}`.toLowerCase().slice(0, 63),
    'AWS::SecretsManager::Secret': secretArn,
    'AWS::Lambda::Function': (id, resource) => given(resource, 'FunctionName') ?? `${LOCAL_STACK_NAME}-${id}`,
    'AWS::Lambda::Alias': (id) => arn('lambda', `function:${id}`),
    'AWS::Lambda::Version': (id) => arn('lambda', `function:${id}`),
    'AWS::ElasticLoadBalancingV2::LoadBalancer': () => loadBalancerArn,
    'AWS::ElasticLoadBalancingV2::Listener': (id) =>
      `${loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${digest(id, 16)}`,
    'AWS::ElasticLoadBalancingV2::TargetGroup': (id, resource) =>
      targetGroupArn({ loadBalancerArn, logicalId: id, ...nameOf(resource) }),
  }
  const physicalId: Namer = (id, resource) => references[resource.Type]?.(id, resource) ?? id

  const arns: Readonly<Record<string, (name: string) => string>> = {
    'AWS::DynamoDB::Table': (name) => arn('dynamodb', `table/${name}`),
    'AWS::DynamoDB::GlobalTable': (name) => arn('dynamodb', `table/${name}`),
    'AWS::S3::Bucket': (name) => arn('s3', name, ':'),
    'AWS::Lambda::Function': (name) => arn('lambda', `function:${name}`),
  }
  const attribute = (name: string, resource: CloudFormationResource): unknown => {
    const dot = name.indexOf('.')
    const id = physicalId(name.slice(0, dot), resource)
    return name.slice(dot + 1) === 'Arn' ? (arns[resource.Type]?.(id) ?? id) : `${id}.${name.slice(dot + 1)}`
  }
  return { physicalId, attribute, loadBalancerArn }
}

function findLoadBalancer(
  template: CloudFormationTemplate,
  arn: (service: string, rest: string) => string,
): string {
  const resources = Object.entries(template.Resources ?? {})
  const own = resources.find(([, { Type }]) => Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer')
  if (own !== undefined) {
    const [logicalId, resource] = own
    const name = given(resource, 'Name') ?? logicalId.slice(0, 32)
    return arn('elasticloadbalancing', `loadbalancer/app/${name}/${digest(logicalId, 16)}`)
  }
  const [, rule] =
    resources.find(([, { Type }]) => Type === 'AWS::ElasticLoadBalancingV2::ListenerRule') ?? []
  const listenerArn = rule === undefined ? undefined : given(rule, 'ListenerArn')
  if (listenerArn === undefined)
    return arn('elasticloadbalancing', `loadbalancer/app/local/${digest('local', 16)}`)
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
