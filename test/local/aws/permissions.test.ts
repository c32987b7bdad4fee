/** What the doubles answer to a function whose role allows a little. */
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Credentials, LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalDynamoDb, startDynamoDb } from '../../../local/aws/dynamodb.ts'
import { type LocalS3, startS3 } from '../../../local/aws/s3.ts'
import { type LocalSecretsManager, startSecretsManager } from '../../../local/aws/secrets-manager.ts'
import { bucketArn, tableArn } from '../../../local/resource-names.ts'
import { presign } from './presign.ts'
import { RESTRICTED_CREDENTIALS, restrictedAccess } from './restricted.ts'

const REGION = 'eu-west-1'
const BUCKET = 'local-runs'
const SECRETS = ['mine', 'theirs'].map((name) => ({
  arn: `arn:aws:secretsmanager:${REGION}:123456789012:secret:${name}-AbC123`,
  name,
  value: `the value of ${name}`,
}))
const arnOf = (table: string) => tableArn(REGION, table)
const table = (TableName: string) => ({
  TableName,
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: ['pk', 'owner'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  GlobalSecondaryIndexes: ['byOwner', 'byTask'].map((IndexName) => ({
    IndexName,
    KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  })),
})

const access = restrictedAccess([
  [['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:BatchGetItem'], [arnOf('Runs')]],
  [['dynamodb:Query'], [`${arnOf('Runs')}/index/byOwner`]],
  [['s3:GetObject', 's3:PutObject'], [`${bucketArn(BUCKET)}/flyte/*`]],
  [['s3:GetObject'], [`${bucketArn('listed')}/*`]],
  [['s3:ListBucket'], [bucketArn('listed')]],
  [['secretsmanager:GetSecretValue'], [`arn:aws:secretsmanager:${REGION}:123456789012:secret:mine-??????`]],
])

let database: LocalDynamoDb
let objects: LocalS3
let secrets: LocalSecretsManager
beforeAll(async () => {
  database = await startDynamoDb({ directory: null, tables: [table('Runs'), table('Auth')], access, arnOf })
  objects = await startS3({ buckets: [BUCKET, 'listed'], directory: null, access })
  secrets = await startSecretsManager({ secrets: SECRETS, access })
})
afterAll(() => Promise.all([database.close(), objects.close(), secrets.close()]))

/** A client for any of its commands, so that a table of tests may hold them. */
const untyped = (client: DynamoDBClient | S3Client) => client as { send(command: object): Promise<unknown> }

/** The call's refusal, or undefined if it went through. */
async function refusalOf(call: Promise<unknown>): Promise<{ name: string; message: string } | undefined> {
  return call.then(
    () => undefined,
    (error: Error) => ({ name: error.name, message: error.message }),
  )
}

describe('DynamoDB', () => {
  const clientOf = (credentials: Credentials) =>
    new DynamoDBClient({ endpoint: database.endpoint, region: REGION, credentials })
  const send = (command: object, credentials: Credentials = RESTRICTED_CREDENTIALS) =>
    refusalOf(untyped(clientOf(credentials)).send(command))
  const Key = { pk: { S: 'a' } }
  const query = (IndexName?: string) =>
    new QueryCommand({
      TableName: 'Runs',
      ...(IndexName === undefined ? {} : { IndexName }),
      KeyConditionExpression: IndexName === undefined ? 'pk = :x' : '#o = :x',
      ...(IndexName === undefined ? {} : { ExpressionAttributeNames: { '#o': 'owner' } }),
      ExpressionAttributeValues: { ':x': { S: 'x' } },
    })

  it('does what the role allows, on the table and on its index', async () => {
    expect(await send(new PutItemCommand({ TableName: 'Runs', Item: Key }))).toBeUndefined()
    expect(await send(new GetItemCommand({ TableName: 'Runs', Key }))).toBeUndefined()
    expect(await send(new BatchGetItemCommand({ RequestItems: { Runs: { Keys: [Key] } } }))).toBeUndefined()
    expect(await send(query('byOwner'))).toBeUndefined()
  })

  const refusals: [string, object, action: string, resource: string][] = [
    ['another action', new ScanCommand({ TableName: 'Runs' }), 'dynamodb:Scan', arnOf('Runs')],
    ['another table', new GetItemCommand({ TableName: 'Auth', Key }), 'dynamodb:GetItem', arnOf('Auth')],
    [
      'a table that is not there',
      new GetItemCommand({ TableName: 'No', Key }),
      'dynamodb:GetItem',
      arnOf('No'),
    ],
    ['the table in place of its index', query(), 'dynamodb:Query', arnOf('Runs')],
    ['another index', query('byTask'), 'dynamodb:Query', `${arnOf('Runs')}/index/byTask`],
    [
      'a batch with one table more',
      new BatchGetItemCommand({ RequestItems: { Runs: { Keys: [Key] }, Auth: { Keys: [Key] } } }),
      'dynamodb:BatchGetItem',
      arnOf('Auth'),
    ],
    [
      'a batch that writes, where single writes are allowed',
      new BatchWriteItemCommand({ RequestItems: { Runs: [{ PutRequest: { Item: Key } }] } }),
      'dynamodb:BatchWriteItem',
      arnOf('Runs'),
    ],
    ['an operation on no table', new ListTablesCommand({}), 'dynamodb:ListTables', '*'],
    [
      'a new table',
      new CreateTableCommand({ ...table('New'), BillingMode: 'PAY_PER_REQUEST' } as never),
      'dynamodb:CreateTable',
      arnOf('New'),
    ],
  ]
  for (const [what, command, action, resource] of refusals) {
    it(`refuses ${what} as AWS does`, async () => {
      expect(await send(command)).toEqual({
        name: 'AccessDeniedException',
        message: `User: arn:aws:sts::123456789012:assumed-role/local-role/flyte-test is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      })
    })
  }

  it('refuses a write before it is written', async () => {
    const Item = { pk: { S: 'never' } }
    await send(new PutItemCommand({ TableName: 'Auth', Item }))
    const { Item: found } = await clientOf(LOCAL_CREDENTIALS).send(
      new GetItemCommand({ TableName: 'Auth', Key: Item }),
    )
    expect(found).toBeUndefined()
  })

  it('knows nobody behind another key', async () => {
    const command = new GetItemCommand({ TableName: 'Runs', Key })
    for (const change of [{ accessKeyId: 'AKIAOTHER' }, { sessionToken: 'other' }]) {
      expect(await send(command, { ...RESTRICTED_CREDENTIALS, ...change })).toMatchObject({
        name: 'UnrecognizedClientException',
      })
    }
  })

  it('refuses a call that nobody signed, and one signed in its query', async () => {
    const query = `?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${LOCAL_CREDENTIALS.accessKeyId}/x&X-Amz-Date=x&X-Amz-SignedHeaders=x&X-Amz-Signature=x`
    for (const target of ['', query]) {
      const response = await fetch(`${database.endpoint}/${target}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.Scan' },
        body: JSON.stringify({ TableName: 'Runs' }),
      })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        __type: 'com.amazon.coral.service#MissingAuthenticationTokenException',
      })
    }
  })

  it('leaves it to the database to refuse what is not JSON', async () => {
    const response = await fetch(database.endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${LOCAL_CREDENTIALS.accessKeyId}/x, SignedHeaders=host, Signature=0`,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.Scan',
      },
      body: '{"TableName":',
    })
    expect(await response.json()).toMatchObject({
      __type: 'com.amazon.coral.service#SerializationException',
    })
  })
})

describe('S3', () => {
  const clientOf = (credentials: Credentials) =>
    new S3Client({ endpoint: objects.endpoint, region: REGION, credentials, forcePathStyle: true })
  const send = (command: object) => refusalOf(untyped(clientOf(RESTRICTED_CREDENTIALS)).send(command))
  const at = (Key: string, Bucket = BUCKET) => ({ Bucket, Key })

  it('does what the role allows', async () => {
    expect(await send(new PutObjectCommand({ ...at('flyte/a'), Body: 'x' }))).toBeUndefined()
    expect(await send(new GetObjectCommand(at('flyte/a')))).toBeUndefined()
    expect(await send(new HeadObjectCommand(at('flyte/a')))).toBeUndefined()
  })

  const refusals: [string, object, action: string, resource: string][] = [
    ['another prefix', new GetObjectCommand(at('other/a')), 's3:GetObject', `${BUCKET}/other/a`],
    ['a write there', new PutObjectCommand({ ...at('<&">'), Body: 'x' }), 's3:PutObject', `${BUCKET}/<&">`],
    ['another action', new DeleteObjectCommand(at('flyte/a')), 's3:DeleteObject', `${BUCKET}/flyte/a`],
    ['a list', new ListObjectsV2Command({ Bucket: BUCKET }), 's3:ListBucket', BUCKET],
    ['to say that an object is not there', new GetObjectCommand(at('flyte/no')), 's3:ListBucket', BUCKET],
  ]
  for (const [what, command, action, resource] of refusals) {
    it(`refuses ${what} as AWS does`, async () => {
      expect(await send(command)).toEqual({
        name: 'AccessDenied',
        message: `User: arn:aws:sts::123456789012:assumed-role/local-role/flyte-test is not authorized to perform: ${action} on resource: "arn:aws:s3:::${resource}" because no identity-based policy allows the ${action} action`,
      })
    })
  }

  it('says that an object is not there to who may list the bucket', async () => {
    expect(await send(new GetObjectCommand(at('no', 'listed')))).toMatchObject({ name: 'NoSuchKey' })
    expect(await send(new HeadObjectCommand(at('no', 'listed')))).toMatchObject({ name: 'NotFound' })
  })

  it('knows nobody behind a key without its session token', async () => {
    const { sessionToken: _, ...withoutToken } = RESTRICTED_CREDENTIALS
    const sent = clientOf(withoutToken).send(new GetObjectCommand(at('flyte/a')))
    await expect(sent).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
  })

  it('refuses HEAD with 403 and no body', async () => {
    const sent = clientOf(RESTRICTED_CREDENTIALS).send(new HeadObjectCommand(at('flyte/no')))
    await expect(sent).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
  })

  it('refuses what is not written, and keeps nothing of it', async () => {
    await send(new PutObjectCommand({ ...at('other/never'), Body: 'x' }))
    const sent = clientOf(LOCAL_CREDENTIALS).send(new GetObjectCommand(at('other/never')))
    await expect(sent).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('asks at the use of a presigned URL what its signer may do', async () => {
    const put = (key: string, credentials: Credentials = RESTRICTED_CREDENTIALS) =>
      fetch(
        presign({
          endpoint: objects.endpoint,
          method: 'PUT',
          path: `/${BUCKET}/${key}`,
          headers: {},
          expiresInSeconds: 60,
          credentials,
        }),
        { method: 'PUT', body: 'x' },
      )
    expect((await put('flyte/presigned')).status).toBe(200)
    expect((await put('other/presigned')).status).toBe(403)
    const { sessionToken: _, ...withoutToken } = RESTRICTED_CREDENTIALS
    expect((await put('flyte/presigned', withoutToken)).status).toBe(403)
  })
})

describe('Secrets Manager', () => {
  const send = (SecretId: string) =>
    refusalOf(
      new SecretsManagerClient({
        endpoint: secrets.endpoint,
        region: REGION,
        credentials: RESTRICTED_CREDENTIALS,
      }).send(new GetSecretValueCommand({ SecretId })),
    )

  it('gives a secret that the role allows, by name and by ARN', async () => {
    expect(await send('mine')).toBeUndefined()
    expect(await send(SECRETS[0]?.arn ?? '')).toBeUndefined()
  })

  for (const [what, id] of [
    ['another secret', 'theirs'],
    ['another secret by its ARN', SECRETS[1]?.arn ?? ''],
    ['to say whether a secret is there', 'none'],
  ] as const) {
    it(`refuses ${what} as AWS does`, async () => {
      const action = 'secretsmanager:GetSecretValue'
      expect(await send(id)).toEqual({
        name: 'AccessDeniedException',
        message: `User: arn:aws:sts::123456789012:assumed-role/local-role/flyte-test is not authorized to perform: ${action} on resource: ${id} because no identity-based policy allows the ${action} action`,
      })
    })
  }

  it('refuses a request that is not JSON, and goes on', async () => {
    const response = await fetch(secrets.endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${LOCAL_CREDENTIALS.accessKeyId}/x, SignedHeaders=host, Signature=0`,
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body: 'no JSON',
    })
    expect(response.status).toBe(400)
    expect(await send('mine')).toBeUndefined()
  })
})
