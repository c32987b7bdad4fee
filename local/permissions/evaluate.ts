/** Decides what the statements of a role allow. */
import { compileGlob } from '../alb/index.ts'
import { type ConditionContext, evaluateConditions } from './conditions.ts'
import type { Statement } from './statement.ts'

export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      readonly because: 'implicit' | 'explicit'
      /** The key of a condition that this machine cannot evaluate and that made the difference. */
      readonly unknownCondition?: string
    }

/** What one role may do. A decision costs a few comparisons: everything is compiled when it is made. */
export interface Permissions {
  readonly decide: (action: string, resource: string) => Decision
}

interface Rule {
  readonly matches: (action: string, resource: string) => boolean
  /** The key of a condition that cannot be evaluated; undefined if all conditions hold. */
  readonly unknownCondition: string | undefined
}

const ALLOWED: Decision = { allowed: true }

/**
 * Compiles the statements of a role: a Deny that matches wins, then an Allow, and without either nothing is
 * allowed. Where a condition cannot be evaluated here, the outcome is the stricter one.
 *
 * Does not look at resource policies, permission boundaries or service control policies.
 */
export function compilePermissions(statements: readonly Statement[], context: ConditionContext): Permissions {
  const rules = { Allow: [] as Rule[], Deny: [] as Rule[] }
  for (const statement of statements) {
    const outcome = evaluateConditions(statement.conditions, context)
    if (outcome === 'fails') continue
    const unknownCondition = outcome === 'unknown' ? unknownKey(statement, context) : undefined
    rules[statement.effect].push({ matches: compileStatement(statement), unknownCondition })
  }
  return {
    decide(action, resource) {
      const deny = rules.Deny.find(({ matches }) => matches(action, resource))
      if (deny !== undefined) return denied('explicit', deny)
      const allows = rules.Allow.filter(({ matches }) => matches(action, resource))
      if (allows.some(({ unknownCondition }) => unknownCondition === undefined)) return ALLOWED
      return denied('implicit', allows[0])
    },
  }
}

function compileStatement({ actions, resources }: Statement): Rule['matches'] {
  const actionMatchers = actions.map((pattern) => compileGlob(pattern, { ignoreCase: true }))
  const resourceMatchers = resources.map((pattern) => compileGlob(pattern, { ignoreCase: false }))
  return (action, resource) =>
    actionMatchers.some((matches) => matches(action)) && resourceMatchers.some((matches) => matches(resource))
}

function unknownKey({ conditions }: Statement, context: ConditionContext): string | undefined {
  return conditions.find((condition) => evaluateConditions([condition], context) === 'unknown')?.key
}

function denied(because: 'implicit' | 'explicit', rule: Rule | undefined): Decision {
  const unknownCondition = rule?.unknownCondition
  return { allowed: false, because, ...(unknownCondition === undefined ? {} : { unknownCondition }) }
}
