/** Who lets the load balancer invoke which function: the template's AWS::Lambda::Permission resources. */
import type { CloudFormationTemplate, Resolver } from '../alb/index.ts'
import { compileGlob } from '../alb/index.ts'
import { compileArnPattern } from './conditions.ts'
import { isMade } from './policy.ts'

/** The load balancer, in the words of a permission. */
const LOAD_BALANCER = 'elasticloadbalancing.amazonaws.com'
const INVOKE = 'lambda:InvokeFunction'
/** What a permission may also ask for, and a load balancer does not have. */
const NEVER_MET = ['EventSourceToken', 'FunctionUrlAuthType', 'PrincipalOrgID']

/** Whether a target group may invoke the function, alias or version with this ARN. */
export type MayInvoke = (call: { functionArn: string; targetGroupArn: string }) => boolean

type Properties = Readonly<Record<string, unknown>>

/**
 * Reads the permissions to invoke functions.
 *
 * As in AWS, a permission is for exactly the alias, version or function that it names, and counts for every
 * target group where it names no source.
 */
export async function readInvokePermissions(options: {
  template: CloudFormationTemplate
  resolver: Resolver
  /** The ARN of a function by its name; `name:qualifier` for an alias or a version. */
  functionArn: (name: string) => string
}): Promise<MayInvoke> {
  const { template, resolver, functionArn } = options
  const rules: MayInvoke[] = []
  for (const resource of Object.values(template.Resources ?? {})) {
    if (resource.Type !== 'AWS::Lambda::Permission' || !(await isMade(resource, resolver))) continue
    const permission = (await resolver.resolve(resource.Properties ?? {})) as Properties
    if (isForLoadBalancers(permission)) rules.push(compilePermission(permission, functionArn))
  }
  return (call) => rules.some((allows) => allows(call))
}

function compilePermission(permission: Properties, functionArn: (name: string) => string): MayInvoke {
  const { FunctionName, SourceArn, SourceAccount } = permission
  const name = String(FunctionName)
  const of = name.startsWith('arn:') ? name : functionArn(name)
  const isSource = SourceArn === undefined ? () => true : compileArnPattern(String(SourceArn))
  const isAccount = (arn: string) =>
    SourceAccount === undefined || arn.split(':')[4] === String(SourceAccount)
  return (call) => call.functionArn === of && isSource(call.targetGroupArn) && isAccount(call.targetGroupArn)
}

function isForLoadBalancers(permission: Properties): boolean {
  return (
    permission.Principal === LOAD_BALANCER &&
    compileGlob(String(permission.Action), { ignoreCase: true })(INVOKE) &&
    NEVER_MET.every((property) => permission[property] === undefined)
  )
}
