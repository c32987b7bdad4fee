/**
 * What there is to check in a message of some type, compiled once a type.
 *
 * A plan is made together with those of every type that can be reached from it, types that contain
 * themselves included. Where no rule can be reached there is no plan, and the walk does not go there.
 */
import {
  type DescField,
  type DescMessage,
  type DescOneof,
  isFieldSet,
  type Message,
} from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import { compileFieldRules, type FieldRules, type MessageChecks, type MessageFields } from './field-rules.ts'
import { messageRules } from './message-rules.ts'
import type { Problems } from './problems.ts'
import { declaredRules, declaresRules, UnknownRuleError } from './wire.ts'

/** One thing to look at in a message. */
type Step = (message: MessageFields, problems: Problems) => void

interface Plan {
  /** Filled in when the plan's turn to be compiled comes; plans of recursive types refer to each other. */
  steps: readonly Step[]
}

/** A plan for each type met so far; null where no rule can be reached. */
const plans = new Map<DescMessage, Plan | null>()

/**
 * Adds everything that a message's rules find wrong with it to the problems.
 *
 * @throws {UnknownRuleError} the first time a type with a rule of an unknown kind is met.
 */
export function checkMessage(schema: DescMessage, message: Message, problems: Problems): void {
  if (!plans.has(schema)) compilePlans(schema)
  const plan = plans.get(schema)
  if (plan) runPlan(plan, message as MessageFields, problems)
}

function runPlan(plan: Plan, message: MessageFields, problems: Problems): void {
  for (const step of plan.steps) {
    if (problems.isFull) return
    step(message, problems)
  }
}

function compilePlans(root: DescMessage): void {
  const nextOf = reachableTypes(root)
  const types = [...nextOf.keys()]
  const withRules = typesWithRules(nextOf)
  const made = new Map<DescMessage, Plan | null>()
  for (const type of types) made.set(type, withRules.has(type) ? { steps: [] } : null)
  const nested: MessageChecks = (type) => {
    const plan = made.get(type) ?? plans.get(type)
    return plan ? (value, problems) => runPlan(plan, value as MessageFields, problems) : undefined
  }
  for (const [type, plan] of made) if (plan) plan.steps = compileSteps(type, nested)
  // Published only now: a type whose rules cannot be compiled fails every time, never just the first.
  for (const [type, plan] of made) plans.set(type, plan)
}

type TypeGraph = ReadonlyMap<DescMessage, readonly DescMessage[]>

/** The types reachable from one, as far as they have no plan yet, each with the types of its fields. */
function reachableTypes(root: DescMessage): TypeGraph {
  const nextOf = new Map<DescMessage, DescMessage[]>()
  const waiting = [root]
  for (const type of waiting) {
    if (nextOf.has(type) || plans.has(type)) continue
    const next = type.fields.flatMap((field) => field.message ?? [])
    nextOf.set(type, next)
    waiting.push(...next)
  }
  return nextOf
}

function typesWithRules(nextOf: TypeGraph): Set<DescMessage> {
  const found = new Set([...nextOf.keys()].filter(hasRules))
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const [type, next] of nextOf) {
      if (!found.has(type) && next.some((one) => found.has(one) || plans.get(one))) found.add(type)
    }
  }
  return found
}

function hasRules(type: DescMessage): boolean {
  return declaresRules(type) || type.oneofs.some(declaresRules) || type.fields.some(declaresRules)
}

function compileSteps(type: DescMessage, nested: MessageChecks): Step[] {
  const fields = type.fields.map((field) => fieldStep(field, compileFieldRules(field, nested)))
  const oneofs = type.oneofs.map(oneofStep)
  const whole = messageRules(type).map(({ holds, complaint }): Step => {
    return (message, problems) => {
      if (!holds(message)) problems.add(complaint)
    }
  })
  return [...fields, ...oneofs, ...whole].filter((step) => step !== undefined)
}

function fieldStep(field: DescField, rules: FieldRules): Step | undefined {
  const { isRequired, check } = rules
  if (!isRequired && check === undefined) return undefined
  const read = fieldReader(field)
  const tracksPresence = field.presence !== FeatureSet_FieldPresence.IMPLICIT || field.fieldKind === 'message'
  // A field without presence is always there to be checked, and its zero value is a value.
  const skipsUnset = isRequired || tracksPresence || rules.ignoresZero
  return (message, problems) => {
    if (skipsUnset && !isFieldSet(message, field)) {
      if (isRequired) problems.within(field.name, () => problems.add('is required'))
    } else if (check) {
      problems.within(field.name, () => check(read(message), problems))
    }
  }
}

function fieldReader(field: DescField): (message: MessageFields) => unknown {
  const { oneof, localName } = field
  if (oneof === undefined) return (message) => message[localName]
  return (message) => (message[oneof.localName] as { value: unknown }).value
}

function oneofStep(oneof: DescOneof): Step | undefined {
  const rules = declaredRules(oneof)
  if (rules.length === 0) return undefined
  const [rule] = rules
  if (rules.length > 1 || rule?.number !== 1) throw new UnknownRuleError(`a rule of ${oneof.name}`)
  if (rule.varint === 0n) return undefined
  const choices = oneof.fields.map((field) => field.name).join(', ')
  return (message, problems) => {
    const chosen = message[oneof.localName] as { case: string | undefined }
    if (chosen.case === undefined) {
      problems.within(oneof.name, () => problems.add(`is required: one of ${choices}`))
    }
  }
}
