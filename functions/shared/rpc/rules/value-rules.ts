/**
 * The rules of a single value: a string, a number, bytes, an enum or a duration.
 *
 * Numbers are those of `buf/validate/validate.proto`. A number that is not listed here is refused while
 * compiling.
 */
import type { Problems } from './problems.ts'
import {
  double,
  durationNanos,
  int32Values,
  readFields,
  text,
  UnknownRuleError,
  type WireField,
} from './wire.ts'

/** Adds what is wrong with a value to the problems. */
export type ValueCheck = (value: unknown, problems: Problems) => void

/** A condition, and the words for a value that does not meet it. */
interface Condition {
  readonly holds: (value: never) => boolean
  readonly complaint: string
}

/** What the rules of a kind of value compile to, by the number of the rule. */
type RuleTable = Readonly<Record<number, (fields: readonly WireField[]) => Condition>>

const count = (fields: readonly WireField[]) => Number(last(fields).varint)
const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`

const STRING_RULES: RuleTable = {
  2: (fields) => minLength(count(fields)),
  3: (fields) => {
    const most = count(fields)
    const complaint = `must have at most ${plural(most, 'character')}`
    return { complaint, holds: (value: string) => value.length <= most || codePoints(value) <= most }
  },
  6: (fields) => {
    const pattern = new RegExp(text(last(fields)), 'u')
    return { complaint: `must match ${pattern.source}`, holds: (value: string) => pattern.test(value) }
  },
}

const BYTES_RULES: RuleTable = {
  2: (fields) => {
    const least = count(fields)
    const complaint = `must have at least ${plural(least, 'byte')}`
    return { complaint, holds: (value: Uint8Array) => value.length >= least }
  },
  3: (fields) => {
    const most = count(fields)
    const complaint = `must have at most ${plural(most, 'byte')}`
    return { complaint, holds: (value: Uint8Array) => value.length <= most }
  },
  13: (fields) => {
    const exactly = count(fields)
    const complaint = `must have ${plural(exactly, 'byte')}`
    return { complaint, holds: (value: Uint8Array) => value.length === exactly }
  },
}

const ENUM_RULES: RuleTable = {
  3: (fields) => {
    const allowed = new Set(int32Values(fields))
    return { complaint: 'must be one of its allowed values', holds: (value: number) => allowed.has(value) }
  },
  4: (fields) => {
    const refused = new Set(int32Values(fields))
    const complaint = refused.has(0) ? 'must be set' : 'must not be one of its refused values'
    return { complaint, holds: (value: number) => !refused.has(value) }
  },
}

/** Bounds are written with `2`, `3`, `4`, `5` for lt, lte, gt and gte; a duration's are one higher. */
function boundRules<B extends number | bigint>(options: {
  firstNumber: number
  read: (field: WireField) => B
  describe: (bound: B) => string
  measure: (value: never) => B
}): RuleTable {
  const { firstNumber, read, describe, measure } = options
  const rule =
    (words: string, compare: (value: B, bound: B) => boolean) => (fields: readonly WireField[]) => {
      const bound = read(last(fields))
      return {
        complaint: `must be ${words} ${describe(bound)}`,
        holds: (value: never) => compare(measure(value), bound),
      }
    }
  return {
    [firstNumber]: rule('less than', (value, bound) => value < bound),
    [firstNumber + 1]: rule('at most', (value, bound) => value <= bound),
    [firstNumber + 2]: rule('greater than', (value, bound) => value > bound),
    [firstNumber + 3]: rule('at least', (value, bound) => value >= bound),
  }
}

const DURATION_RULES = boundRules({
  firstNumber: 3,
  read: durationNanos,
  describe: (nanos) => `${Number(nanos) / 1e9} s`,
  measure: (value: { seconds: bigint; nanos: number }) =>
    value.seconds * 1_000_000_000n + BigInt(value.nanos),
})

const DOUBLE_RULES = boundRules({
  firstNumber: 2,
  read: double,
  describe: String,
  measure: (value: number) => value,
})
const UINT32_RULES = boundRules({
  firstNumber: 2,
  read: (field) => Number(field.varint),
  describe: String,
  measure: (value: number) => value,
})
const UINT64_RULES = boundRules({
  firstNumber: 2,
  read: (field) => field.varint,
  describe: String,
  measure: (value: bigint) => value,
})

/** Rule tables by their number among the rules of a field. */
const TABLES: Readonly<Record<number, RuleTable>> = {
  2: DOUBLE_RULES,
  5: UINT32_RULES,
  6: UINT64_RULES,
  14: STRING_RULES,
  15: BYTES_RULES,
  16: ENUM_RULES,
  21: DURATION_RULES,
}

const STRING = 14
const MIN_LENGTH = 2

/**
 * Compiles the rules of a single value. The first condition that fails is the one reported.
 *
 * @param field One entry of a field's rules, such as its string rules.
 * @param mayBeEmpty Leaves the minimum length of a string unenforced.
 * @throws {UnknownRuleError}
 */
export function compileValueRules(field: WireField, mayBeEmpty: boolean): ValueCheck {
  const table = TABLES[field.number]
  if (table === undefined) throw new UnknownRuleError(`rules of kind ${field.number}`)
  const declared = readFields(field.bytes)
  const numbers = new Set(declared.map(({ number }) => number))
  if (mayBeEmpty && field.number === STRING) numbers.delete(MIN_LENGTH)
  const conditions = [...numbers].map((number) => {
    const compile = table[number]
    if (compile === undefined) throw new UnknownRuleError(`rule ${number} of kind ${field.number}`)
    return compile(declared.filter((one) => one.number === number))
  })
  return (value, problems) => {
    const failed = conditions.find(({ holds }) => !holds(value as never))
    if (failed) problems.add(failed.complaint)
  }
}

function minLength(least: number): Condition {
  return {
    complaint: least === 1 ? 'must not be empty' : `must have at least ${plural(least, 'character')}`,
    holds: (value: string) => value.length >= least && (least < 2 || codePoints(value) >= least),
  }
}

/** Length as `buf.validate` counts it: a character outside the basic plane is one. */
function codePoints(value: string): number {
  let length = 0
  for (const _ of value) length++
  return length
}

function last(fields: readonly WireField[]): WireField {
  return fields.at(-1) as WireField
}
