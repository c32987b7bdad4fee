import { describe, expect, it } from 'vitest'
import { contextOf } from '../../../local/permissions/conditions.ts'
import { compilePermissions } from '../../../local/permissions/evaluate.ts'
import { readStatements } from '../../../local/permissions/statement.ts'

const TABLE = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Runs'
const INDEX = `${TABLE}/index/byOwner`
const CONTEXT = contextOf({
  region: 'eu-west-1',
  account: '123456789012',
  roleArn: 'arn:aws:iam::123456789012:role/runs',
})

function decide(statements: unknown, action: string, resource: string) {
  const read = readStatements({ Version: '2012-10-17', Statement: statements }, 'Policy')
  return compilePermissions(read, CONTEXT).decide(action, resource)
}

const allow = (Action: unknown, Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const deny = (Action: unknown, Resource: unknown, more: object = {}) => ({
  Effect: 'Deny',
  Action,
  Resource,
  ...more,
})
const when = (operator: string, key: string, value: unknown) => ({
  Condition: { [operator]: { [key]: value } },
})
const OVER_TLS = when('Bool', 'aws:SecureTransport', 'true')
const IN_THE_CLEAR = when('Bool', 'aws:SecureTransport', false)
const OWN_KEYS = when('ForAllValues:StringEquals', 'dynamodb:LeadingKeys', 'mine')

type Row = readonly [what: string, statements: unknown, action: string, resource: string]

describe('a role may do', () => {
  const rows: Row[] = [
    ['what a statement names', allow('dynamodb:GetItem', TABLE), 'dynamodb:GetItem', TABLE],
    [
      'one of several actions on one of several resources',
      allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [INDEX, TABLE]),
      'dynamodb:PutItem',
      TABLE,
    ],
    ['an action written in other letters', allow('DynamoDB:getitem', TABLE), 'dynamodb:GetItem', TABLE],
    ['what a star in the action covers', allow('dynamodb:*Item', TABLE), 'dynamodb:BatchGetItem', TABLE],
    ['what a question mark covers', allow('dynamodb:?etItem', TABLE), 'dynamodb:GetItem', TABLE],
    ['everything, where a star says so', allow('*', '*'), 's3:GetObject', 'arn:aws:s3:::b/k'],
    [
      'what a star in the resource covers',
      allow('dynamodb:Query', `${TABLE}/index/*`),
      'dynamodb:Query',
      INDEX,
    ],
    [
      'a deep key below a star',
      allow('s3:GetObject', 'arn:aws:s3:::b/p/*'),
      's3:GetObject',
      'arn:aws:s3:::b/p/a/b',
    ],
    [
      'what the second statement allows',
      [allow('dynamodb:PutItem', TABLE), allow('dynamodb:GetItem', TABLE)],
      'dynamodb:GetItem',
      TABLE,
    ],
    [
      'what a deny of something else leaves',
      [allow('*', '*'), deny('dynamodb:PutItem', TABLE)],
      'dynamodb:GetItem',
      TABLE,
    ],
    ['what a condition that holds allows', allow('*', '*', OVER_TLS), 'dynamodb:GetItem', TABLE],
    [
      'what a deny does not reach because its condition fails',
      [allow('*', '*'), deny('*', '*', IN_THE_CLEAR)],
      'dynamodb:GetItem',
      TABLE,
    ],
    [
      'what one statement allows outright, though another one has an unknown condition',
      [allow('*', '*', OWN_KEYS), allow('dynamodb:GetItem', TABLE)],
      'dynamodb:GetItem',
      TABLE,
    ],
  ]
  for (const [what, statements, action, resource] of rows) {
    it(what, () => expect(decide(statements, action, resource)).toEqual({ allowed: true }))
  }
})

describe('a role may not do', () => {
  const rows: Row[] = [
    ['anything without statements', [], 'dynamodb:GetItem', TABLE],
    ['another action', allow('dynamodb:GetItem', TABLE), 'dynamodb:PutItem', TABLE],
    ['an action that only starts alike', allow('dynamodb:Get', TABLE), 'dynamodb:GetItem', TABLE],
    ['the action of another service', allow('dynamodb:*', '*'), 's3:GetObject', 'arn:aws:s3:::b/k'],
    ['what a question mark does not cover', allow('dynamodb:GetItem?', TABLE), 'dynamodb:GetItem', TABLE],
    ['something on another table', allow('dynamodb:*', TABLE), 'dynamodb:GetItem', `${TABLE}2`],
    [
      'something on an index, allowed on its table only',
      allow('dynamodb:Query', TABLE),
      'dynamodb:Query',
      INDEX,
    ],
    [
      'something on a table, allowed on its index only',
      allow('dynamodb:Query', INDEX),
      'dynamodb:Query',
      TABLE,
    ],
    [
      'something on a resource in other letters',
      allow('dynamodb:*', TABLE.replace('Runs', 'runs')),
      'dynamodb:GetItem',
      TABLE,
    ],
    [
      'something on the bucket, allowed on its objects',
      allow('s3:*', 'arn:aws:s3:::b/*'),
      's3:ListBucket',
      'arn:aws:s3:::b',
    ],
    [
      'something beside the prefix',
      allow('s3:*', 'arn:aws:s3:::b/p/*'),
      's3:GetObject',
      'arn:aws:s3:::b/q/p/k',
    ],
    [
      'one action of one statement on the resource of another',
      [allow('dynamodb:GetItem', TABLE), allow('dynamodb:Query', INDEX)],
      'dynamodb:GetItem',
      INDEX,
    ],
    ['what a condition that fails would allow', allow('*', '*', IN_THE_CLEAR), 'dynamodb:GetItem', TABLE],
  ]
  for (const [what, statements, action, resource] of rows) {
    it(what, () =>
      expect(decide(statements, action, resource)).toEqual({ allowed: false, because: 'implicit' }),
    )
  }

  const denials: Row[] = [
    [
      'what is denied, though it is allowed before',
      [allow('*', '*'), deny('dynamodb:*', TABLE)],
      'dynamodb:GetItem',
      TABLE,
    ],
    [
      'what is denied, though it is allowed after',
      [deny('dynamodb:*', TABLE), allow('*', '*')],
      'dynamodb:GetItem',
      TABLE,
    ],
    ['what is denied by pattern', [allow('*', '*'), deny('dynamodb:*Item', '*')], 'dynamodb:getitem', TABLE],
    ['what is denied over TLS', [allow('*', '*'), deny('*', '*', OVER_TLS)], 'dynamodb:GetItem', TABLE],
  ]
  for (const [what, statements, action, resource] of denials) {
    it(what, () =>
      expect(decide(statements, action, resource)).toEqual({ allowed: false, because: 'explicit' }),
    )
  }
})

describe('a condition that is not known here', () => {
  const unknown: [string, object, string][] = [
    ['an operator', when('ForAnyValue:StringLike', 'aws:RequestedRegion', 'eu-*'), 'aws:RequestedRegion'],
    ['a key', when('StringEquals', 'dynamodb:LeadingKeys', 'mine'), 'dynamodb:LeadingKeys'],
    ['a variable', when('StringEquals', 'aws:PrincipalArn', `\${aws:userid}`), 'aws:PrincipalArn'],
    ['an inherited name', when('constructor', 'aws:PrincipalArn', 'x'), 'aws:PrincipalArn'],
  ]
  for (const [what, condition, key] of unknown) {
    it(`(${what}) allows nothing and says so`, () => {
      expect(decide(allow('*', '*', condition), 'dynamodb:GetItem', TABLE)).toEqual({
        allowed: false,
        because: 'implicit',
        unknownCondition: key,
      })
    })

    it(`(${what}) does not keep a deny from denying`, () => {
      expect(decide([allow('*', '*'), deny('*', TABLE, condition)], 'dynamodb:GetItem', TABLE)).toEqual({
        allowed: false,
        because: 'explicit',
        unknownCondition: key,
      })
    })
  }
})
