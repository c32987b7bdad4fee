/** The rules of a field: what holds for each of its values, how many it may have, and whether it must be set. */
import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import type { Problems } from './problems.ts'
import { compileValueRules, type ValueCheck } from './value-rules.ts'
import { declaredRules, readFields, UnknownRuleError, type WireField } from './wire.ts'

/** The numbers of `buf.validate.FieldRules` that are not about a single value. */
const REQUIRED = 25
const IGNORE = 27
const REPEATED = 18
const MAP = 19

const IGNORE_IF_ZERO = 1
const IGNORE_ALWAYS = 3

/** Whether a field names an organization, which may be empty: clients send none to hosts with few labels. */
function isOrganization({ name, parent }: DescField): boolean {
  return name === 'org' || name === 'organization' || parent.typeName === 'flyteidl2.common.OrgIdentifier'
}

/** Checks a nested message; undefined for a type that no rule can be reached from. */
export type MessageChecks = (schema: DescMessage) => ValueCheck | undefined

export interface FieldRules {
  readonly isRequired: boolean
  /** Whether a zero value is exempt even where a field does not track presence. */
  readonly ignoresZero: boolean
  /** Undefined if anything goes. */
  readonly check: ValueCheck | undefined
}

/**
 * Compiles the rules of a field.
 *
 * @throws {UnknownRuleError}
 */
export function compileFieldRules(field: DescField, nested: MessageChecks): FieldRules {
  const rules = splitRules(declaredRules(field))
  const ignored = { isRequired: false, ignoresZero: true, check: undefined }
  if (rules.ignore === IGNORE_ALWAYS) return ignored
  return {
    isRequired: rules.isRequired,
    ignoresZero: rules.ignore === IGNORE_IF_ZERO || isOrganization(field),
    check: fieldCheck(field, rules.kinds, nested),
  }
}

interface SplitRules {
  readonly isRequired: boolean
  readonly ignore: number
  readonly kinds: readonly WireField[]
}

function splitRules(rules: readonly WireField[]): SplitRules {
  const lastOf = (number: number) => Number(rules.findLast((rule) => rule.number === number)?.varint ?? 0n)
  const ignore = lastOf(IGNORE)
  if (![0, IGNORE_IF_ZERO, IGNORE_ALWAYS].includes(ignore)) throw new UnknownRuleError(`ignore ${ignore}`)
  return {
    isRequired: lastOf(REQUIRED) !== 0,
    ignore,
    kinds: rules.filter(({ number }) => number !== REQUIRED && number !== IGNORE),
  }
}

function fieldCheck(
  field: DescField,
  kinds: readonly WireField[],
  nested: MessageChecks,
): ValueCheck | undefined {
  switch (field.fieldKind) {
    case 'list':
      return listCheck(field, collectionRules(kinds, REPEATED), nested)
    case 'map':
      return mapCheck(field, collectionRules(kinds, MAP), nested)
    case 'message':
      return allOf([...valueChecks(field, kinds), nested(field.message)])
    default:
      return allOf(valueChecks(field, kinds))
  }
}

function valueChecks(field: DescField, kinds: readonly WireField[]): ValueCheck[] {
  return kinds.map((kind) => compileValueRules(kind, isOrganization(field)))
}

function collectionRules(kinds: readonly WireField[], expected: number): WireField[] {
  const unknown = kinds.find(({ number }) => number !== expected)
  if (unknown) throw new UnknownRuleError(`rules of kind ${unknown.number} on a list or map`)
  return kinds.flatMap(({ bytes }) => readFields(bytes))
}

function listCheck(
  field: DescField & { fieldKind: 'list' },
  rules: readonly WireField[],
  nested: MessageChecks,
) {
  const sizes: ValueCheck[] = []
  let items: ValueCheck | undefined = field.listKind === 'message' ? nested(field.message) : undefined
  for (const rule of rules) {
    if (rule.number === 1) sizes.push(atLeast(Number(rule.varint), 'item'))
    else if (rule.number === 2) sizes.push(atMost(Number(rule.varint), 'item'))
    else if (rule.number === 3 && rule.varint !== 0n && field.listKind !== 'message') sizes.push(distinct)
    else if (rule.number === 4) items = allOf([elementCheck(field, rule), items])
    else throw new UnknownRuleError(`rule ${rule.number} of a list`)
  }
  return allOf([...sizes, items && eachItem(items)])
}

function mapCheck(
  field: DescField & { fieldKind: 'map' },
  rules: readonly WireField[],
  nested: MessageChecks,
) {
  const sizes: ValueCheck[] = []
  let keys: ValueCheck | undefined
  let values: ValueCheck | undefined = field.mapKind === 'message' ? nested(field.message) : undefined
  for (const rule of rules) {
    if (rule.number === 1) sizes.push(atLeast(Number(rule.varint), 'entry'))
    else if (rule.number === 2) sizes.push(atMost(Number(rule.varint), 'entry'))
    else if (rule.number === 4) keys = elementCheck(field, rule)
    else if (rule.number === 5) values = allOf([elementCheck(field, rule), values])
    else throw new UnknownRuleError(`rule ${rule.number} of a map`)
  }
  return allOf([...sizes, (keys || values) && eachEntry(keys, values)])
}

function elementCheck(field: DescField, rule: WireField): ValueCheck | undefined {
  const { isRequired, ignore, kinds } = splitRules(readFields(rule.bytes))
  if (isRequired || ignore !== 0) throw new UnknownRuleError('required or ignore on the elements of a field')
  return allOf(valueChecks(field, kinds))
}

function eachItem(check: ValueCheck): ValueCheck {
  return (value, problems) => {
    const items = value as readonly unknown[]
    for (let i = 0; i < items.length && !problems.isFull; i++) {
      problems.within(`[${i}]`, () => check(items[i], problems))
    }
  }
}

/** A key is a received value, so an entry is named by what it is instead: `headers.key`, `headers.value`. */
function eachEntry(keys: ValueCheck | undefined, values: ValueCheck | undefined): ValueCheck {
  return (map, problems) => {
    for (const [key, value] of Object.entries(map as Record<string, unknown>)) {
      if (problems.isFull) return
      if (keys) problems.within('key', () => keys(key, problems))
      if (values) problems.within('value', () => values(value, problems))
    }
  }
}

function sizeOf(value: unknown): number {
  return Array.isArray(value) ? value.length : Object.keys(value as object).length
}

function atLeast(least: number, noun: 'item' | 'entry'): ValueCheck {
  const complaint = `must have at least ${least} ${nounFor(least, noun)}`
  return (value, problems) => {
    if (sizeOf(value) < least) problems.add(complaint)
  }
}

function atMost(most: number, noun: 'item' | 'entry'): ValueCheck {
  const complaint = `must have at most ${most} ${nounFor(most, noun)}`
  return (value, problems) => {
    if (sizeOf(value) > most) problems.add(complaint)
  }
}

function nounFor(count: number, noun: 'item' | 'entry'): string {
  if (count === 1) return noun
  return noun === 'item' ? 'items' : 'entries'
}

function distinct(value: unknown, problems: Problems): void {
  const items = value as readonly unknown[]
  if (new Set(items).size < items.length) problems.add('must not have an item twice')
}

function allOf(checks: readonly (ValueCheck | undefined)[]): ValueCheck | undefined {
  const present = checks.filter((check) => check !== undefined)
  if (present.length < 2) return present[0]
  return (value, problems) => {
    for (const check of present) check(value, problems)
  }
}

/** A generated message, by the names of its properties. */
export type MessageFields = Message & Readonly<Record<string, unknown>>
