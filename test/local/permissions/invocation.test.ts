import { describe, expect, it } from 'vitest'
import { createResolver } from '../../../local/alb/index.ts'
import { readInvokePermissions } from '../../../local/permissions/invocation.ts'
import { functionArn, LOCAL_ACCOUNT, resourceNames } from '../../../local/resource-names.ts'

const REGION = 'eu-west-1'
const GROUPS = `arn:aws:elasticloadbalancing:${REGION}:${LOCAL_ACCOUNT}:targetgroup`
const OPEN = `${GROUPS}/flyte-runs-open/0123456789abcdef`
const OIDC = `${GROUPS}/flyte-runs-oidc/0123456789abcdef`
const LIVE = functionArn(REGION, 'flyte-runs:live')

const GOOD = {
  Action: 'lambda:InvokeFunction',
  FunctionName: { Ref: 'Alias' },
  Principal: 'elasticloadbalancing.amazonaws.com',
  SourceAccount: { Ref: 'AWS::AccountId' },
  SourceArn: `${GROUPS}/flyte-runs-open/*`,
}

/** Whether the permissions let a target group invoke a function; without `permissions` there are none. */
async function mayInvoke(
  permissions: readonly object[],
  call: { functionArn?: string; targetGroupArn?: string } = {},
  attributes: object = {},
): Promise<boolean> {
  const template = {
    Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
    Resources: {
      Function: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'flyte-runs' } },
      Alias: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Function' }, Name: 'live' } },
      Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Function' } } },
      ...Object.fromEntries(
        permissions.map((Properties, index) => [
          `Permission${index}`,
          { Type: 'AWS::Lambda::Permission', Properties, ...attributes },
        ]),
      ),
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
  const allows = await readInvokePermissions({
    template,
    resolver,
    functionArn: (name) => functionArn(REGION, name),
  })
  return allows({ functionArn: LIVE, targetGroupArn: OPEN, ...call })
}

describe('the load balancer may invoke a function', () => {
  const { SourceArn: _arn, SourceAccount: _account, ...forAll } = GOOD
  const grants: [string, object][] = [
    ['for the target group that a permission names', GOOD],
    ['for any target group, where a permission names none', forAll],
    ['that is named by its name and alias', { ...GOOD, FunctionName: 'flyte-runs:live' }],
    ['that is named by its ARN', { ...GOOD, FunctionName: LIVE }],
    ['by a permission for every action', { ...GOOD, Action: 'lambda:*' }],
  ]
  for (const [what, permission] of grants) {
    it(what, async () => expect(await mayInvoke([permission])).toBe(true))
  }

  it('by the second of two permissions', async () => {
    const other = { ...GOOD, SourceArn: `${GROUPS}/flyte-runs-oidc/*` }
    expect(await mayInvoke([other, GOOD])).toBe(true)
    expect(await mayInvoke([GOOD, other], { targetGroupArn: OIDC })).toBe(true)
  })
})

describe('the load balancer may not invoke a function', () => {
  it('without a permission', async () => expect(await mayInvoke([])).toBe(false))

  it('for another target group', async () => {
    expect(await mayInvoke([GOOD], { targetGroupArn: OIDC })).toBe(false)
  })

  it('without its alias, by a permission of the alias', async () => {
    expect(await mayInvoke([GOOD], { functionArn: functionArn(REGION, 'flyte-runs') })).toBe(false)
  })

  it('by a permission that is not made', async () => {
    expect(await mayInvoke([GOOD], {}, { Condition: 'Never' })).toBe(false)
  })

  const refusals: [string, object][] = [
    ['of the function without its alias', { FunctionName: { Ref: 'Function' } }],
    ['of a version', { FunctionName: { Ref: 'Version' } }],
    ['for another service', { Principal: 'apigateway.amazonaws.com' }],
    ['for another action', { Action: 'lambda:GetFunction' }],
    ['for another account', { SourceAccount: '210987654321' }],
    ['for another region', { SourceArn: GOOD.SourceArn.replace(REGION, 'us-east-1') }],
    ['for a group whose name only starts alike', { SourceArn: `${GROUPS}/flyte-runs-op/*` }],
    ['for an organization', { PrincipalOrgID: 'o-1' }],
    ['for function URLs', { FunctionUrlAuthType: 'NONE' }],
  ]
  for (const [what, change] of refusals) {
    it(`by a permission ${what}`, async () => expect(await mayInvoke([{ ...GOOD, ...change }])).toBe(false))
  }
})
