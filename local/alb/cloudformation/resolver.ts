import { TemplateError } from '../errors.ts'
import type { CloudFormationResource, CloudFormationTemplate } from '../types.ts'
import { type DynamicReference, replaceDynamicReferences } from './dynamic-reference.ts'
import { evaluateIntrinsic, type IntrinsicScope, intrinsicOf, NO_VALUE } from './intrinsics.ts'

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
  const { template, dynamicReference } = options
  const mappings = template.Mappings ?? {}
  const names = createNames(options)

  const holds = async (condition: string): Promise<boolean> => {
    const definition = template.Conditions?.[condition]
    if (definition === undefined) throw new TemplateError(`Conditions.${condition}`, 'is not defined')
    return (await resolve(definition)) === true
  }

  const resolve = async (value: unknown): Promise<unknown> => {
    if (typeof value === 'string') {
      return dynamicReference ? replaceDynamicReferences(value, dynamicReference) : value
    }
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const items = await Promise.all(value.map(resolve))
      return items.filter((item) => item !== NO_VALUE)
    }
    const intrinsic = intrinsicOf(value)
    if (intrinsic) {
      const result = await evaluateIntrinsic(intrinsic, { ...names, holds, resolve, mappings })
      // A joined text may only now have become a dynamic reference.
      return typeof result === 'string' ? resolve(result) : result
    }
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, item]) => [key, await resolve(item)] as const),
    )
    return Object.fromEntries(entries.filter(([, item]) => item !== NO_VALUE))
  }

  return { resolve, holds }
}

/** What Ref and Fn::GetAtt give. */
function createNames(options: ResolverOptions): Pick<IntrinsicScope, 'ref' | 'getAtt'> {
  const { template } = options
  const pseudo = pseudoParameters(options)
  return {
    ref(name) {
      if (pseudo.has(name)) return pseudo.get(name)
      const parameter = template.Parameters?.[name]
      if (parameter) return options.parameters?.[name] ?? given(parameter.Default, `Parameters.${name}`)
      const resource = template.Resources?.[name]
      if (!resource) throw new TemplateError(`Ref ${name}`, 'the template has nothing of this name')
      return given(lookUp(options.physicalIds, name, resource), `Ref ${name}`)
    },
    getAtt(logicalId, attribute) {
      const name = `${logicalId}.${attribute}`
      const resource = template.Resources?.[logicalId]
      if (!resource) throw new TemplateError(`Fn::GetAtt ${name}`, 'the template has no such resource')
      return given(lookUp(options.attributes, name, resource), `Fn::GetAtt ${name}`)
    },
  }
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
