// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how Fn::Sub is written
import { describe, expect, it } from 'vitest'
import {
  createResolver,
  type DynamicReference,
  type ResolverOptions,
  TemplateError,
} from '../../../local/alb/index.ts'

const template = {
  Parameters: {
    Stage: { Type: 'String', Default: 'dev' },
    Required: { Type: 'String' },
  },
  Mappings: { Sizes: { small: { cpu: 1 } } },
  Conditions: {
    IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
    IsProd: { 'Fn::Not': [{ Condition: 'IsDev' }] },
    Either: { 'Fn::Or': [{ Condition: 'IsDev' }, { Condition: 'IsProd' }] },
    Both: { 'Fn::And': [{ Condition: 'IsDev' }, { Condition: 'IsProd' }] },
  },
  Resources: {
    Table: { Type: 'AWS::DynamoDB::Table' },
    Secret: { Type: 'AWS::SecretsManager::Secret' },
  },
}

function resolver(change: Partial<ResolverOptions> = {}) {
  return createResolver({
    template,
    physicalIds: { Table: 'runs-table', Secret: 'arn:aws:secretsmanager:eu-central-1:1:secret:oidc-AbCdEf' },
    attributes: { 'Table.Arn': 'arn:table', 'Table.Stream.Label': 'nested' },
    region: 'eu-central-1',
    accountId: '123456789012',
    ...change,
  })
}

describe('a template value', () => {
  const rows: [title: string, value: unknown, resolved: unknown][] = [
    ['that is plain', { a: [1, 'b', true, null] }, { a: [1, 'b', true, null] }],
    ['Ref of a resource', { Ref: 'Table' }, 'runs-table'],
    ['Ref of a parameter with a default', { Ref: 'Stage' }, 'dev'],
    ['Ref of AWS::Region', { Ref: 'AWS::Region' }, 'eu-central-1'],
    ['Ref of AWS::AccountId', { Ref: 'AWS::AccountId' }, '123456789012'],
    ['Ref of AWS::Partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['Ref of AWS::URLSuffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['Ref of AWS::StackName', { Ref: 'AWS::StackName' }, 'local'],
    ['Ref of AWS::NoValue in an object', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
    ['Ref of AWS::NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:table'],
    ['Fn::GetAtt as a text', { 'Fn::GetAtt': 'Table.Stream.Label' }, 'nested'],
    ['Fn::Join', { 'Fn::Join': ['/', ['a', { Ref: 'Table' }, 1]] }, 'a/runs-table/1'],
    [
      'Fn::Sub of a text',
      { 'Fn::Sub': '${AWS::Region}-${Table}-${Table.Arn}' },
      'eu-central-1-runs-table-arn:table',
    ],
    [
      'Fn::Sub with its own values',
      { 'Fn::Sub': ['${x}/${Stage}', { x: { Ref: 'Table' } }] },
      'runs-table/dev',
    ],
    ['Fn::Sub with a literal', { 'Fn::Sub': '${!Stage}' }, '${Stage}'],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Table' }] }] }, 'table'],
    ['Fn::Select by a text', { 'Fn::Select': ['0', ['a', 'b']] }, 'a'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'cpu'] }, 1],
    ['Fn::Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['Fn::If that holds', { 'Fn::If': ['IsDev', 'yes', 'no'] }, 'yes'],
    ['Fn::If that does not', { 'Fn::If': ['IsProd', 'yes', { Ref: 'Table' }] }, 'runs-table'],
    ['Fn::If with Or', { 'Fn::If': ['Either', 1, 2] }, 1],
    ['Fn::If with And', { 'Fn::If': ['Both', 1, 2] }, 2],
    ['Fn::If to no value', { a: { 'Fn::If': ['IsProd', 1, { Ref: 'AWS::NoValue' }] } }, {}],
    [
      'an object with a key that only looks like a function',
      { Ref: 'Table', other: 1 },
      { Ref: 'Table', other: 1 },
    ],
    ['a field called Condition', { Condition: 'IsDev' }, { Condition: 'IsDev' }],
  ]
  for (const [title, value, resolved] of rows) {
    it(`is resolved: ${title}`, async () => {
      expect(await resolver().resolve(value)).toEqual(resolved)
    })
  }

  it('takes parameters that are given before their defaults', async () => {
    const { resolve, holds } = resolver({ parameters: { Stage: 'prod' } })
    expect(await resolve({ Ref: 'Stage' })).toBe('prod')
    expect(await holds('IsProd')).toBe(true)
  })

  it('takes names from functions as well as from objects', async () => {
    const { resolve } = resolver({
      physicalIds: (id, { Type }) => `${id} of ${Type}`,
      attributes: (name) => name.toUpperCase(),
    })
    expect(await resolve({ Ref: 'Table' })).toBe('Table of AWS::DynamoDB::Table')
    expect(await resolve({ 'Fn::GetAtt': ['Table', 'Arn'] })).toBe('TABLE.ARN')
  })

  const refusals: [title: string, value: unknown][] = [
    ['a name the template does not have', { Ref: 'Gone' }],
    ['a parameter without a value', { Ref: 'Required' }],
    ['an attribute nobody gave', { 'Fn::GetAtt': ['Table', 'Name'] }],
    ['an attribute of a resource the template does not have', { 'Fn::GetAtt': ['Gone', 'Arn'] }],
    ['a name that only objects have', { 'Fn::GetAtt': ['Table', 'constructor'] }],
    ['a function that is not supported', { 'Fn::ImportValue': 'x' }],
    ['a function whose name objects have', { 'Fn::constructor': 'x' }],
    ['a condition that is not defined', { 'Fn::If': ['Gone', 1, 2] }],
    ['an index past the end', { 'Fn::Select': [5, ['a']] }],
    ['a join of what is no list', { 'Fn::Join': ['-', 'abc'] }],
    ['a join of objects', { 'Fn::Join': ['-', [{ a: 1 }]] }],
    ['a mapping that is not there', { 'Fn::FindInMap': ['Sizes', 'huge', 'cpu'] }],
  ]
  for (const [title, value] of refusals) {
    it(`is refused: ${title}`, async () => {
      await expect(resolver().resolve(value)).rejects.toBeInstanceOf(TemplateError)
    })
  }
})

describe('a dynamic reference', () => {
  const asked: DynamicReference[] = []
  const secrets = resolver({
    dynamicReference: (reference) => {
      asked.push(reference)
      return JSON.stringify({ clientSecret: 'hush', number: 1 })
    },
  })
  const ARN = 'arn:aws:secretsmanager:eu-central-1:1:secret:oidc-AbCdEf'

  it('to a key of a secret by ARN, joined as CDK joins it, gives that key', async () => {
    const value = {
      'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Secret' }, ':SecretString:clientSecret::}}']],
    }
    expect(await secrets.resolve(value)).toBe('hush')
    expect(asked.at(-1)).toMatchObject({ service: 'secretsmanager', secretId: ARN, jsonKey: 'clientSecret' })
  })

  it('names version stage and id', async () => {
    await secrets.resolve(`{{resolve:secretsmanager:${ARN}:SecretString:clientSecret:AWSPREVIOUS:v1}}`)
    expect(asked.at(-1)).toMatchObject({ versionStage: 'AWSPREVIOUS', versionId: 'v1' })
  })

  it('without a key gives the whole secret', async () => {
    expect(await secrets.resolve('{{resolve:secretsmanager:name:SecretString:::}}')).toContain('hush')
    expect(await secrets.resolve('{{resolve:secretsmanager:name}}')).toContain('hush')
  })

  it('is replaced in the middle of a text, more than once', async () => {
    const reference = '{{resolve:secretsmanager:name:SecretString:clientSecret}}'
    expect(await secrets.resolve(`a ${reference} b ${reference} c`)).toBe('a hush b hush c')
  })

  it('to a parameter names it and its version', async () => {
    await secrets.resolve('{{resolve:ssm:/a/b:3}}')
    expect(asked.at(-1)).toEqual({ service: 'ssm', name: '/a/b', version: '3' })
  })

  it('to a key the secret does not have as a text is refused, without the secret in the message', async () => {
    const reference = (key: string) => `{{resolve:secretsmanager:name:SecretString:${key}::}}`
    for (const key of ['missing', 'number', 'constructor']) {
      const error = await secrets.resolve(reference(key)).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).not.toContain('hush')
    }
  })

  it('to a key of a secret that is no JSON is refused, without the secret in the message', async () => {
    const { resolve } = resolver({ dynamicReference: () => 'hush, no JSON' })
    const error = await resolve('{{resolve:secretsmanager:name:SecretString:a::}}').catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).not.toContain('hush')
  })

  it('is left as it is where nobody looks it up', async () => {
    const text = '{{resolve:secretsmanager:name:SecretString:a::}}'
    expect(await resolver().resolve(text)).toBe(text)
  })
})
