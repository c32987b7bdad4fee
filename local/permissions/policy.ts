/** The statements that the template gives to a role: its own, those attached to it, and managed ones. */
import {
  type CloudFormationResource,
  type CloudFormationTemplate,
  type Resolver,
  TemplateError,
} from '../alb/index.ts'
import { managedPolicy } from './managed-policies.ts'
import { readStatements, type Statement } from './statement.ts'

type Properties = Readonly<Record<string, unknown>>

interface Resource {
  readonly type: string
  /** Its place in the template. */
  readonly where: string
  readonly properties: Properties
  /** What `Ref` gives: a role's name, a managed policy's ARN. */
  readonly ref: string
  readonly arn: string
}

const ROLE = 'AWS::IAM::Role'
const MANAGED_POLICY = 'AWS::IAM::ManagedPolicy'
/** What gives statements to roles, with the property that names them. */
const ATTACHMENTS: Readonly<Record<string, string>> = {
  'AWS::IAM::Policy': 'Roles',
  'AWS::IAM::RolePolicy': 'RoleName',
  [MANAGED_POLICY]: 'Roles',
}

/** The statements of a role, by its ARN. */
export type StatementsOf = (roleArn: string) => readonly Statement[]

/**
 * Reads the roles and policies of a template. Those whose condition does not hold are left out, as
 * CloudFormation does not make them.
 *
 * The function it gives answers no statement for a role that the template does not make: what such a role
 * may do cannot be known here. It throws a {@link TemplateError} for a policy that would not be treated as
 * AWS does: see {@link readStatements}; also for a permissions boundary, and for a managed policy whose
 * statements are not known.
 *
 * @throws {TemplateError} for a value that cannot be resolved
 */
export async function readRoles(options: {
  template: CloudFormationTemplate
  resolver: Resolver
}): Promise<StatementsOf> {
  const resources = await readResources(options)
  return (roleArn) => {
    const role = resources.find(({ type, arn }) => type === ROLE && arn === roleArn)
    if (role === undefined) return []
    const attached = resources.filter((resource) => isAttached(resource, role.ref))
    return [...ownStatements(role, resources), ...attached.flatMap(documentOf)]
  }
}

async function readResources(options: {
  template: CloudFormationTemplate
  resolver: Resolver
}): Promise<Resource[]> {
  const { template, resolver } = options
  const made: Resource[] = []
  for (const [logicalId, resource] of Object.entries(template.Resources ?? {})) {
    const isRead = resource.Type === ROLE || Object.hasOwn(ATTACHMENTS, resource.Type)
    if (!isRead || !(await isMade(resource, resolver))) continue
    made.push({
      type: resource.Type,
      where: `Resources.${logicalId}.Properties`,
      properties: (await resolver.resolve(resource.Properties ?? {})) as Properties,
      ref: String(await resolver.resolve({ Ref: logicalId })),
      arn: String(await resolver.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] })),
    })
  }
  return made
}

/** Whether CloudFormation would make a resource: its condition holds, or it has none. */
export async function isMade({ Condition }: CloudFormationResource, resolver: Resolver): Promise<boolean> {
  return Condition === undefined || resolver.holds(Condition)
}

function isAttached({ type, properties }: Resource, roleName: string): boolean {
  const property = Object.hasOwn(ATTACHMENTS, type) ? ATTACHMENTS[type] : undefined
  return property !== undefined && [properties[property]].flat().includes(roleName)
}

function documentOf({ where, properties }: Resource): Statement[] {
  return readStatements(properties.PolicyDocument, `${where}.PolicyDocument`)
}

/** What a role says itself: inline policies, and the managed ones that it names. */
function ownStatements({ where, properties }: Resource, resources: readonly Resource[]): Statement[] {
  if (properties.PermissionsBoundary !== undefined) {
    throw new TemplateError(`${where}.PermissionsBoundary`, 'is not supported on one machine')
  }
  const inline = [properties.Policies ?? []].flat() as { PolicyDocument?: unknown }[]
  const named = [properties.ManagedPolicyArns ?? []].flat().map(String)
  return [
    ...inline.flatMap(({ PolicyDocument }, index) =>
      readStatements(PolicyDocument, `${where}.Policies[${index}].PolicyDocument`),
    ),
    ...named.flatMap((arn) => {
      const own = resources.find(({ type, ref }) => type === MANAGED_POLICY && ref === arn)
      const statements = own === undefined ? managedPolicy(arn) : documentOf(own)
      if (statements !== undefined) return statements
      const problem = 'names a policy whose statements are not known here; write them into the role'
      throw new TemplateError(`${where}.ManagedPolicyArns`, problem)
    }),
  ]
}
