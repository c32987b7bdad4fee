import { TemplateError } from '../errors.ts'
import type { CloudFormationResource, CloudFormationTemplate } from '../types.ts'
import { type DynamicReference, replaceDynamicReferences } from './dynamic-reference.ts'
import { evaluateIntrinsic, intrinsicOf, NO_VALUE } from './intrinsics.ts'

/** Gives a value for a name of the template; undefined if it knows none. */
export type Lookup<Rest extends unknown[]> =
  | Readonly<Record<string, unknown>>
  | ((name: string, ...rest: Rest) => unknown)

export interface ResolverOptions {
  readonly template: CloudFormationTemplate
  /** Values of parameters; a parameter that is not here has its default. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** What `Ref` gives for a resource, by logical id. */
  readonly physicalIds: Lookup<[resource: CloudFormationResource]>
  /** What `Fn::GetAtt` gives, by `LogicalId.Attribute`. */
  readonly attributes: Lookup<[resource: CloudFormationResource]>
  /** The stored secret or parameter behind a `{{resolve:…}}`. Without it such a text is left as it is. */
  readonly dynamicReference?: (reference: DynamicReference) => string | Promise<string>
  readonly region: string
  readonly accountId: string
  /** Default `aws` */
  readonly partition?: string
  /** Default `amazonaws.com` */
  readonly urlSuffix?: string
  /** Default `local` */
  readonly stackName?: string
}

/** Resolves template values the way CloudFormation does when it creates a stack. */
export interface Resolver {
  /**
   * The value with every intrinsic function and dynamic reference replaced. `AWS::NoValue` removes the
   * property or list item that holds it.
   *
   * @throws {TemplateError} for a name the template does not have, a value nobody gave, or a function that
   *   is not supported
   */
  readonly resolve: (value: unknown) => Promise<unknown>
  /** Whether a condition of the template holds. @throws {TemplateError} if there is no such condition */
  readonly holds: (condition: string) => Promise<boolean>
}

/**
 * Makes a resolver for one template. It knows Ref, Fn::GetAtt, Join, Sub, Select, Split, If, FindInMap,
 * Base64, the condition functions, the pseudo parameters and dynamic references; not ImportValue,
 * Transform or anything of AWS::LanguageExtensions.
 */
export function createResolver(options: ResolverOptions): Resolver {
  const pseudo = pseudoParameters(options)

  const ref = (name: string): unknown => {
    if (pseudo.has(name)) return pseudo.get(name)
    const parameter = options.template.Parameters?.[name]
    if (parameter) return options.parameters?.[name] ?? given(parameter.Default, `Parameters.${name}`)
    const resource = options.template.Resources?.[name]
    if (!resource) throw new TemplateError(`Ref ${name}`, 'the template has nothing of this name')
    return given(lookUp(options.physicalIds, name, resource), `Ref ${name}`)
  }

  const getAtt = (logicalId: string, attribute: string): unknown => {
    const name = `${logicalId}.${attribute}`
    const resource = options.template.Resources?.[logicalId]
    if (!resource) throw new TemplateError(`Fn::GetAtt ${name}`, 'the template has no such resource')
    return given(lookUp(options.attributes, name, resource), `Fn::GetAtt ${name}`)
  }

  const holds = async (condition: string): Promise<boolean> => {
    const definition = options.template.Conditions?.[condition]
    if (definition === undefined) throw new TemplateError(`Conditions.${condition}`, 'is not defined')
    return (await resolve(definition)) === true
  }

  const resolve = async (value: unknown): Promise<unknown> => {
    if (typeof value === 'string') {
      return options.dynamicReference ? replaceDynamicReferences(value, options.dynamicReference) : value
    }
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const items = await Promise.all(value.map(resolve))
      return items.filter((item) => item !== NO_VALUE)
    }
    const intrinsic = intrinsicOf(value)
    if (intrinsic) {
      const result = await evaluateIntrinsic(intrinsic, { ref, getAtt, holds, resolve, mappings })
      // A joined text may only now have become a dynamic reference.
      return typeof result === 'string' ? resolve(result) : result
    }
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, item]) => [key, await resolve(item)] as const),
    )
    return Object.fromEntries(entries.filter(([, item]) => item !== NO_VALUE))
  }

  const mappings = options.template.Mappings ?? {}
  return { resolve, holds }
}

function pseudoParameters(options: ResolverOptions): ReadonlyMap<string, unknown> {
  const partition = options.partition ?? 'aws'
  const stackName = options.stackName ?? 'local'
  const stackArn = `arn:${partition}:cloudformation:${options.region}:${options.accountId}:stack/${stackName}`
  return new Map<string, unknown>([
    ['AWS::Region', options.region],
    ['AWS::AccountId', options.accountId],
    ['AWS::Partition', partition],
    ['AWS::URLSuffix', options.urlSuffix ?? 'amazonaws.com'],
    ['AWS::StackName', stackName],
    ['AWS::StackId', `${stackArn}/00000000-0000-0000-0000-000000000000`],
    ['AWS::NotificationARNs', []],
    ['AWS::NoValue', NO_VALUE],
  ])
}

function lookUp(
  source: Lookup<[CloudFormationResource]>,
  name: string,
  resource: CloudFormationResource,
): unknown {
  if (typeof source === 'function') return source(name, resource)
  return Object.hasOwn(source, name) ? source[name] : undefined
}

function given(value: unknown, where: string): unknown {
  if (value === undefined) throw new TemplateError(where, 'has no value here')
  return value
}
