/** When a trigger fires, read from its automation. */

import { timestampMs } from '@bufbuild/protobuf/wkt'
import {
  type FixedRate,
  FixedRateUnit,
  type Schedule,
  type TriggerAutomationSpec,
  TriggerAutomationSpecType,
} from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import type { EpochMs } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'
import { awsCronOf } from './cron.ts'

/** The times of one trigger. */
export interface Timetable {
  /** As EventBridge Scheduler reads it. */
  readonly expression: string
  readonly timeZone: string
  /** Undefined for a cron expression. */
  readonly rate: { readonly everyMs: number; readonly startMs: EpochMs | undefined } | undefined
  /** The input that is given the time; empty for none. */
  readonly kickoffTimeInput: string
}

const UNITS: Readonly<Record<number, readonly [name: string, ms: number]>> = {
  [FixedRateUnit.MINUTE]: ['minute', 60_000],
  [FixedRateUnit.HOUR]: ['hour', 3_600_000],
  [FixedRateUnit.DAY]: ['day', 86_400_000],
}

const MAX_RATE_MS = 366 * 86_400_000
/** The end of the year 9999, after which a timestamp has no text. */
const MAX_TIME_MS = 253_402_300_799_999

/**
 * Reads an automation; undefined for a trigger that nothing fires but people.
 *
 * @throws {ServiceError} `request_invalid` for times that are none; `rpc_unimplemented` for an automation that is no
 *   schedule: a trigger that would never fire is not kept as if it did.
 */
export function timetableOf(automation: TriggerAutomationSpec | undefined): Timetable | undefined {
  const isNone = automation === undefined || automation.type === TriggerAutomationSpecType.TYPE_NONE
  const { case: kind, value: schedule } = automation?.automation ?? {}
  if (kind === 'schedule') return timetableOfSchedule(schedule as Schedule)
  if (isNone) return undefined
  if (automation.type === TriggerAutomationSpecType.TYPE_SCHEDULE) throw invalid('schedule is missing')
  throw new ServiceError('rpc_unimplemented', {
    message: 'This deployment fires triggers by schedules only.',
  })
}

function timetableOfSchedule({ expression, kickoffTimeInputArg: kickoffTimeInput }: Schedule): Timetable {
  switch (expression.case) {
    case 'rate':
      return { ...timetableOfRate(expression.value), kickoffTimeInput }
    case 'cron': {
      const { expression: cron, timezone } = expression.value
      const timeZone = timezone === '' ? 'UTC' : timezone
      if (!isTimeZone(timeZone)) throw invalid('the time zone of the schedule is not known')
      return { expression: awsCronOf(cron), timeZone, rate: undefined, kickoffTimeInput }
    }
    case 'cronExpression':
      return { expression: awsCronOf(expression.value), timeZone: 'UTC', rate: undefined, kickoffTimeInput }
    default:
      throw invalid('the schedule has no expression')
  }
}

function timetableOfRate({ value, unit, startTime }: FixedRate): Omit<Timetable, 'kickoffTimeInput'> {
  const [name, unitMs] = UNITS[unit] ?? ['', 0]
  const everyMs = value * unitMs
  if (everyMs <= 0 || everyMs > MAX_RATE_MS) throw invalid('the rate has to be from a minute to a year')
  const startMs = startTime && timestampMs(startTime)
  if (startMs !== undefined && (startMs < 0 || startMs > MAX_TIME_MS)) {
    throw invalid('the start time of the rate has to be from 1970 to 9999')
  }
  return {
    expression: `rate(${value} ${name}${value === 1 ? '' : 's'})`,
    timeZone: 'UTC',
    rate: { everyMs, startMs },
  }
}

/**
 * When a rate fires next: its start, or else the time since which it counts, plus as many times the rate as it takes.
 * The same at whatever time it is asked, so that writing a schedule again does not move it.
 */
export function nextOfRate(
  { everyMs, startMs }: NonNullable<Timetable['rate']>,
  { sinceMs, nowMs }: { sinceMs: EpochMs; nowMs: EpochMs },
): EpochMs {
  const base = startMs ?? sinceMs
  const rounds = Math.max(1, Math.floor((nowMs - base) / everyMs) + 1)
  return base + rounds * everyMs
}

function isTimeZone(name: string): boolean {
  try {
    // The offsets that it would also take are no names of zones.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

function invalid(problem: string): ServiceError {
  return new ServiceError('request_invalid', { message: `automation_spec: ${problem}.` })
}
