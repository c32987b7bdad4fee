import { describe, expect, it } from 'vitest'
import { compileArnPattern, contextOf, evaluateConditions } from '../../../local/permissions/conditions.ts'

const CONTEXT = contextOf({
  region: 'eu-west-1',
  account: '123456789012',
  roleArn: 'arn:aws:iam::123456789012:role/local-runs',
})

describe('a condition', () => {
  const rows: [operator: string, key: string, values: string[], outcome: string][] = [
    ['Bool', 'aws:SecureTransport', ['TRUE'], 'holds'],
    ['Bool', 'AWS:securetransport', ['true'], 'holds'],
    ['Bool', 'aws:SecureTransport', ['false'], 'fails'],
    ['StringEquals', 'aws:RequestedRegion', ['us-east-1', 'eu-west-1'], 'holds'],
    ['StringEquals', 'aws:RequestedRegion', ['eu-*'], 'fails'],
    ['StringEquals', 'aws:RequestedRegion', [], 'fails'],
    ['StringLike', 'aws:RequestedRegion', ['eu-*'], 'holds'],
    ['StringLike', 'aws:RequestedRegion', ['EU-*'], 'fails'],
    ['StringEquals', 'aws:ResourceAccount', ['123456789012'], 'holds'],
    ['StringEquals', 'aws:PrincipalAccount', ['210987654321'], 'fails'],
    ['ArnLike', 'aws:PrincipalArn', ['arn:aws:iam::*:role/local-*'], 'holds'],
    ['ArnLike', 'aws:PrincipalArn', ['arn:*'], 'fails'],
    ['ArnEquals', 'aws:PrincipalArn', ['arn:aws:iam::123456789012:role/other'], 'fails'],
    ['StringNotEquals', 'aws:RequestedRegion', ['us-east-1'], 'unknown'],
    ['StringEqualsIfExists', 'aws:RequestedRegion', ['eu-west-1'], 'unknown'],
    ['Null', 'aws:RequestedRegion', ['false'], 'unknown'],
    ['StringEquals', 's3:prefix', ['flyte/'], 'unknown'],
  ]
  for (const [operator, key, values, outcome] of rows) {
    it(`${operator} ${key} of ${values.join(' or ') || 'nothing'}: ${outcome}`, () => {
      expect(evaluateConditions([{ operator, key, values }], CONTEXT)).toBe(outcome)
    })
  }

  it('that fails decides beside one that is not known', () => {
    const unknown = { operator: 'Null', key: 'x', values: ['true'] }
    const failing = { operator: 'Bool', key: 'aws:SecureTransport', values: ['false'] }
    expect(evaluateConditions([unknown, failing], CONTEXT)).toBe('fails')
  })

  it('that is not there holds', () => expect(evaluateConditions([], CONTEXT)).toBe('holds'))
})

describe('a pattern of ARNs', () => {
  const GROUP =
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/flyte-runs-open/0123456789abcdef'
  const rows: [string, boolean][] = [
    [GROUP, true],
    ['arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/flyte-runs-open/*', true],
    ['arn:aws:elasticloadbalancing:*:*:targetgroup/flyte-runs-????/*', true],
    ['arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/flyte-runs-oidc/*', false],
    ['arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/flyte-runs-open/*', false],
    ['arn:aws:elasticloadbalancing:*/0123456789abcdef', false],
    ['*', false],
    ['', false],
  ]
  for (const [pattern, matches] of rows) {
    it(`${pattern || '(empty)'} ${matches ? 'covers' : 'does not cover'} a target group`, () => {
      expect(compileArnPattern(pattern)(GROUP)).toBe(matches)
    })
  }
})
