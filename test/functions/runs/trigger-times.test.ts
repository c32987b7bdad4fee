/** When triggers fire: what people write, as EventBridge Scheduler reads it. */

import type { MessageInitShape } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type Schedule,
  ScheduleSchema,
  TriggerAutomationSpecSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { describe, expect, it } from 'vitest'
import { awsCronOf } from '../../../functions/runs/triggers/cron.ts'
import { nextOfRate, timetableOf } from '../../../functions/runs/triggers/timetable.ts'
import { recurrenceOf } from '../../../local/aws/schedule-expression.ts'

describe('cron expressions', () => {
  const rows: [string, string][] = [
    ['0 * * * *', '0 * * * ? *'],
    ['* * * * *', '* * * * ? *'],
    ['*/5 * * * *', '0,5,10,15,20,25,30,35,40,45,50,55 * * * ? *'],
    ['0 0 * * 1', '0 0 ? * MON *'],
    ['30 6 * * 1-5', '30 6 ? * MON-FRI *'],
    ['30 6 * * mon-fri', '30 6 ? * MON-FRI *'],
    ['0 9 * * 0', '0 9 ? * SUN *'],
    ['0 9 * * 7', '0 9 ? * SUN *'],
    ['0 9 * * 6,7', '0 9 ? * SUN,SAT *'],
    ['0 0 1 * *', '0 0 1 * ? *'],
    ['0 0 1,15 jan,MAR *', '0 0 1,15 1,3 ? *'],
    ['0 0 */10 * *', '0 0 1,11,21,31 * ? *'],
    ['15-20/2,40 8-18 * * *', '15,17,19,40 8-18 * * ? *'],
    ['5/20 * * * *', '5,25,45 * * * ? *'],
    ['  0   0  *  *  * ', '0 0 * * ? *'],
    ['@daily', '0 0 * * ? *'],
    ['@Weekly', '0 0 ? * SUN *'],
    ['@hourly', '0 * * * ? *'],
    ['@monthly', '0 0 1 * ? *'],
    ['@yearly', '0 0 1 1 ? *'],
    ['0/15 * * * ? *', '0/15 * * * ? *'],
    ['0 10 ? * mon-fri *', '0 10 ? * MON-FRI *'],
    ['0 18 L * ? 2027-2030', '0 18 L * ? 2027-2030'],
    ['0 8 ? * 2#1 *', '0 8 ? * 2#1 *'],
    ['0 8 ? * 6L *', '0 8 ? * 6L *'],
    ['0 8 15W * ? *', '0 8 15W * ? *'],
  ]
  for (const [written, read] of rows) {
    it(`${written} is ${read}`, () => {
      expect(awsCronOf(written)).toBe(`cron(${read})`)
      expect(recurrenceOf({ expression: `cron(${read})`, timeZone: 'UTC', startMs: 0 })).toBeDefined()
    })
  }

  const refused = [
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '* * * FOO *',
    '*/0 * * * *',
    '1/2/3 * * * *',
    '5-1 * * * *',
    '-1 * * * *',
    '1, * * * *',
    '0 0 1 * 1',
    '@reboot',
    '0 0 * * * *',
    '0 0 ? * ? *',
    '0 0 1 * 2 *',
    '0 0 ? * 8 *',
    '0 0 ? * 2#6 *',
    '0 0 32W * ? *',
    '0 0 1 * ? 1969',
    `${'0,'.repeat(200)}0 * * * *`,
    '0 0 * * ?) rate(1 minute',
  ]
  for (const written of refused) {
    it(`refuses ${written.slice(0, 30) || 'nothing'}`, () => {
      expect(() => awsCronOf(written)).toThrow(expect.objectContaining({ reason: 'request_invalid' }))
    })
  }

  it('names what is wrong without repeating what was sent', () => {
    expect(() => awsCronOf('* * * * secret')).toThrow(
      'automation_spec: the cron expression has a day of week',
    )
    expect(() => awsCronOf('* * * * secret')).not.toThrow('secret')
  })
})

const timetable = (schedule: MessageInitShape<typeof ScheduleSchema>) => {
  const automation = { case: 'schedule', value: create(ScheduleSchema, schedule) as Schedule } as const
  return timetableOf(create(TriggerAutomationSpecSchema, { type: 2, automation }))
}
const rate = (value: number, unit: number, startMs?: number) =>
  timetable({
    expression: {
      case: 'rate',
      value: { value, unit, ...(startMs === undefined ? {} : { startTime: timestampFromMs(startMs) }) },
    },
  })
const cron = (expression: string, timezone = '') =>
  timetable({ expression: { case: 'cron', value: { expression, timezone } }, kickoffTimeInputArg: 'at' })

describe('timetables', () => {
  it('are a rate in its own unit', () => {
    expect(rate(1, 1)).toMatchObject({ expression: 'rate(1 minute)', rate: { everyMs: 60_000 } })
    expect(rate(90, 1)).toMatchObject({ expression: 'rate(90 minutes)', rate: { everyMs: 5_400_000 } })
    expect(rate(1, 2)).toMatchObject({ expression: 'rate(1 hour)' })
    expect(rate(2, 3, 5)).toMatchObject({
      expression: 'rate(2 days)',
      rate: { everyMs: 172_800_000, startMs: 5 },
    })
  })

  it('do not start at a time that no timestamp has', () => {
    for (const startMs of [-1, 253_402_300_800_000, 1e18]) {
      expect(() => rate(5, 1, startMs)).toThrow(expect.objectContaining({ reason: 'request_invalid' }))
    }
  })

  it('are a cron expression in its time zone, UTC unless it says another', () => {
    expect(cron('0 9 * * *', 'Europe/London')).toEqual({
      expression: 'cron(0 9 * * ? *)',
      timeZone: 'Europe/London',
      rate: undefined,
      kickoffTimeInput: 'at',
    })
    expect(cron('0 9 * * *')?.timeZone).toBe('UTC')
    const older = timetable({ expression: { case: 'cronExpression', value: '@daily' } })
    expect(older).toMatchObject({ expression: 'cron(0 0 * * ? *)', timeZone: 'UTC' })
  })

  it('are none where nothing but people fires a trigger', () => {
    expect(timetableOf(undefined)).toBeUndefined()
    expect(timetableOf(create(TriggerAutomationSpecSchema, { type: 1 }))).toBeUndefined()
  })

  const refused: [string, () => unknown, string][] = [
    ['no expression', () => timetable({}), 'request_invalid'],
    ['a rate of nothing', () => rate(0, 1), 'request_invalid'],
    ['a rate without a unit', () => rate(5, 0), 'request_invalid'],
    ['a rate of more than a year', () => rate(367, 3), 'request_invalid'],
    ['a rate beyond every date', () => rate(4_294_967_295, 3), 'request_invalid'],
    ['a time zone that there is none of', () => cron('0 9 * * *', 'Mars/Olympus'), 'request_invalid'],
    ['an offset for a time zone', () => cron('0 9 * * *', '+01:00'), 'request_invalid'],
    [
      'a schedule that is missing',
      () => timetableOf(create(TriggerAutomationSpecSchema, { type: 2 })),
      'request_invalid',
    ],
    [
      'an automation that is no schedule',
      () => timetableOf(create(TriggerAutomationSpecSchema, { type: 3 as never })),
      'rpc_unimplemented',
    ],
  ]
  for (const [title, read, reason] of refused) {
    it(`refuse ${title}`, () => {
      expect(read).toThrow(expect.objectContaining({ reason }))
    })
  }
})

describe('the next time of a rate', () => {
  const minute = 60_000
  const next = (startMs: number | undefined, sinceMs: number, nowMs: number) =>
    nextOfRate({ everyMs: 5 * minute, startMs }, { sinceMs, nowMs })

  it('is one rate after its start, as the protos count', () => {
    // Starts at 12:00, activated at 12:04: fires at 12:05.
    expect(next(0, 4 * minute, 4 * minute)).toBe(5 * minute)
    expect(next(60 * minute, 0, 0)).toBe(65 * minute)
  })

  it('is one rate after the trigger was deployed or switched on, where it has no start', () => {
    expect(next(undefined, 7 * minute, 7 * minute)).toBe(12 * minute)
  })

  it('stays on its beat, whenever it is asked', () => {
    for (const nowMs of [12, 13, 16.9]) expect(next(undefined, 7 * minute, nowMs * minute)).toBe(17 * minute)
    expect(next(0, 0, 10 * minute)).toBe(15 * minute)
  })
})
