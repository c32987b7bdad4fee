import { Duration } from 'aws-cdk-lib'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import { AlarmStatusWidget, Dashboard as CloudWatchDashboard } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import { widgetRows } from './dashboard-widgets.ts'
import type { Monitored } from './monitored.ts'

export interface DashboardProps {
  readonly monitored: Monitored
  /** Shown on top. */
  readonly alarms: readonly Alarm[]
}

/** One page with everything that a deployment counts, of the last day unless somebody chooses otherwise. */
export class Dashboard extends Construct {
  readonly url: string

  constructor(scope: Construct, id: string, { monitored, alarms }: DashboardProps) {
    super(scope, id)
    const { name, aws } = monitored.settings
    // With the region: an account has one list of dashboards for all of them.
    const dashboardName = `${name}-serverless-${aws.region}`
    const page = new CloudWatchDashboard(this, 'Page', { dashboardName, defaultInterval: Duration.days(1) })
    if (alarms.length > 0) {
      const height = 1 + Math.ceil(alarms.length / 4)
      page.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height }))
    }
    for (const row of widgetRows(monitored)) page.addWidgets(...row)
    this.url = `https://${consoleHost(aws.region)}/cloudwatch/home?region=${aws.region}#dashboards/dashboard/${dashboardName}`
  }
}

/** Where the console of a region is: that of China and that of the US government have names of their own. */
export function consoleHost(region: string): string {
  if (region.startsWith('cn-')) return `${region}.console.amazonaws.cn`
  if (region.startsWith('us-gov-')) return `${region}.console.amazonaws-us-gov.com`
  return `${region}.console.aws.amazon.com`
}
