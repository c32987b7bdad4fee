import { describe, expect, it } from 'vitest'
import { type CloudFormationResource, createResolver } from '../../../local/alb/index.ts'
import { readIdentities } from '../../../local/permissions/identities.ts'
import { LOCAL_ACCOUNT, resourceNames } from '../../../local/resource-names.ts'

const REGION = 'eu-west-1'
const TABLE = `arn:aws:dynamodb:${REGION}:${LOCAL_ACCOUNT}:table/local-Runs`

const document = (Action: string, Resource: unknown = { 'Fn::GetAtt': ['Runs', 'Arn'] }) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
})
const ROLE: CloudFormationResource = { Type: 'AWS::IAM::Role', Properties: {} }
const FUNCTION = (Role: unknown): CloudFormationResource => ({
  Type: 'AWS::Lambda::Function',
  Properties: { FunctionName: 'flyte-runs', Role },
})
const policy = (roles: unknown, action = 'dynamodb:GetItem'): CloudFormationResource => ({
  Type: 'AWS::IAM::Policy',
  Properties: { Roles: roles, PolicyName: 'p', PolicyDocument: document(action) },
})

/** The identity of the one function of a template that has these resources beside it. */
async function identity(resources: Record<string, CloudFormationResource>) {
  const template = {
    Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
    Resources: {
      Runs: { Type: 'AWS::DynamoDB::Table' },
      Role: ROLE,
      Function: FUNCTION({ 'Fn::GetAtt': ['Role', 'Arn'] }),
      ...resources,
    },
  }
  const names = resourceNames({ template, region: REGION })
  const resolver = createResolver({
    template,
    physicalIds: names.physicalId,
    attributes: names.attribute,
    region: REGION,
    accountId: LOCAL_ACCOUNT,
  })
  const functions = new Map([['Function', { name: 'flyte-runs' }]])
  const [found] = await readIdentities({
    template,
    resolver,
    region: REGION,
    account: LOCAL_ACCOUNT,
    functions,
  })
  if (found === undefined) throw new TypeError('the function has no identity')
  return found
}

async function mayGet(resources: Record<string, CloudFormationResource>): Promise<boolean> {
  return (await identity(resources)).permissions.decide('dynamodb:GetItem', TABLE).allowed
}

describe('a function may do', () => {
  const grants: [string, Record<string, CloudFormationResource>][] = [
    ['what a policy attached to its role allows', { Policy: policy([{ Ref: 'Role' }]) }],
    ['what a policy of several roles allows', { Policy: policy(['other', { Ref: 'Role' }]) }],
    [
      'what its role allows itself',
      {
        Role: {
          ...ROLE,
          Properties: { Policies: [{ PolicyName: 'p', PolicyDocument: document('dynamodb:*') }] },
        },
      },
    ],
    [
      'what a policy of its role by name allows',
      {
        Role: { ...ROLE, Properties: { RoleName: 'its-name' } },
        Policy: {
          Type: 'AWS::IAM::RolePolicy',
          Properties: { RoleName: 'its-name', PolicyName: 'p', PolicyDocument: document('dynamodb:GetItem') },
        },
      },
    ],
    [
      'what a managed policy that names the role allows',
      {
        Managed: {
          Type: 'AWS::IAM::ManagedPolicy',
          Properties: { Roles: [{ Ref: 'Role' }], PolicyDocument: document('dynamodb:GetItem') },
        },
      },
    ],
    [
      'what a managed policy that the role names allows',
      {
        Role: { ...ROLE, Properties: { ManagedPolicyArns: [{ Ref: 'Managed' }] } },
        Managed: {
          Type: 'AWS::IAM::ManagedPolicy',
          Properties: { PolicyDocument: document('dynamodb:GetItem') },
        },
      },
    ],
  ]
  for (const [what, resources] of grants) {
    it(what, async () => expect(await mayGet(resources)).toBe(true))
  }

  it('what a known policy of AWS allows, and no more', async () => {
    const arn = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'
    const { permissions } = await identity({ Role: { ...ROLE, Properties: { ManagedPolicyArns: [arn] } } })
    expect(permissions.decide('logs:PutLogEvents', 'arn:aws:logs:x')).toEqual({ allowed: true })
    expect(permissions.decide('dynamodb:GetItem', TABLE).allowed).toBe(false)
  })

  it('things under the name that AWS gives a role that was taken', async () => {
    expect((await identity({})).principal).toBe(
      `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/local-Role/flyte-runs`,
    )
  })
})

describe('a function may do nothing', () => {
  const policies = { Policy: policy([{ Ref: 'Role' }]) }
  const refusals: [string, Record<string, CloudFormationResource>][] = [
    ['without a policy', {}],
    ['by a policy of another role', { Other: ROLE, Policy: policy([{ Ref: 'Other' }]) }],
    ['by a policy of no role', { Policy: policy(undefined) }],
    ['by a policy that is not made', { Policy: { ...policy([{ Ref: 'Role' }]), Condition: 'Never' } }],
    ['without a role', { ...policies, Function: FUNCTION(undefined) }],
    [
      'by a role that is not of the template',
      { ...policies, Function: FUNCTION('arn:aws:iam::1:role/local-Role') },
    ],
    ['by a role that is not made', { ...policies, Role: { ...ROLE, Condition: 'Never' } }],
  ]
  for (const [what, resources] of refusals) {
    it(what, async () => expect(await mayGet(resources)).toBe(false))
  }
})

describe('a template is refused', () => {
  const notAction = { Statement: { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' } }
  const refusals: [string, Record<string, CloudFormationResource>, where: string][] = [
    [
      'for a NotAction in a policy of a function',
      {
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: { Roles: [{ Ref: 'Role' }], PolicyDocument: notAction },
        },
      },
      'Resources.Policy.Properties.PolicyDocument.Statement[0].NotAction',
    ],
    [
      'for a managed policy that is not known',
      {
        Role: { ...ROLE, Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] } },
      },
      'Resources.Role.Properties.ManagedPolicyArns',
    ],
    [
      'for a permissions boundary',
      { Role: { ...ROLE, Properties: { PermissionsBoundary: 'arn:aws:iam::1:policy/b' } } },
      'Resources.Role.Properties.PermissionsBoundary',
    ],
  ]
  for (const [what, resources, where] of refusals) {
    it(what, async () => {
      await expect(identity(resources)).rejects.toMatchObject({ name: 'TemplateError', where })
    })
  }

  it('not for what a role of nobody here says', async () => {
    const Other = {
      ...ROLE,
      Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
    }
    await expect(identity({ Other })).resolves.toBeDefined()
  })
})
