/** The DynamoDB client that the stores share, and what its failures mean. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { asServiceError, ServiceError } from '../../errors.ts'

/**
 * Makes a client from the environment that Lambda gives (region, credentials, endpoint). Three attempts a call,
 * each with a second to connect and three to answer, so that an outage is told to the caller in time.
 */
export function createDynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
  })
}

const THROTTLED: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
])

/** What the database says about a request that we should not have made. */
const OUR_MISTAKES: ReadonlySet<string> = new Set(['ValidationException', 'SerializationException'])

/**
 * A failure of the database as the caller is told about it: `store_throttled` or `store_unavailable`, both of
 * which invite another try; `internal_error` for a request that the database rightly refused.
 */
export function storeErrorOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  const name = error instanceof Error ? error.name : ''
  if (OUR_MISTAKES.has(name) || error instanceof TypeError) return asServiceError(error)
  return new ServiceError(THROTTLED.has(name) ? 'store_throttled' : 'store_unavailable', { cause: error })
}

/** Whether a conditional write found its condition false. */
export function isConditionFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException'
}
