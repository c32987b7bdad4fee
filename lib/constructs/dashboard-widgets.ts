/** What is on the dashboard, row by row. Nothing is drawn that this deployment does not count. */
import type { IMetric, IWidget } from 'aws-cdk-lib/aws-cloudwatch'
import { GraphWidget, LogQueryVisualizationType, LogQueryWidget } from 'aws-cdk-lib/aws-cloudwatch'
import { hasAuthorizationServer } from '../jobs.ts'
import type { AppFunction } from './app-function.ts'
import type { KeyRotation } from './key-rotation.ts'
import { ofAllEntrances, ofCalls, ofDoor, ofEntrance, ofFunction, ofSchedules, ofTable } from './metrics.ts'
import type { Monitored, MonitoredDoor } from './monitored.ts'

type Row = IWidget[]

/** CloudWatch divides a row into this many columns. */
const COLUMNS = 24
const HEIGHT = 6
/** What the label of a widget ends with where a load balancer is shared. */
const WITH_NEIGHBOURS = ', with those of neighbours'

/** The rows of the dashboard, from the outside in. */
export function widgetRows(monitored: Monitored): Row[] {
  const { doors, functions, keyRotation } = monitored
  return [
    ...doors.flatMap(doorRows),
    functionRow(functions.all),
    outcomeRow(monitored),
    tableRow(monitored),
    triggerRow(monitored),
    ...(keyRotation === undefined ? [] : [rotationRow(keyRotation, monitored)]),
  ]
}

function doorRows(door: MonitoredDoor): Row[] {
  const { title, entrances, isShared, signsIn, verifiesTokens } = door
  const byEntrance = (metricName: string, statistic?: string) =>
    entrances.map((one) => ofEntrance(door, one, metricName, statistic))
  const proofs = [
    ...(signsIn
      ? [
          ofDoor(door, 'ELBAuthSuccess', 'signed in'),
          ofDoor(door, 'ELBAuthFailure', 'sign-ins refused'),
          ofDoor(door, 'ELBAuthError', 'sign-ins failed'),
          ofDoor(door, 'ELBAuthUserClaimsSizeExceeded', 'too many claims'),
        ]
      : []),
    ...(verifiesTokens ? [ofDoor(door, 'JWTValidationFailureCount', 'tokens refused')] : []),
  ]
  const others = isShared ? WITH_NEIGHBOURS : ''
  return [
    row(
      graph(`${title}: requests`, byEntrance('RequestCount'), { stacked: true }),
      graph(`${title}: answers of functions`, [
        ofAllEntrances(door, 'HTTPCode_Target_4XX_Count', '4xx'),
        ofAllEntrances(door, 'HTTPCode_Target_5XX_Count', '5xx'),
      ]),
      graph(`${title}: answers of the load balancer itself${others}`, [
        ofDoor(door, 'HTTPCode_ELB_4XX_Count', '4xx'),
        ofDoor(door, 'HTTPCode_ELB_5XX_Count', '5xx'),
      ]),
    ),
    row(
      ...['p50', 'p90', 'p99'].map((percentile) =>
        graph(`${title}: seconds, ${percentile}`, byEntrance('TargetResponseTime', percentile)),
      ),
      ...(proofs.length === 0 ? [] : [graph(`${title}: sign-ins and tokens${others}`, proofs)]),
    ),
  ]
}

function functionRow(functions: readonly AppFunction[]): Row {
  const ofEach = (metricName: string, statistic?: string) =>
    functions.map((one) => ofFunction(one, metricName, { statistic }))
  return row(
    graph('Functions: errors', ofEach('Errors')),
    graph('Functions: throttles', ofEach('Throttles')),
    graph('Functions: milliseconds, p50', ofEach('Duration', 'p50')),
    graph('Functions: milliseconds, p99', ofEach('Duration', 'p99')),
  )
}

/** How calls ended, by what the functions' telemetry counts. */
function outcomeRow({ settings, functions }: Monitored): Row {
  const { name: deployment } = settings
  const of = (service: string, operation?: string) =>
    `"service" = '${service}'${operation === undefined ? '' : ` AND "operation" = '${operation}'`}`
  return row(
    graph('Calls that failed, by outcome', [
      ofCalls(deployment, { where: `"outcome" != 'ok'`, by: ['outcome'] }),
    ]),
    graph('Calls that failed, by operation', [
      ofCalls(deployment, { where: `"outcome" != 'ok'`, by: ['service', 'operation'] }),
    ]),
    ...(hasAuthorizationServer(settings)
      ? [
          graph('Tokens asked for, by outcome', [
            ofCalls(deployment, { where: of('authorization-server', '/oauth2/token'), by: ['outcome'] }),
          ]),
        ]
      : []),
    ...(settings.ingress.browserAuth === 'service'
      ? [
          graph('Browser sessions, by outcome', [
            ofCalls(deployment, { where: of('login'), by: ['outcome'] }),
          ]),
        ]
      : []),
    ...logs(settings, 'Userinfo that did not answer', functions.get('runs'), [
      'filter ispresent(userinfo) and userinfo not in ["memory", "store", "provider"]',
      'stats count(*) as calls by userinfo',
    ]),
  )
}

function tableRow({ tables }: Monitored): Row {
  const byOperation = { byOperation: true }
  return row(
    graph('Runs table: throttled requests', [ofTable(tables.runs, 'ThrottledRequests', byOperation)]),
    graph('Runs table: errors of DynamoDB', [ofTable(tables.runs, 'SystemErrors', byOperation)]),
    graph('Auth table: throttled requests', [ofTable(tables.auth, 'ThrottledRequests', byOperation)]),
    graph('Auth table: errors of DynamoDB', [ofTable(tables.auth, 'SystemErrors', byOperation)]),
  )
}

function triggerRow({ settings, schedules: { groupName }, functions }: Monitored): Row {
  return row(
    graph('Triggers: calls of schedules', [
      ofSchedules(groupName, 'InvocationAttemptCount', 'tried'),
      ofSchedules(groupName, 'TargetErrorCount', 'failed'),
      ofSchedules(groupName, 'TargetErrorThrottledCount', 'throttled'),
      ofSchedules(groupName, 'InvocationDroppedCount', 'given up'),
    ]),
    graph('Triggers: calls given up by Lambda', [
      ofFunction(functions.get('runs'), 'AsyncEventsDropped', { label: 'given up' }),
    ]),
    graph('Triggers: firings, by outcome', [
      ofCalls(settings.name, { where: `"operation" = 'trigger'`, by: ['outcome'] }),
    ]),
  )
}

function rotationRow({ job }: KeyRotation, { settings }: Monitored): Row {
  return row(
    graph('Key rotation', [
      ofFunction(job, 'Invocations', { label: 'runs' }),
      ofFunction(job, 'Errors', { label: 'failures' }),
    ]),
    ...logs(settings, 'Key rotation: steps', job, [
      'filter ispresent(outcome)',
      'fields @timestamp, outcome',
      'sort @timestamp desc',
      'limit 20',
    ]),
  )
}

type Sized = (width: number) => IWidget

/** Widgets that fill a row: of the same width, and the last one with what is left over. */
function row(...widgets: readonly Sized[]): Row {
  const width = Math.floor(COLUMNS / widgets.length)
  const rest = COLUMNS - width * (widgets.length - 1)
  return widgets.map((widget, index) => widget(index === widgets.length - 1 ? rest : width))
}

function graph(title: string, left: readonly IMetric[], options: { readonly stacked?: boolean } = {}): Sized {
  const leftYAxis = { min: 0, showUnits: false }
  return (width) => new GraphWidget({ title, left: [...left], leftYAxis, width, height: HEIGHT, ...options })
}

/** A question to a function's log, unless it writes none of the lines that are asked for. */
function logs(
  { functions: { logLevel } }: Monitored['settings'],
  title: string,
  { functionName }: AppFunction,
  queryLines: string[],
): Sized[] {
  if (logLevel !== 'INFO' && logLevel !== 'DEBUG') return []
  const logGroupNames = [`/aws/lambda/${functionName}`]
  const view = LogQueryVisualizationType.TABLE
  return [(width) => new LogQueryWidget({ title, logGroupNames, queryLines, view, width, height: HEIGHT })]
}
