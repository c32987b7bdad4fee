/**
 * Cron expressions as people write them, turned into the ones that EventBridge Scheduler reads.
 *
 * Five fields are the usual ones (`minute hour day-of-month month day-of-week`), which the Python SDK documents; six
 * are those of AWS (`... year`, Sunday is 1, one of the two days is `?`), which the protos name.
 */
import { ServiceError } from '../../shared/errors.ts'

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  /** What its numbers may be called, from the first on. */
  readonly names: readonly string[]
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const MINUTE: Field = { name: 'minute', min: 0, max: 59, names: [] }
const HOUR: Field = { name: 'hour', min: 0, max: 23, names: [] }
const DAY_OF_MONTH: Field = { name: 'day of month', min: 1, max: 31, names: [] }
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS }
/** Sunday is 0 and 7. */
const DAY_OF_WEEK: Field = { name: 'day of week', min: 0, max: 7, names: DAYS }
const AWS_DAY_OF_WEEK: Field = { name: 'day of week', min: 1, max: 7, names: DAYS }
const YEAR: Field = { name: 'year', min: 1970, max: 2199, names: [] }

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const MAX_LENGTH = 256

/**
 * The `cron(...)` of an expression.
 *
 * @throws {ServiceError} `request_invalid`, naming the field; never what was sent in it. Also for five fields that
 *   name both a day of the month and a day of the week: cron means either of them, which AWS cannot say.
 */
export function awsCronOf(expression: string): string {
  if (expression.length > MAX_LENGTH) throw invalid('is too long')
  const trimmed = expression.trim()
  const fields = (NICKNAMES[trimmed.toLowerCase()] ?? trimmed).split(/\s+/)
  if (fields.length === 5) return `cron(${fromFiveFields(fields)})`
  if (fields.length === 6) return `cron(${checkedSixFields(fields)})`
  throw invalid('has to have five fields, or the six of AWS')
}

function fromFiveFields([
  minute = '',
  hour = '',
  day = '',
  month = '',
  weekday = '',
]: readonly string[]): string {
  const days = numbersOf(day, DAY_OF_MONTH)
  const weekdays = new Set([...numbersOf(weekday, DAY_OF_WEEK)].map((number) => number % 7))
  const anyDay = days.size === 31
  const anyWeekday = weekdays.size === 7
  if (!anyDay && !anyWeekday) throw invalid('names a day of the month and a day of the week; make two of it')
  return [
    written(numbersOf(minute, MINUTE), MINUTE),
    written(numbersOf(hour, HOUR), HOUR),
    anyWeekday ? written(days, DAY_OF_MONTH) : '?',
    written(numbersOf(month, MONTH), MONTH),
    anyWeekday ? '?' : written(weekdays, { ...DAY_OF_WEEK, max: 6 }, (number) => DAYS[number] ?? ''),
    '*',
  ].join(' ')
}

const LAST_DAYS = /^(?:L(?:-([12]?\d|30))?|LW|(?:[1-9]|[12]\d|3[01])W)$/
const NTH_WEEKDAY = /^(?:L|([1-7])L|([1-7]|[A-Z]{3})#[1-5])$/

function checkedSixFields(fields: readonly string[]): string {
  const upper = fields.map((field) => field.toUpperCase())
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = upper
  numbersOf(minute, MINUTE)
  numbersOf(hour, HOUR)
  numbersOf(month, MONTH)
  numbersOf(year, YEAR)
  if ((day === '?') === (weekday === '?')) throw invalid('has to have ? as one of its two days')
  if (day !== '?' && !LAST_DAYS.test(day)) numbersOf(day, DAY_OF_MONTH)
  if (weekday !== '?' && !NTH_WEEKDAY.test(weekday)) numbersOf(weekday, AWS_DAY_OF_WEEK)
  return upper.join(' ')
}

/** The numbers that a field stands for. */
function numbersOf(text: string, field: Field): Set<number> {
  const numbers = new Set<number>()
  for (const part of text.split(',')) {
    const [range = '', stepText, ...more] = part.split('/')
    const step = stepText === undefined ? 1 : wholeNumber(stepText)
    const bounds = boundsOf(range, field, stepText !== undefined)
    if (more.length > 0 || step === undefined || step < 1 || bounds === undefined) {
      throw invalid(`has a ${field.name} that is not one`)
    }
    for (let number = bounds[0]; number <= bounds[1]; number += step) numbers.add(number)
  }
  return numbers
}

function boundsOf(range: string, field: Field, hasStep: boolean): [number, number] | undefined {
  if (range === '*') return [field.min, field.max]
  const [first = '', last, ...more] = range.split('-')
  const from = numberOf(first, field)
  const to = last === undefined ? (hasStep ? field.max : from) : numberOf(last, field)
  if (from === undefined || to === undefined || from > to || more.length > 0) return undefined
  return [from, to]
}

function numberOf(text: string, { min, max, names }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase())
  const number = named >= 0 ? named + min : wholeNumber(text)
  return number !== undefined && number >= min && number <= max ? number : undefined
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined
}

/** Numbers as AWS reads them: what follows one another becomes a range, and all of them a star. */
function written(
  numbers: ReadonlySet<number>,
  { min, max }: Field,
  nameOf: (number: number) => string = String,
): string {
  if (numbers.size === max - min + 1) return '*'
  const ranges: [number, number][] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? nameOf(from) : `${nameOf(from)}-${nameOf(to)}`)).join(',')
}

function invalid(problem: string): ServiceError {
  return new ServiceError('request_invalid', { message: `automation_spec: the cron expression ${problem}.` })
}
