import { Construct } from 'constructs'
import { Alarms } from './alarms.ts'
import { Dashboard } from './dashboard.ts'
import type { Doors, Monitored } from './monitored.ts'
import { doorsOf } from './monitored.ts'

export type MonitoringProps = Omit<Monitored, 'doors'> & Doors

/** The alarms of a deployment and its dashboard, each unless the settings leave it out. */
export class Monitoring extends Construct {
  /** Where the dashboard is; undefined without one. */
  readonly dashboardUrl: string | undefined

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id)
    const { dashboard, alarms } = props.settings.monitoring
    const monitored: Monitored = { ...props, doors: doorsOf(props) }
    const made = alarms ? new Alarms(this, 'Alarms', monitored).all : []
    this.dashboardUrl = dashboard
      ? new Dashboard(this, 'Dashboard', { monitored, alarms: made }).url
      : undefined
  }
}
