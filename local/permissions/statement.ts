/** Statements of a policy document, read so that nothing in them can be overlooked. */
import { TemplateError } from '../alb/index.ts'
import type { Condition } from './conditions.ts'

/** One statement of an identity-based policy. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  /** Patterns, for example `dynamodb:Get*`. Upper and lower case are the same. */
  readonly actions: readonly string[]
  /** Patterns of ARNs. Upper and lower case differ. */
  readonly resources: readonly string[]
  /** All of them have to hold. */
  readonly conditions: readonly Condition[]
}

const KNOWN_FIELDS: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition'])

const UNREAD_FIELDS: Readonly<Record<string, string>> = {
  NotAction: 'is not supported on one machine; list the actions that are meant as Action',
  NotResource: 'is not supported on one machine; list the resources that are meant as Resource',
}

/**
 * Reads a policy document whose values are resolved.
 *
 * @param where The place of the document in the template, for the message.
 * @throws {TemplateError} for everything that this machine would not treat as AWS does: `NotAction`,
 *   `NotResource`, a principal, a policy variable, a field that is not known
 */
export function readStatements(document: unknown, where: string): Statement[] {
  const { Statement: statements } = asObject(document, where)
  return asList(statements).map((statement, index) =>
    readStatement(asObject(statement, where), `${where}.Statement[${index}]`),
  )
}

function readStatement(statement: Readonly<Record<string, unknown>>, where: string): Statement {
  for (const field of Object.keys(statement)) {
    if (KNOWN_FIELDS.has(field)) continue
    const problem = UNREAD_FIELDS[field] ?? 'has no place in a statement of a role'
    throw new TemplateError(`${where}.${field}`, problem)
  }
  const effect = statement.Effect
  if (effect !== 'Allow' && effect !== 'Deny') throw new TemplateError(`${where}.Effect`, 'is Allow or Deny')
  return {
    effect,
    actions: texts(statement.Action, `${where}.Action`),
    resources: texts(statement.Resource, `${where}.Resource`),
    conditions: readConditions(statement.Condition, `${where}.Condition`),
  }
}

function readConditions(value: unknown, where: string): Condition[] {
  if (value === undefined) return []
  return Object.entries(asObject(value, where)).flatMap(([operator, keys]) =>
    Object.entries(asObject(keys, `${where}.${operator}`)).map(([key, values]) => ({
      operator,
      key,
      values: asList(values).map(String),
    })),
  )
}

/** One text or several, of which there has to be one. */
function texts(value: unknown, where: string): string[] {
  const list = asList(value)
  if (list.length === 0) throw new TemplateError(where, 'is missing')
  return list.map((text) => {
    if (typeof text !== 'string') throw new TemplateError(where, 'takes texts')
    if (text.includes('${'))
      throw new TemplateError(where, 'has a policy variable, which is not supported here')
    return text
  })
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new TemplateError(where, 'takes an object')
}
