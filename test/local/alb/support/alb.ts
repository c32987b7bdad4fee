import { onTestFinished } from 'vitest'
import type {
  AccessLogEntry,
  AlbEvent,
  CloudFormationResource,
  CloudFormationTemplate,
  InvokeResult,
  InvokeTarget,
  LocalAlb,
  LocalAlbOptions,
} from '../../../../local/alb/index.ts'
import { startLocalAlb } from '../../../../local/alb/index.ts'

export const LOAD_BALANCER_ARN =
  'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188'

export type Action = Readonly<Record<string, unknown>>
export type Condition = Readonly<Record<string, unknown>>

export interface RuleSpec {
  readonly priority: number
  readonly conditions: readonly Condition[]
  readonly actions: readonly Action[]
}

export interface TemplateSpec {
  readonly rules?: readonly RuleSpec[]
  readonly defaultActions?: readonly Action[]
  readonly loadBalancerAttributes?: Readonly<Record<string, string>>
  readonly listenerAttributes?: Readonly<Record<string, string>>
  readonly protocol?: 'HTTP' | 'HTTPS'
}

/** A template with two target groups of one function: Multi (multi-value headers) and Single. */
export function templateOf(spec: TemplateSpec): CloudFormationTemplate {
  const rules = (spec.rules ?? []).map(
    (rule, at) =>
      [
        `Rule${at}`,
        {
          Type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
          Properties: {
            ListenerArn: { Ref: 'Https' },
            Priority: rule.priority,
            Conditions: rule.conditions,
            Actions: rule.actions,
          },
        },
      ] as const,
  )
  return {
    Resources: {
      Balancer: {
        Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
        Properties: { LoadBalancerAttributes: attributes(spec.loadBalancerAttributes) },
      },
      Https: {
        Type: 'AWS::ElasticLoadBalancingV2::Listener',
        Properties: {
          LoadBalancerArn: { Ref: 'Balancer' },
          Protocol: spec.protocol ?? 'HTTPS',
          Port: 443,
          DefaultActions: spec.defaultActions ?? [fixed(404, 'default')],
          ListenerAttributes: attributes(spec.listenerAttributes),
        },
      },
      Multi: targetGroup('things-open', { 'lambda.multi_value_headers.enabled': 'true' }),
      Single: targetGroup('things-single', {}),
      ...Object.fromEntries(rules),
    },
  }
}

export function targetGroup(name: string, values: Record<string, string>): CloudFormationResource {
  return {
    Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
    Properties: {
      Name: name,
      TargetType: 'lambda',
      Targets: [{ Id: { Ref: 'Alias' } }],
      TargetGroupAttributes: attributes(values),
    },
  }
}

function attributes(values: Readonly<Record<string, string>> = {}): { Key: string; Value: string }[] {
  return Object.entries(values).map(([Key, Value]) => ({ Key, Value }))
}

export function fixed(status: number, body: string): Action {
  return {
    Type: 'fixed-response',
    FixedResponseConfig: { StatusCode: String(status), ContentType: 'text/plain', MessageBody: body },
  }
}

export const forwardMulti: Action = { Type: 'forward', TargetGroupArn: { Ref: 'Multi' } }
export const forwardSingle: Action = { Type: 'forward', TargetGroupArn: { Ref: 'Single' } }

export function path(...values: string[]): Condition {
  return { Field: 'path-pattern', PathPatternConfig: { Values: values } }
}

export interface Invocation {
  readonly target: InvokeTarget
  readonly event: AlbEvent
}

export interface RunningAlb extends LocalAlb {
  readonly invocations: Invocation[]
  readonly log: AccessLogEntry[]
  readonly unexpected: unknown[]
  /** The event of the last invocation. */
  readonly lastEvent: () => AlbEvent
}

/** An answer that suits both kinds of target group. */
export const OK_PAYLOAD = {
  statusCode: 200,
  isBase64Encoded: false,
  headers: { 'content-type': 'text/plain' },
  multiValueHeaders: { 'content-type': ['text/plain'] },
  body: 'from the function',
}

/** Starts a load balancer for the length of one test; its function answers {@link OK_PAYLOAD}. */
export async function startAlb(
  template: CloudFormationTemplate | TemplateSpec,
  options: Partial<LocalAlbOptions> & {
    answer?: (event: AlbEvent) => InvokeResult | Promise<InvokeResult>
  } = {},
): Promise<RunningAlb> {
  const invocations: Invocation[] = []
  const log: AccessLogEntry[] = []
  const unexpected: unknown[] = []
  const { answer = () => ({ payload: OK_PAYLOAD }), ...rest } = options
  const alb = await startLocalAlb({
    template:
      'Resources' in template ? (template as CloudFormationTemplate) : templateOf(template as TemplateSpec),
    resolve: (value) => value,
    invoke: async (target, event) => {
      invocations.push({ target, event })
      return answer(event)
    },
    loadBalancerArn: LOAD_BALANCER_ARN,
    port: 0,
    host: '127.0.0.1',
    log: (entry) => log.push(entry),
    onUnexpectedError: (error) => unexpected.push(error),
    ...rest,
  })
  onTestFinished(() => alb.close())
  const lastEvent = () => {
    const last = invocations.at(-1)
    if (!last) throw new Error('the function was not invoked')
    return last.event
  }
  return { ...alb, invocations, log, unexpected, lastEvent }
}
