/** What a rule of a listener is, before it is written as CloudFormation. */
import type { Access, FunctionName } from '../functions/shared/routes.ts'

/** The parts of a listener's rules, in the order in which they are asked. */
export const SECTIONS = ['internal', 'public', 'bearer', 'session', 'api', 'pages', 'callback'] as const
export type Section = (typeof SECTIONS)[number]

/**
 * What a rule does before its last action: `jwt` is jwt-validation, `deny` and `authenticate` are authenticate-oidc,
 * which answers 401 or redirects to the provider.
 */
export type Authentication = 'jwt' | 'deny' | 'authenticate'

export type LastAction =
  | { readonly kind: 'forward'; readonly function: FunctionName; readonly access: Access }
  | { readonly kind: 'fixed'; readonly status: number; readonly contentType: string; readonly body: string }

export interface HeaderCondition {
  readonly name: string
  /** How the values are compared: without regard to case, `*` and `?` being wildcards, or as regular expressions. */
  readonly by: 'wildcards' | 'regex'
  readonly values: readonly string[]
}

export interface RuleDescription {
  /** Stable as long as the section's routes before it stay; names the resource in the template. */
  readonly id: string
  readonly section: Section
  readonly priority: number
  readonly paths: readonly string[]
  readonly header?: HeaderCondition
  readonly hosts: readonly string[]
  readonly authentication?: Authentication
  readonly last: LastAction
}
