/** What whoever takes a role of the template may do, for services that call functions with one. */
import type { CloudFormationTemplate, Resolver } from '../alb/index.ts'
import { contextOf } from './conditions.ts'
import { compilePermissions, type Permissions } from './evaluate.ts'
import { readRoles } from './policy.ts'

/** The permissions of a role, by its ARN. One that the template does not make may do nothing. */
export type PermissionsOf = (roleArn: string) => Permissions

/** Reads the roles of a template. Does not look at who may take them. */
export async function readRolePermissions(options: {
  template: CloudFormationTemplate
  resolver: Resolver
  region: string
  account: string
}): Promise<PermissionsOf> {
  const { template, resolver, region, account } = options
  const statementsOf = await readRoles({ template, resolver })
  return (roleArn) => compilePermissions(statementsOf(roleArn), contextOf({ region, account, roleArn }))
}
