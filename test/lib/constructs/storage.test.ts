import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ACTIONS_INDEX_ATTRIBUTES,
  CHILDREN_INDEX,
  PAUSED_INDEX,
  RUNS_INDEX_ATTRIBUTES,
  RUNS_INDEXES,
} from '../../../lib/constructs/tables.ts'
import { EXISTING, flat, resourceOf, resourcesOf, type Tree, templateWith } from '../fixtures.ts'

const TABLE = 'AWS::DynamoDB::Table'
const BUCKET = 'AWS::S3::Bucket'
const SECRET = 'AWS::SecretsManager::Secret'

let template: Template
beforeAll(() => {
  template = templateWith()
})

describe('the tables', () => {
  for (const id of ['TablesRuns', 'TablesAuth']) {
    it(`${id} is on demand, restorable, expiring, protected and kept`, () => {
      const table = resourceOf(template, TABLE, id)
      expect(table.DeletionPolicy).toBe('Retain')
      expect(table.Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        DeletionProtectionEnabled: true,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      })
    })
  }

  for (const [index, partitionKey, more] of [
    ['byProject', 'projectKey', ACTIONS_INDEX_ATTRIBUTES],
    ['byOwner', 'ownerKey', []],
    ['byTask', 'taskKey', []],
    ['byTrigger', 'triggerKey', []],
  ] as const) {
    it(`Runs has the index ${index}, newest first within ${partitionKey}, with what lists show`, () => {
      template.hasResourceProperties(TABLE, {
        GlobalSecondaryIndexes: Match.arrayWith([
          {
            IndexName: index,
            KeySchema: [
              { AttributeName: partitionKey, KeyType: 'HASH' },
              { AttributeName: 'createdAtKey', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...RUNS_INDEX_ATTRIBUTES, ...more] },
          },
        ]),
      })
    })
  }

  it('Auth has no index', () => {
    expect(resourceOf(template, TABLE, 'TablesAuth').Properties.GlobalSecondaryIndexes).toBeUndefined()
  })

  it('stay below the number of attributes that a table may project', () => {
    const ofRuns = RUNS_INDEX_ATTRIBUTES.length * RUNS_INDEXES.length + ACTIONS_INDEX_ATTRIBUTES.length
    const ofOthers = CHILDREN_INDEX.attributes.length + PAUSED_INDEX.attributes.length
    expect(ofRuns + ofOthers).toBeLessThanOrEqual(100)
  })
})

describe('the buckets', () => {
  it('are closed to the public, encrypted and kept', () => {
    const buckets = resourcesOf(template, BUCKET)
    expect(buckets).toHaveLength(2)
    for (const [, bucket] of buckets) {
      expect(bucket.DeletionPolicy).toBe('Retain')
      expect(bucket.Properties).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: expect.anything(),
      })
    }
  })

  it('refuse requests without TLS', () => {
    const policies = resourcesOf(template, 'AWS::S3::BucketPolicy')
    expect(policies).toHaveLength(2)
    for (const [, { Properties }] of policies) {
      const { Statement } = Properties.PolicyDocument as { Statement: Tree[] }
      expect(Statement).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      )
    }
  })

  it('forget unfinished uploads, and logs after their time', () => {
    expect(resourceOf(template, BUCKET, 'Storage').Properties.LifecycleConfiguration).toMatchObject({
      Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' }],
    })
    expect(resourceOf(template, BUCKET, 'AccessLogs').Properties.LifecycleConfiguration).toMatchObject({
      Rules: [{ ExpirationInDays: 90, Status: 'Enabled' }],
    })
  })

  it('are not made where existing ones are named', () => {
    const existing = templateWith({ runs: { storagePrefix: 's3://my-bucket/flyte' } })
    expect(resourcesOf(existing, BUCKET).map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'AccessLogs',
    ])
    templateWith({ ...EXISTING, runs: { storagePrefix: 's3://my-bucket' } }).resourceCountIs(BUCKET, 0)
  })
})

describe('the secrets', () => {
  const clientSecretOf = (from: Template): string => {
    const { Actions } = resourceOf(from, 'AWS::ElasticLoadBalancingV2::ListenerRule', 'RulesPages1')
      .Properties as {
      Actions: { AuthenticateOidcConfig?: { ClientSecret: unknown } }[]
    }
    return flat(Actions[0]?.AuthenticateOidcConfig?.ClientSecret)
  }

  it('are the client secret alone where the load balancer signs people in', () => {
    expect(resourcesOf(template, SECRET).map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'SecretsOidcClientSecret',
    ])
  })

  it('are made with keys of the length of 64 and 32 bytes in base64 where the deployment does', () => {
    const template = templateWith({ ingress: { browserAuth: 'service' } })
    expect(resourcesOf(template, SECRET)).toHaveLength(3)
    for (const [id, PasswordLength, bytes] of [
      ['SecretsCookieHashKey', 86, 64],
      ['SecretsCookieBlockKey', 43, 32],
    ] as const) {
      const secret = resourceOf(template, SECRET, id)
      expect(secret.DeletionPolicy).toBe('Retain')
      expect(secret.Properties.GenerateSecretString).toEqual({ ExcludePunctuation: true, PasswordLength })
      expect(Buffer.from('z'.repeat(PasswordLength), 'base64')).toHaveLength(bytes)
    }
  })

  it('are references in the template, never values', () => {
    expect(clientSecretOf(template)).toMatch(
      /^\{\{resolve:secretsmanager:<SecretsOidcClientSecret[0-9A-F]{8}>:SecretString:oidc_client_secret::\}\}$/,
    )
  })

  it('are existing ones where they are named', () => {
    const existing = templateWith({
      secrets: {
        oidcClientSecret: {
          name: 'team/oidc',
          key: 'clientSecret',
          versionId: '01234567-89ab-cdef-0123-456789abcdef',
        },
      },
    })
    existing.resourceCountIs(SECRET, 0)
    expect(clientSecretOf(existing)).toBe(
      '{{resolve:secretsmanager:team/oidc:SecretString:clientSecret::01234567-89ab-cdef-0123-456789abcdef}}',
    )
    existing.hasOutput('OidcClientSecretName', { Value: 'team/oidc' })
  })

  it('are one with both cookie keys where that is named', () => {
    const existing = templateWith({
      ingress: { browserAuth: 'service' },
      secrets: { oidcClientSecret: { name: 'team/oidc' }, cookieKeys: { name: 'team/cookies' } },
    })
    existing.resourceCountIs(SECRET, 0)
    existing.hasOutput('CookieKeyNames', { Value: 'team/cookies' })
  })

  it('may be the whole of an existing secret', () => {
    const whole = templateWith({ secrets: { oidcClientSecret: { name: 'team/oidc', plainText: true } } })
    expect(clientSecretOf(whole)).toBe('{{resolve:secretsmanager:team/oidc:SecretString:::}}')
  })
})
