import { ArnFormat, Stack } from 'aws-cdk-lib'
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler'
import { Construct } from 'constructs'
import { acknowledgeWildcard } from '../acknowledge.ts'
import { type AppFunction, LIVE_ALIAS } from './app-function.ts'

/** The function that keeps the schedules, and that they call. */
const FUNCTION = 'runs'
const SCHEDULER = 'scheduler.amazonaws.com'

/** What `runs` does with the schedules of the group. It reads none: its own documents say what there has to be. */
export const SCHEDULE_ACTIONS = [
  'scheduler:CreateSchedule',
  'scheduler:DeleteSchedule',
  'scheduler:UpdateSchedule',
] as const

/**
 * Where the schedules of triggers are: a group of this deployment's own, which takes its schedules with it when it
 * goes, and the role that EventBridge Scheduler calls the function with. The role may do that and nothing else, and is
 * given to schedules of this group only.
 */
export class TriggerSchedules extends Construct {
  readonly groupName: string
  private readonly functionArn: string
  private readonly role: Role

  constructor(scope: Construct, id: string, { deployment }: { deployment: string }) {
    super(scope, id)
    const stack = Stack.of(this)
    this.groupName = `${deployment}-triggers`
    const group = new CfnScheduleGroup(this, 'Group', { name: this.groupName })
    // By its name: the function itself is told this, so that it cannot be made after the function.
    this.functionArn = stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: `${deployment}-${FUNCTION}:${LIVE_ALIAS}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
    this.role = new Role(this, 'Role', {
      description: 'Lets the schedules of triggers call the function that fires them',
      assumedBy: new ServicePrincipal(SCHEDULER, {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnEquals: { 'aws:SourceArn': group.attrArn },
        },
      }),
    })
    const actions = ['lambda:InvokeFunction']
    this.role.addToPolicy(new PolicyStatement({ actions, resources: [this.functionArn] }))
  }

  /** How a function is told where the schedules are; see `functions/shared/stores/scheduler/settings.ts`. */
  environmentOf(name: string): Record<string, string> {
    if (name !== FUNCTION) return {}
    const { groupName, functionArn } = this
    const settings = { groupName, functionArn, roleArn: this.role.roleArn }
    return { TRIGGER_SCHEDULES: Stack.of(this).toJsonString(settings) }
  }

  /** Lets the function keep the schedules of the group, and hand them the role. */
  allow({ role }: AppFunction): void {
    const schedules = Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${this.groupName}/*`,
    })
    role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...SCHEDULE_ACTIONS], resources: [schedules] }),
    )
    role.addToPolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [this.role.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': SCHEDULER } },
      }),
    )
    acknowledgeWildcard(
      role,
      schedules,
      "Schedules are named by trigger, all in this deployment's own group.",
    )
  }
}
