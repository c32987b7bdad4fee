/** Conditions of statements, as far as they are the same for every call of a function. */
import { compileGlob, type Matcher } from '../alb/index.ts'

/** One line of a statement's `Condition`: it holds if one of the values does. */
export interface Condition {
  /** For example `StringEquals`. */
  readonly operator: string
  /** For example `aws:SecureTransport`. Upper and lower case are the same. */
  readonly key: string
  readonly values: readonly string[]
}

/** What the keys are worth, by their names in lower case. */
export type ConditionContext = ReadonlyMap<string, string>

/** `unknown`: this machine cannot tell. An Allow then allows nothing, and a Deny denies. */
export type Outcome = 'holds' | 'fails' | 'unknown'

type Operator = (actual: string, expected: string) => boolean

const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: (actual, expected) => actual === expected,
  StringLike: (actual, expected) => compileGlob(expected, { ignoreCase: false })(actual),
  ArnEquals: (actual, expected) => compileArnPattern(expected)(actual),
  ArnLike: (actual, expected) => compileArnPattern(expected)(actual),
  Bool: (actual, expected) => actual === expected.toLowerCase(),
}

/** The keys that have one value for all calls of a function. A call on this machine counts as one over TLS. */
export function contextOf(options: { region: string; account: string; roleArn: string }): ConditionContext {
  const { region, account, roleArn } = options
  return new Map([
    ['aws:securetransport', 'true'],
    ['aws:requestedregion', region],
    ['aws:principalaccount', account],
    ['aws:resourceaccount', account],
    ['aws:principalarn', roleArn],
    // The only service here that a role can be handed to.
    ['iam:passedtoservice', 'scheduler.amazonaws.com'],
  ])
}

/** Whether all conditions hold. Anything that is not known here makes the outcome `unknown`. */
export function evaluateConditions(conditions: readonly Condition[], context: ConditionContext): Outcome {
  const outcomes = conditions.map((condition) => evaluate(condition, context))
  // One that fails decides, whatever the others would be.
  if (outcomes.includes('fails')) return 'fails'
  return outcomes.includes('unknown') ? 'unknown' : 'holds'
}

function evaluate({ operator, key, values }: Condition, context: ConditionContext): Outcome {
  const compare = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  const actual = context.get(key.toLowerCase())
  const hasVariable = values.some((value) => value.includes('${'))
  if (compare === undefined || actual === undefined || hasVariable) return 'unknown'
  return values.some((value) => compare(actual, value)) ? 'holds' : 'fails'
}

/** A pattern of ARNs, which is compared part by part: a wildcard does not reach over a colon into the next. */
export function compileArnPattern(pattern: string): Matcher {
  const matchers = arnParts(pattern).map((part) => compileGlob(part, { ignoreCase: false }))
  return (arn) => {
    const parts = arnParts(arn)
    return parts.length === matchers.length && matchers.every((matches, at) => matches(parts[at] ?? ''))
  }
}

/** Six parts; the last, the resource, may have colons of its own. */
function arnParts(arn: string): string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}
