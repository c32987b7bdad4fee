/** Which listeners of a template are served, and which load balancer each of them is of. */
import type { CloudFormationResource, CloudFormationTemplate } from './alb/index.ts'

export interface Listeners {
  /** What the world calls: a logical id, or the ARN of a listener that others own. Undefined if there is one only. */
  readonly open: string | undefined
  /** What running tasks call; undefined where the template has none. */
  readonly internal: string | undefined
}

const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener'
const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule'
const LOAD_BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer'

/** Finds the listeners. Only https is served of the open load balancer: its port for http redirects there. */
export function listenersOf(template: CloudFormationTemplate): Listeners {
  const resources = Object.entries(template.Resources ?? {})
  const listeners = resources.filter(([, { Type }]) => Type === LISTENER)
  const internal = listeners.find(([, listener]) => isInternal(balancerOf(template, listener)))?.[0]
  if (internal === undefined) return { open: undefined, internal }
  const others = listeners.filter(([id]) => id !== internal)
  const https = others.filter(([, { Properties }]) => Properties?.Protocol === 'HTTPS')
  const [open] = (others.length === 1 ? others : https).map(([id]) => id)
  return { open: open ?? foreignListener(resources), internal }
}

/** Whether a load balancer has private addresses only. */
export function isInternal(resource: CloudFormationResource | undefined): boolean {
  return resource?.Type === LOAD_BALANCER && resource.Properties?.Scheme === 'internal'
}

function balancerOf(template: CloudFormationTemplate, { Properties }: CloudFormationResource) {
  const { Ref = '' } = (Properties?.LoadBalancerArn ?? {}) as { Ref?: string }
  return template.Resources?.[Ref]
}

/** The ARN of a listener that the template adds rules to. */
function foreignListener(resources: readonly [string, CloudFormationResource][]): string | undefined {
  const arns = resources.flatMap(([, { Type, Properties }]) =>
    Type === RULE && typeof Properties?.ListenerArn === 'string' ? Properties.ListenerArn : [],
  )
  return arns[0]
}
