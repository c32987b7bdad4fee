import { describe, expect, it } from 'vitest'
import { readStatements } from '../../../local/permissions/statement.ts'

const GOOD = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }
const read = (statement: unknown) => readStatements({ Statement: statement }, 'Policy')

describe('a policy document', () => {
  it('may have one statement or several, of one value or several', () => {
    const one = {
      effect: 'Allow',
      actions: ['s3:GetObject'],
      resources: ['arn:aws:s3:::b/*'],
      conditions: [],
    }
    expect(read(GOOD)).toEqual([one])
    expect(read([GOOD, { ...GOOD, Sid: 'Again', Action: ['s3:PutObject', 's3:GetObject'] }])).toEqual([
      one,
      { ...one, actions: ['s3:PutObject', 's3:GetObject'] },
    ])
  })

  it('may be empty', () => expect(readStatements({}, 'Policy')).toEqual([]))

  it('keeps its conditions, key by key', () => {
    const Condition = { Bool: { 'aws:SecureTransport': false }, StringLike: { a: ['x', 'y'] } }
    expect(read({ ...GOOD, Condition })[0]?.conditions).toEqual([
      { operator: 'Bool', key: 'aws:SecureTransport', values: ['false'] },
      { operator: 'StringLike', key: 'a', values: ['x', 'y'] },
    ])
  })

  const { Action: _action, ...withoutAction } = GOOD
  const { Resource: _resource, ...withoutResource } = GOOD
  const refusals: [string, unknown, where: string][] = [
    ['NotAction', { ...withoutAction, NotAction: 's3:*' }, 'Policy.Statement[0].NotAction'],
    ['NotResource', { ...withoutResource, NotResource: '*' }, 'Policy.Statement[0].NotResource'],
    ['a principal', { ...GOOD, Principal: '*' }, 'Policy.Statement[0].Principal'],
    ['a field that is not known', { ...GOOD, Resources: '*' }, 'Policy.Statement[0].Resources'],
    ['no action', withoutAction, 'Policy.Statement[0].Action'],
    ['no resource', withoutResource, 'Policy.Statement[0].Resource'],
    ['an empty list of actions', { ...GOOD, Action: [] }, 'Policy.Statement[0].Action'],
    ['an action that is no text', { ...GOOD, Action: [{}] }, 'Policy.Statement[0].Action'],
    ['another effect', { ...GOOD, Effect: 'allow' }, 'Policy.Statement[0].Effect'],
    ['a variable', { ...GOOD, Resource: `arn:aws:s3:::b/\${aws:userid}/*` }, 'Policy.Statement[0].Resource'],
    ['a condition that is no object', { ...GOOD, Condition: 'x' }, 'Policy.Statement[0].Condition'],
    ['a statement that is no object', 'Allow', 'Policy'],
  ]
  for (const [what, statement, where] of refusals) {
    it(`with ${what} is refused, by its place`, () => {
      expect(() => read(statement)).toThrow(expect.objectContaining({ name: 'TemplateError', where }))
    })
  }
})
