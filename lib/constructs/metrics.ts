/**
 * The metrics of a deployment, by the names and dimensions under which AWS and the deployment's own functions publish
 * them: what the dashboard draws and the alarms watch. Sums of five minutes, unless they say otherwise.
 */
import { Duration } from 'aws-cdk-lib'
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { AppFunction } from './app-function.ts'
import type { MonitoredDoor, MonitoredEntrance } from './monitored.ts'

interface Options {
  /** Default: the sum. */
  readonly statistic?: string | undefined
  readonly label?: string | undefined
  /** Default: five minutes. */
  readonly period?: Duration | undefined
}

/** What the functions' telemetry counts: each call once, by these three. */
const OUR_DIMENSIONS = ['service', 'operation', 'outcome'] as const

/** A metric of a whole load balancer. */
export function ofDoor(door: MonitoredDoor, metricName: string, label?: string): Metric {
  return metric('AWS/ApplicationELB', metricName, { LoadBalancer: door.loadBalancer }, { label })
}

/** A metric of one entrance, labelled with its name. */
export function ofEntrance(
  door: MonitoredDoor,
  { name, targetGroup }: MonitoredEntrance,
  metricName: string,
  statistic?: string,
): Metric {
  const dimensions = { LoadBalancer: door.loadBalancer, TargetGroup: targetGroup }
  return metric('AWS/ApplicationELB', metricName, dimensions, { label: name, statistic })
}

/** The sum of a metric over every entrance of a door. A single one without data is taken for none. */
export function ofAllEntrances(door: MonitoredDoor, metricName: string, label: string): MathExpression {
  const usingMetrics = Object.fromEntries(
    door.entrances.map((one, index) => [`m${label}_${index}`, ofEntrance(door, one, metricName)]),
  )
  return new MathExpression({
    expression: `SUM([${Object.keys(usingMetrics).join(', ')}])`,
    usingMetrics,
    label,
  })
}

/** A metric of a function in all its versions, labelled with its name unless it is told otherwise. */
export function ofFunction({ name, functionName }: AppFunction, metricName: string, options: Options = {}) {
  return metric('AWS/Lambda', metricName, { FunctionName: functionName }, { label: name, ...options })
}

/** A metric of all the schedules of a group. */
export function ofSchedules(groupName: string, metricName: string, label?: string): Metric {
  return metric('AWS/Scheduler', metricName, { ScheduleGroup: groupName }, { label })
}

/** A metric of a table, summed over its operations, or one line for each. Throttled indexes count for their table. */
export function ofTable(table: Table, metricName: string, options: { readonly byOperation?: boolean } = {}) {
  const query = `SELECT SUM(${metricName}) FROM SCHEMA("AWS/DynamoDB", "TableName", "Operation") WHERE "TableName" = '${table.tableName}'`
  return options.byOperation ? select(`${query} GROUP BY "Operation"`) : select(query, metricName)
}

/**
 * The calls that the functions counted, most frequent first: one line for each value of `by`.
 *
 * @param where Conditions in the query language of Metrics Insights.
 */
export function ofCalls(
  deployment: string,
  options: { readonly where?: string; readonly by: readonly (typeof OUR_DIMENSIONS)[number][] },
): MathExpression {
  const where = options.where === undefined ? '' : ` WHERE ${options.where}`
  return select(
    `SELECT SUM(Calls) FROM SCHEMA(${[deployment, ...OUR_DIMENSIONS].map(quoted).join(', ')})${where}` +
      ` GROUP BY ${options.by.map(quoted).join(', ')} ORDER BY SUM() DESC LIMIT 20`,
  )
}

// Always in quotes: a name may be a word of the language, and that of a deployment may have a hyphen.
const quoted = (name: string): string => `"${name}"`

/** @param label Left out where a query answers several lines, which have names of their own. */
function select(expression: string, label = ''): MathExpression {
  return new MathExpression({ expression, usingMetrics: {}, label })
}

function metric(
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  { statistic = 'Sum', label, period = Duration.minutes(5) }: Options,
): Metric {
  return new Metric({
    namespace,
    metricName,
    dimensionsMap,
    statistic,
    period,
    ...(label === undefined ? {} : { label }),
  })
}
