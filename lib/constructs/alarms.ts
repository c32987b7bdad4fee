import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { AlarmSpec } from './alarm-specs.ts'
import { ALARMS_SECTION, alarmSpecs } from './alarm-specs.ts'
import type { Monitored } from './monitored.ts'

/**
 * The alarms of a deployment. Without `monitoring.alarmTopicArn` they are seen and tell nobody; with it the topic is
 * told when one goes off and when it is over.
 *
 * No data is a good sign, because AWS counts failures only when there are some. Not so for an alarm that watches for
 * too little: there it is what has gone wrong.
 */
export class Alarms extends Construct {
  readonly all: readonly Alarm[]

  constructor(scope: Construct, id: string, monitored: Monitored) {
    super(scope, id)
    this.all = alarmSpecs(monitored).map((spec) => this.add(monitored.settings, spec))
  }

  private add({ name: deployment, monitoring }: Monitored['settings'], spec: AlarmSpec): Alarm {
    const { name, metric, threshold, isLow = false, periods: [lookedAt, bad] = [1, 1] } = spec
    const alarm = new Alarm(this, name, {
      alarmName: `${deployment}-${name}`,
      alarmDescription: `${spec.description} See docs/runbook.md, "${ALARMS_SECTION}".`,
      metric,
      threshold,
      comparisonOperator: isLow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: lookedAt,
      datapointsToAlarm: bad,
      treatMissingData: isLow ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    })
    if (spec.after !== undefined) alarm.node.addDependency(spec.after)
    const { alarmTopicArn } = monitoring
    if (alarmTopicArn !== undefined) {
      const action = { bind: () => ({ alarmActionArn: alarmTopicArn }) }
      alarm.addAlarmAction(action)
      alarm.addOkAction(action)
    }
    return alarm
  }
}
