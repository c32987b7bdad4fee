import { Aws, Stack } from 'aws-cdk-lib'
import { CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { CfnPermission } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { FunctionName } from '../../functions/shared/routes.ts'
import type { Entrance } from '../listener-rules.ts'
import type { AppFunction } from './app-function.ts'

/** Names of target groups are unique in an account and region, and 32 characters at most. */
const MAXIMUM_NAME_LENGTH = 32

/** What functions are called where their own name would not leave room for the deployment's. */
const SHORT_NAMES: Partial<Readonly<Record<FunctionName, string>>> = { 'authorization-server': 'auth-server' }

/**
 * The name of a target group. Functions read the access class from its end: a client cannot set it.
 *
 * @throws {RangeError} when it is too long for AWS.
 */
export function targetGroupName(deployment: string, { function: name, access }: Entrance): string {
  const targetGroup = `${deployment}-${SHORT_NAMES[name] ?? name}-${access}`
  if (targetGroup.length > MAXIMUM_NAME_LENGTH) throw new RangeError('the name of a target group is too long')
  return targetGroup
}

/** One way into one function: its target group, and the permission to invoke it for that group only. */
export class FunctionEntrance extends Construct {
  readonly targetGroupArn: string
  /** `targetgroup/<name>/<id>`: what metrics call it. */
  readonly targetGroupFullName: string

  constructor(
    scope: Construct,
    id: string,
    props: { entrance: Entrance; deployment: string; target: AppFunction },
  ) {
    super(scope, id)
    const name = targetGroupName(props.deployment, props.entrance)
    const permission = new CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: props.target.alias.functionArn,
      principal: 'elasticloadbalancing.amazonaws.com',
      sourceAccount: Aws.ACCOUNT_ID,
      // Built from the name, not taken from the group: the group registers its target while it is created, so the
      // permission has to exist before the group does.
      sourceArn: Stack.of(this).formatArn({
        service: 'elasticloadbalancing',
        resource: 'targetgroup',
        resourceName: `${name}/*`,
      }),
    })
    const targetGroup = new CfnTargetGroup(this, 'TargetGroup', {
      name,
      targetType: 'lambda',
      targets: [{ id: props.target.alias.functionArn }],
      targetGroupAttributes: [{ key: 'lambda.multi_value_headers.enabled', value: 'true' }],
    })
    targetGroup.addResourceDependency(permission)
    this.targetGroupArn = targetGroup.ref
    this.targetGroupFullName = targetGroup.attrTargetGroupFullName
  }
}
