import { beforeEach, describe, expect, it } from 'vitest'
import { claimedAccessKeyId, refusalMessage } from '../../../local/aws/access.ts'
import { functionCredentials, LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { createAccess } from '../../../local/permissions/access.ts'
import { compilePermissions } from '../../../local/permissions/evaluate.ts'

const TABLE = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Runs'
const PRINCIPAL = 'arn:aws:sts::123456789012:assumed-role/role/flyte-runs'
const UNKNOWN = { operator: 'StringEquals', key: 'dynamodb:LeadingKeys', values: ['mine'] }

let told: string[]
beforeEach(() => {
  told = []
})

const permissions = compilePermissions(
  [
    { effect: 'Allow', actions: ['dynamodb:GetItem'], resources: [TABLE], conditions: [] },
    { effect: 'Allow', actions: ['dynamodb:Query'], resources: [TABLE], conditions: [UNKNOWN] },
    { effect: 'Deny', actions: ['dynamodb:Scan'], resources: ['*'], conditions: [] },
  ],
  new Map(),
)
const access = createAccess(
  [{ functionName: 'flyte-runs', principal: PRINCIPAL, permissions }],
  (name, sentence) => told.push(`${name}: ${sentence}`),
)
const { accessKeyId, sessionToken } = functionCredentials('flyte-runs')
const runs = access.callerOf(accessKeyId, sessionToken)

describe('the access of a deployment', () => {
  it('lets the owner do everything', () => {
    const owner = access.callerOf(LOCAL_CREDENTIALS.accessKeyId)
    expect(owner?.secretAccessKey).toBe(LOCAL_CREDENTIALS.secretAccessKey)
    expect(owner?.refusal('dynamodb:DeleteTable', TABLE)).toBeUndefined()
  })

  it('lets a function do what its role allows, without a word', () => {
    expect(runs?.refusal('dynamodb:GetItem', TABLE)).toBeUndefined()
    expect(told).toEqual([])
  })

  for (const key of ['', 'AKIAOTHER', functionCredentials('flyte-other').accessKeyId]) {
    it(`knows nobody behind the key ${key || '(empty)'}`, () => {
      expect(access.callerOf(key)).toBeUndefined()
    })
  }

  it('knows nobody behind a function’s key without its session token, or with another one', () => {
    expect(access.callerOf(accessKeyId)).toBeUndefined()
    expect(access.callerOf(accessKeyId, '')).toBeUndefined()
    expect(access.callerOf(accessKeyId, functionCredentials('flyte-other').sessionToken)).toBeUndefined()
    expect(access.callerOf(LOCAL_CREDENTIALS.accessKeyId, sessionToken)).toBeUndefined()
  })

  const refusals: [string, action: string, because: string, sentence: RegExp][] = [
    [
      'that no statement allows',
      'dynamodb:PutItem',
      'implicit',
      /flyte-runs may not do dynamodb:PutItem on arn:.*table\/Runs: no statement .*allow 'dynamodb:PutItem' .*lib\/constructs\/permissions\.ts\.$/,
    ],
    [
      'that a statement denies',
      'dynamodb:Scan',
      'explicit',
      /denies it; see lib\/constructs\/permissions\.ts\.$/,
    ],
    [
      'under a condition',
      'dynamodb:Query',
      'implicit',
      /a condition on dynamodb:LeadingKeys, .*permissions\.ts\.$/,
    ],
  ]
  for (const [what, action, because, sentence] of refusals) {
    it(`refuses a call ${what}, and tells the log where that is put right`, () => {
      expect(runs?.refusal(action, TABLE)).toEqual({ action, resource: TABLE, principal: PRINCIPAL, because })
      expect(told).toEqual([expect.stringMatching(sentence)])
    })
  }

  it('tells the log the circumstance that a service knows', () => {
    runs?.refusal('s3:ListBucket', 'arn:aws:s3:::b', ' (As asked.)')
    expect(told).toEqual([expect.stringMatching(/permissions\.ts\. \(As asked\.\)$/)])
  })

  const resources: [string, string, shown: string][] = [
    ['an object by its first folder', 'arn:aws:s3:::b/flyte/a-secret-name', 'arn:aws:s3:::b/flyte/*'],
    ['an object outside a folder', 'arn:aws:s3:::b/a-secret-name', 'arn:aws:s3:::b/*'],
    ['a name that would be a line of its own', `${TABLE}\nflyte-runs: fine`, `${TABLE}?flyte-runs: fine`],
  ]
  for (const [what, resource, shown] of resources) {
    it(`names ${what}`, () => {
      runs?.refusal('s3:PutObject', resource)
      expect(told[0]).toContain(` on ${shown}: no statement`)
    })
  }
})

describe('a refusal', () => {
  const refusal = { action: 's3:GetObject', resource: 'arn:aws:s3:::b/k', principal: PRINCIPAL } as const

  it('names the function, the action and the resource in the words of AWS', () => {
    expect(refusalMessage({ ...refusal, because: 'implicit' })).toBe(
      `User: ${PRINCIPAL} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action`,
    )
  })

  it('says that it is explicit', () => {
    expect(refusalMessage({ ...refusal, because: 'explicit' })).toMatch(
      / with an explicit deny in an identity-based policy$/,
    )
  })
})

describe('the key of a signed request', () => {
  const HEADER =
    'AWS4-HMAC-SHA256 Credential=ASIALOCAL-flyte-runs/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0'
  it('is read from its header', () =>
    expect(claimedAccessKeyId({ authorization: HEADER })).toBe('ASIALOCAL-flyte-runs'))

  for (const header of [
    undefined,
    '',
    'Bearer x',
    'AWS4-HMAC-SHA256 Signature=0',
    'AWS4-HMAC-SHA256 Credential=/x',
    HEADER.replace('SHA256', 'SHA1'),
  ]) {
    it(`is not read from ${header || 'nothing'}`, () =>
      expect(claimedAccessKeyId({ authorization: header })).toBeUndefined())
  }
})
