import { describe, expect, it } from 'vitest'
import { recurrenceOf } from '../../../local/aws/schedule-expression.ts'

const ms = (time: string) => Date.parse(time)
const iso = (time: number | undefined) => time && new Date(time).toISOString().replace(':00.000Z', 'Z')

/** The first times after one, in UTC. */
function times(
  expression: string,
  after: string,
  { count = 3, timeZone = 'UTC', start = '1970-01-01' } = {},
) {
  const recurrence = recurrenceOf({ expression, timeZone, startMs: ms(start) })
  const found: (string | number | undefined)[] = []
  let at: number | undefined = ms(after)
  while (found.length < count && at !== undefined) {
    at = recurrence?.next(at)
    found.push(iso(at))
  }
  return found
}

describe('rates', () => {
  it('are due at their start, and then after every interval', () => {
    const start = '2027-01-01T10:03Z'
    expect(times('rate(5 minutes)', '2027-01-01T00:00Z', { start })).toEqual([
      '2027-01-01T10:03Z',
      '2027-01-01T10:08Z',
      '2027-01-01T10:13Z',
    ])
    expect(times('rate(1 hour)', '2027-01-01T12:03Z', { start, count: 1 })).toEqual(['2027-01-01T13:03Z'])
    expect(times('rate(2 days)', '2027-01-01T12:03Z', { start, count: 1 })).toEqual(['2027-01-03T10:03Z'])
  })
})

describe('cron expressions', () => {
  const rows: [string, string, string[]][] = [
    ['0 12 * * ? *', '2027-02-27T12:00Z', ['2027-02-28T12:00Z', '2027-03-01T12:00Z', '2027-03-02T12:00Z']],
    [
      '0/20 8-9 * * ? *',
      '2027-01-01T08:30Z',
      ['2027-01-01T08:40Z', '2027-01-01T09:00Z', '2027-01-01T09:20Z'],
    ],
    ['0 0 ? * MON *', '2027-01-01T00:00Z', ['2027-01-04T00:00Z', '2027-01-11T00:00Z', '2027-01-18T00:00Z']],
    ['0 0 ? * 2-3 *', '2027-01-04T00:00Z', ['2027-01-05T00:00Z', '2027-01-11T00:00Z', '2027-01-12T00:00Z']],
    ['30 1 29 2 ? *', '2027-01-01T00:00Z', ['2028-02-29T01:30Z', '2032-02-29T01:30Z', '2036-02-29T01:30Z']],
    ['0 0 L * ? *', '2027-01-31T00:00Z', ['2027-02-28T00:00Z', '2027-03-31T00:00Z', '2027-04-30T00:00Z']],
    ['0 0 ? * 6L *', '2027-01-01T00:00Z', ['2027-01-29T00:00Z', '2027-02-26T00:00Z', '2027-03-26T00:00Z']],
    ['0 0 ? * 2#1 *', '2027-01-01T00:00Z', ['2027-01-04T00:00Z', '2027-02-01T00:00Z', '2027-03-01T00:00Z']],
    ['0 0 15W * ? *', '2027-04-30T00:00Z', ['2027-05-14T00:00Z', '2027-06-15T00:00Z', '2027-07-15T00:00Z']],
    ['0 0 1W * ? *', '2027-04-30T00:00Z', ['2027-05-03T00:00Z', '2027-06-01T00:00Z', '2027-07-01T00:00Z']],
    ['0 0 1 1 ? 2028', '2027-01-01T00:00Z', ['2028-01-01T00:00Z']],
  ]
  for (const [expression, after, expected] of rows) {
    it(`${expression} after ${after}`, () => {
      expect(times(`cron(${expression})`, after, { count: expected.length })).toEqual(expected)
    })
  }

  it('end with their years', () => {
    expect(times('cron(0 0 1 1 ? 2026)', '2027-01-01T00:00Z', { count: 1 })).toEqual([undefined])
  })

  it('are not due before their start', () => {
    const start = '2027-03-01T12:00Z'
    expect(times('cron(0 12 * * ? *)', '2027-01-01T00:00Z', { start, count: 1 })).toEqual([
      '2027-03-01T12:00Z',
    ])
  })
})

describe('time zones', () => {
  it('move with daylight saving', () => {
    const timeZone = 'Europe/Berlin'
    expect(times('cron(0 9 * * ? *)', '2027-03-27T00:00Z', { timeZone })).toEqual([
      '2027-03-27T08:00Z',
      '2027-03-28T07:00Z',
      '2027-03-29T07:00Z',
    ])
  })

  it('skip a time that the clocks skip, and have one that they repeat once', () => {
    const timeZone = 'Europe/Berlin'
    expect(times('cron(30 2 * * ? *)', '2027-03-27T00:00Z', { timeZone, count: 2 })).toEqual([
      '2027-03-27T01:30Z',
      '2027-03-29T00:30Z',
    ])
    expect(times('cron(30 2 * * ? *)', '2027-10-30T12:00Z', { timeZone, count: 2 })).toEqual([
      '2027-10-31T00:30Z',
      '2027-11-01T01:30Z',
    ])
  })

  it('may be half an hour off, and a day ahead', () => {
    expect(times('cron(0 0 * * ? *)', '2027-01-01T00:00Z', { timeZone: 'Asia/Kolkata', count: 1 })).toEqual([
      '2027-01-01T18:30Z',
    ])
    expect(
      times('cron(0 6 * * ? *)', '2027-01-01T00:00Z', { timeZone: 'Pacific/Kiritimati', count: 1 }),
    ).toEqual(['2027-01-01T16:00Z'])
  })
})

describe('what is no expression', () => {
  const rows = [
    '',
    'rate(0 minutes)',
    'rate(5 weeks)',
    'rate(5)',
    'at(2027-01-01T00:00:00)',
    'cron(0 0 * * *)',
    'cron(60 0 * * ? *)',
    'cron(0 0 * FOO ? *)',
    'cron(5-1 0 * * ? *)',
    'cron(*/0 0 * * ? *)',
  ]
  for (const expression of rows) {
    it(`is refused: ${expression || 'nothing'}`, () => {
      expect(recurrenceOf({ expression, timeZone: 'UTC', startMs: 0 })).toBeUndefined()
    })
  }

  it('is refused for a time zone that there is none of', () => {
    const expression = 'cron(0 0 * * ? *)'
    expect(recurrenceOf({ expression, timeZone: 'Mars/Olympus', startMs: 0 })).toBeUndefined()
  })
})
