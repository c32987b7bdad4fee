import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ServiceError } from '../../../../../functions/shared/errors.ts'
import {
  createDynamoDbClient,
  isConditionFailure,
  storeErrorOf,
} from '../../../../../functions/shared/stores/dynamodb/client.ts'
import { RUNS_TABLE, startTestDatabase, type TestDatabase } from '../../../../support/dynamodb.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await startTestDatabase()
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', database.endpoint)
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
})
afterEach(() => database.failWith(undefined))
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.close()
})

const put = () => new PutItemCommand({ TableName: RUNS_TABLE, Item: { pk: { S: 'a' }, sk: { S: 'b' } } })

describe('the DynamoDB client', () => {
  it('finds the database where the environment says it is', async () => {
    const client = createDynamoDbClient()
    await client.send(put())
    expect(database.operations).toEqual(['PutItem'])
    client.destroy()
  })

  it('tries a failing call three times', async () => {
    database.forget()
    database.failWith(() => 'hang-up')
    const client = createDynamoDbClient()
    const error: unknown = await client.send(put()).catch((thrown: unknown) => thrown)
    client.destroy()
    expect(storeErrorOf(error).reason).toBe('store_unavailable')
    expect(database.operations).toEqual(['PutItem', 'PutItem', 'PutItem'])
  })
})

describe('what a failure of the database means', () => {
  const named = (name: string) => Object.assign(new Error('text'), { name })
  const rows: [string, string][] = [
    ['ProvisionedThroughputExceededException', 'store_throttled'],
    ['RequestLimitExceeded', 'store_throttled'],
    ['ThrottlingException', 'store_throttled'],
    ['InternalServerError', 'store_unavailable'],
    ['ResourceNotFoundException', 'store_unavailable'],
    ['AccessDeniedException', 'store_unavailable'],
    ['TimeoutError', 'store_unavailable'],
    ['ValidationException', 'internal_error'],
    ['TypeError', 'store_unavailable'],
  ]
  for (const [name, reason] of rows) {
    it(`reads ${name} as ${reason}`, () => {
      expect(storeErrorOf(named(name)).reason).toBe(reason)
    })
  }

  it('takes a TypeError of our own for what it is', () => {
    expect(storeErrorOf(new TypeError('a bug')).reason).toBe('internal_error')
  })

  it('keeps a refusal that already has a reason', () => {
    const refusal = new ServiceError('page_token_invalid')
    expect(storeErrorOf(refusal)).toBe(refusal)
  })

  it('tells a condition that does not hold from a failure', () => {
    expect(isConditionFailure(named('ConditionalCheckFailedException'))).toBe(true)
    expect(isConditionFailure(named('TransactionCanceledException'))).toBe(false)
    expect(isConditionFailure('text')).toBe(false)
  })
})
