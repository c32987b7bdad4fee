/**
 * What somebody should be woken for, and nothing that mends itself: each alarm with its threshold, and what to do when
 * it goes off. `docs/runbook.md` has a row for each.
 */
import { Duration } from 'aws-cdk-lib'
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import type { AppFunction } from './app-function.ts'
import type { KeyRotation } from './key-rotation.ts'
import { ofAllEntrances, ofDoor, ofFunction, ofSchedules, ofTable } from './metrics.ts'
import type { Monitored, MonitoredDoor } from './monitored.ts'

/** The section of docs/runbook.md that every alarm names. */
export const ALARMS_SECTION = 'When an alarm goes off'

export interface AlarmSpec {
  /** What the alarm is called, after the name of the deployment. */
  readonly name: string
  readonly metric: IMetric
  /** It goes off at this value and above; with `isLow`, below it. */
  readonly threshold: number
  readonly isLow?: boolean
  /** How many periods are looked at, and in how many of them it has to be so. Default: one of one. */
  readonly periods?: readonly [lookedAt: number, bad: number]
  /** What happened, and what to do next. */
  readonly description: string
  /** What has to be there first, because the alarm would begin by going off. */
  readonly after?: Construct
}

/** Fewer failures than this are no rate: a quiet night has one request, and one failure is all of it. */
const LEAST_FAILURES = 5
const FAILURE_PERCENT = 5
/** On a load balancer of others there is no rate, because its requests are not ours alone. */
const FAILURES_ON_A_SHARED_DOOR = 10
const CRASHES = 3
const THROTTLED_CALLS = 5
const THROTTLED_REQUESTS = 10
/** Ten minutes of the last fifteen: longer than a deployment, and than a provider that restarts. */
const LASTING = [3, 2] as const
/** Lambda tries once and twice more, within minutes. */
const TRIES = 3

/** The alarms of a deployment. */
export function alarmSpecs(monitored: Monitored): AlarmSpec[] {
  const { doors, functions, tables, schedules, keyRotation } = monitored
  const served = functions.all.filter((one) => one !== keyRotation?.job)
  return [
    ...doors.flatMap((door) => (door.isShared ? [ownFailures(door)] : [refusals(door), failures(door)])),
    ...served.flatMap((one) => [crashes(one), throttles(one)]),
    throttledTable('runs', tables.runs),
    throttledTable('auth', tables.auth),
    firingDropped(schedules.groupName),
    firingLost(functions.get('runs')),
    ...(keyRotation === undefined ? [] : [rotationFails(keyRotation), rotationMissing(keyRotation)]),
  ]
}

/** The errors of the load balancer are not among the requests that it counts, so they are added to them. */
function refusals(door: MonitoredDoor): AlarmSpec {
  return {
    name: `${door.name}-errors`,
    metric: percentage('SUM([requests, failures])', {
      failures: ofDoor(door, 'HTTPCode_ELB_5XX_Count'),
      requests: ofDoor(door, 'RequestCount'),
    }),
    threshold: FAILURE_PERCENT,
    periods: LASTING,
    description: `The load balancer itself answers ${FAILURE_PERCENT} % of requests or more with 5xx: read elb_status_code and error_reason in its access log.`,
  }
}

function failures(door: MonitoredDoor): AlarmSpec {
  return {
    name: `${door.name}-answers`,
    metric: percentage('requests', {
      failures: ofDoor(door, 'HTTPCode_Target_5XX_Count'),
      requests: ofDoor(door, 'RequestCount'),
    }),
    threshold: FAILURE_PERCENT,
    periods: LASTING,
    description: `The functions answer ${FAILURE_PERCENT} % of requests or more with 5xx: see on the dashboard which outcomes they have, and read the causes in the log of that function.`,
  }
}

function ownFailures(door: MonitoredDoor): AlarmSpec {
  return {
    name: `${door.name}-answers`,
    metric: ofAllEntrances(door, 'HTTPCode_Target_5XX_Count', '5xx'),
    threshold: FAILURES_ON_A_SHARED_DOOR,
    periods: LASTING,
    description: `The functions answered ${FAILURES_ON_A_SHARED_DOOR} requests or more in five minutes with 5xx: see on the dashboard which outcomes they have, and read the causes in the log of that function.`,
  }
}

function crashes(one: AppFunction): AlarmSpec {
  return {
    name: `${one.name}-errors`,
    metric: ofFunction(one, 'Errors'),
    threshold: CRASHES,
    description: `The function ${one.name} crashed or ran out of time or memory ${CRASHES} times in five minutes: read the last lines of such a call in the log group /aws/lambda/${one.functionName}.`,
  }
}

function throttles(one: AppFunction): AlarmSpec {
  return {
    name: `${one.name}-throttles`,
    metric: ofFunction(one, 'Throttles'),
    threshold: THROTTLED_CALLS,
    description: `Lambda refused ${THROTTLED_CALLS} calls of ${one.name} in five minutes: raise functions.reservedConcurrency, or the quota of concurrent executions of the account.`,
  }
}

function throttledTable(name: string, table: Table): AlarmSpec {
  return {
    name: `${name}-table-throttles`,
    metric: ofTable(table, 'ThrottledRequests'),
    threshold: THROTTLED_REQUESTS,
    description: `DynamoDB throttled ${THROTTLED_REQUESTS} requests to the ${name} table in five minutes: see on the dashboard which operations, and compare with the quotas of the table and of the account.`,
  }
}

function firingDropped(groupName: string): AlarmSpec {
  return {
    name: 'triggers-dropped',
    metric: ofSchedules(groupName, 'InvocationDroppedCount'),
    threshold: 1,
    description:
      'EventBridge Scheduler gave up calling the function runs for a trigger: check the role of the schedules and the concurrency of runs, then start the run that is missing by hand.',
  }
}

/** Only schedules call this function without waiting for its answer. */
function firingLost(runs: AppFunction): AlarmSpec {
  return {
    name: 'triggers-lost',
    metric: ofFunction(runs, 'AsyncEventsDropped'),
    threshold: 1,
    description:
      'The function runs failed three times to fire a trigger, which is given up: read the lines with the operation trigger in its log, then start the run that is missing by hand.',
  }
}

function rotationFails({ job }: KeyRotation): AlarmSpec {
  return {
    name: `${job.name}-errors`,
    metric: ofFunction(job, 'Errors', { period: Duration.hours(1) }),
    threshold: TRIES,
    description:
      'The rotation of the signing keys failed with all its tries: read in its log whether the secret can be read and is a key document; until then tokens are signed with the keys there are.',
  }
}

function rotationMissing(rotation: KeyRotation): AlarmSpec {
  const { job } = rotation
  return {
    name: `${job.name}-missing`,
    metric: ofFunction(job, 'Invocations', { period: Duration.hours(6) }),
    threshold: 1,
    isLow: true,
    periods: [4, 4],
    after: rotation,
    description: `The rotation of the signing keys has not run for a day: check that its rule in EventBridge is enabled and may call ${job.functionName}, and run it once by hand.`,
  }
}

function percentage(of: string, usingMetrics: Readonly<Record<string, IMetric>>): MathExpression {
  return new MathExpression({
    expression: `IF(failures >= ${LEAST_FAILURES}, 100 * failures / ${of}, 0)`,
    usingMetrics: { ...usingMetrics },
    label: '% of requests',
  })
}
