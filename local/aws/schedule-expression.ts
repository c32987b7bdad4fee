/**
 * Expressions of EventBridge Scheduler, as far as recurring schedules have them: `rate(5 minutes)` and `cron(...)` with
 * its six fields, in a time zone.
 */

/** The times that a schedule is due at. */
export interface Recurrence {
  /** The first time after this one; undefined if there is none within ten years. */
  readonly next: (afterMs: number) => number | undefined
}

/** What a schedule is read from. */
export interface RecurrenceOptions {
  readonly expression: string
  readonly timeZone: string
  /** When a rate is due first, and before which a cron expression is not due. */
  readonly startMs: number
}

/** Reads an expression; undefined for one that the service would not take. */
export function recurrenceOf({ expression, timeZone, startMs }: RecurrenceOptions): Recurrence | undefined {
  const rate = /^rate\((\d{1,9}) (minute|hour|day)s?\)$/.exec(expression)
  if (rate !== null) return rateOf(Number(rate[1]) * (UNITS_MS[rate[2] ?? ''] ?? 0), startMs)
  const cron = /^cron\((.+)\)$/.exec(expression)
  const fields = cron?.[1]?.trim().split(/\s+/).map(fieldReader) ?? []
  if (fields.length !== 6 || !isTimeZone(timeZone)) return undefined
  const read = fields.map((field, i) => field(FIELDS[i] as FieldRange))
  return read.includes(undefined) ? undefined : cronOf(read as Field[], timeZone, startMs)
}

const UNITS_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

function rateOf(everyMs: number, startMs: number): Recurrence | undefined {
  if (everyMs <= 0) return undefined
  return {
    next: (afterMs) =>
      afterMs < startMs ? startMs : startMs + (Math.floor((afterMs - startMs) / everyMs) + 1) * everyMs,
  }
}

interface FieldRange {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const FIELDS: readonly FieldRange[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 1, max: 7, names: DAYS },
  { min: 1970, max: 2199, names: [] },
]

/** A day of some month, as the two fields for days look at it. */
interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
  /** Sunday is 1. */
  readonly weekday: number
  readonly lastDay: number
}

/** A list of numbers, or a rule that only days can be held against. */
interface Field {
  readonly numbers: ReadonlySet<number>
  readonly rule: ((day: Day) => boolean) | undefined
}

function fieldReader(text: string) {
  return (range: FieldRange): Field | undefined => {
    const rule = dayRule(text)
    if (rule !== undefined) return { numbers: new Set(), rule }
    const numbers = text.split(',').map((part) => numbersOf(part, range))
    return numbers.includes(undefined) ? undefined : { numbers: new Set(numbers.flat() as number[]), rule }
  }
}

/** `?` says nothing; `L`, `W` and `#` are days that only a calendar knows. */
function dayRule(text: string): Field['rule'] {
  if (text === '?') return () => true
  if (text === 'L') return ({ day, lastDay }) => day === lastDay
  const lastWeekday = /^([1-7])L$/.exec(text)
  if (lastWeekday) {
    return ({ weekday, day, lastDay }) => weekday === Number(lastWeekday[1]) && day + 7 > lastDay
  }
  const nth = /^([1-7])#([1-5])$/.exec(text)
  if (nth) return ({ weekday, day }) => weekday === Number(nth[1]) && Math.ceil(day / 7) === Number(nth[2])
  const nearest = /^(\d{1,2})W$/.exec(text)
  return nearest ? (day) => day.day === workday(day, Number(nearest[1])) : undefined
}

/** The day of the month from Monday to Friday that is nearest to a day, in the same month. */
function workday({ day, weekday, lastDay }: Day, wanted: number): number {
  const of = ((((weekday - 1 + wanted - day) % 7) + 7) % 7) + 1
  if (of === 7) return wanted > 1 ? wanted - 1 : wanted + 2
  if (of === 1) return wanted < lastDay ? wanted + 1 : wanted - 2
  return wanted
}

function numbersOf(part: string, { min, max, names }: FieldRange): number[] | undefined {
  const [range = '', stepText] = part.split('/')
  const step = stepText === undefined ? 1 : Number(stepText)
  const numberOf = (text: string) => (names.includes(text) ? names.indexOf(text) + min : Number(text))
  const [first = '', last] = range.split('-')
  const from = range === '*' ? min : numberOf(first)
  const open = range === '*' || stepText !== undefined ? max : from
  const to = last === undefined ? open : numberOf(last)
  if (![from, to, step].every(Number.isInteger) || step < 1 || from < min || to > max || from > to) {
    return undefined
  }
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)
}

const DAY_MS = 86_400_000
const MAX_DAYS = 3_660

function cronOf(fields: readonly Field[], timeZone: string, startMs: number): Recurrence {
  const [minutes, hours, days, months, weekdays, years] = fields as [Field, Field, Field, Field, Field, Field]
  const isDue = (day: Day) =>
    years.numbers.has(day.year) &&
    months.numbers.has(day.month) &&
    (days.rule?.(day) ?? days.numbers.has(day.day)) &&
    (weekdays.rule?.(day) ?? weekdays.numbers.has(day.weekday))
  const times = [...hours.numbers]
    .flatMap((hour) => [...minutes.numbers].map((minute) => (hour * 60 + minute) * 60_000))
    .toSorted((a, b) => a - b)
  return {
    next(afterMs) {
      const fromMs = Math.max(afterMs, startMs - 1)
      const local = fromMs + offsetMs(fromMs, timeZone)
      for (let day = 0; day <= MAX_DAYS; day += 1) {
        const midnight = Math.floor(local / DAY_MS + day) * DAY_MS
        if (!isDue(dayOf(midnight))) continue
        const found = times
          .map((time) => instantOf(midnight + time, timeZone))
          .find((ms) => ms !== undefined && ms > fromMs)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

function dayOf(midnight: number): Day {
  const date = new Date(midnight)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1]
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return { year, month, day: date.getUTCDate(), weekday: date.getUTCDay() + 1, lastDay }
}

/** The instant of a time on the clocks of a zone; undefined for one that they skip. Of two, the first. */
function instantOf(localMs: number, timeZone: string): number | undefined {
  const guesses = [DAY_MS / 2, -DAY_MS / 2].map((away) => localMs - offsetMs(localMs - away, timeZone))
  return guesses.toSorted((a, b) => a - b).find((ms) => ms + offsetMs(ms, timeZone) === localMs)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** How far the clocks of a zone are ahead of UTC. */
function offsetMs(atMs: number, timeZone: string): number {
  const known = formats.get(timeZone)
  const format = known ?? new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  if (known === undefined) formats.set(timeZone, format)
  const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? []
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -ms : ms
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
