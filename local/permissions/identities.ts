/** What every function of a deployment may do: its role, found in the template and compiled. */
import type { CloudFormationTemplate, Resolver } from '../alb/index.ts'
import { contextOf } from './conditions.ts'
import { compilePermissions, type Permissions } from './evaluate.ts'
import { readRoles } from './policy.ts'

/** A function, as the services that it calls know it. */
export interface FunctionIdentity {
  readonly functionName: string
  /** `arn:aws:sts::<account>:assumed-role/<role>/<function>` */
  readonly principal: string
  readonly permissions: Permissions
}

/**
 * Reads the identities of functions. One without a role of the template may do nothing.
 *
 * @param options.functions Their names, by logical id.
 * @throws {TemplateError} for a policy that would not be treated here as in AWS: see {@link readRoles}
 */
export async function readIdentities(options: {
  template: CloudFormationTemplate
  resolver: Resolver
  region: string
  account: string
  functions: ReadonlyMap<string, { readonly name: string }>
}): Promise<FunctionIdentity[]> {
  const { template, resolver, region, account, functions } = options
  const statementsOf = await readRoles({ template, resolver })
  const identities: FunctionIdentity[] = []
  for (const [logicalId, { name }] of functions) {
    const roleArn = String(await resolver.resolve(template.Resources?.[logicalId]?.Properties?.Role ?? ''))
    const roleName = roleArn.split('/').at(-1) ?? ''
    identities.push({
      functionName: name,
      principal: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`,
      permissions: compilePermissions(statementsOf(roleArn), contextOf({ region, account, roleArn })),
    })
  }
  return identities
}
