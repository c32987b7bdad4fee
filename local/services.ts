/** What the functions call: doubles of AWS's services with the tables, buckets and secrets of the template. */
import { join } from 'node:path'
import type { Credentials } from './aws/credentials.ts'
import { startDynamoDb } from './aws/dynamodb.ts'
import { startS3 } from './aws/s3.ts'
import { startSecretsManager } from './aws/secrets-manager.ts'
import type { Closing } from './closing.ts'
import type { Deployment } from './deployment.ts'
import type { LogLine } from './functions/types.ts'
import { createAccess } from './permissions/access.ts'
import { tableArn } from './resource-names.ts'

export interface ServiceEndpoints {
  readonly dynamodb: string
  readonly s3: string
  readonly secretsManager: string
}

/**
 * Starts the doubles. Each function may do there what its role allows in the template; what it may not is
 * refused as AWS does, and told to the log.
 *
 * @param options.dataDirectory Where tables and objects are kept; undefined keeps them in memory.
 * @throws {TableShapeError}
 */
export async function startServices(options: {
  deployment: Deployment
  dataDirectory: string | undefined
  closing: Closing
  log: LogLine
}): Promise<ServiceEndpoints> {
  const { deployment, dataDirectory, closing, log } = options
  const access = createAccess(deployment.identities, log)
  const directory = (name: string) => (dataDirectory === undefined ? null : join(dataDirectory, name))
  const dynamodb = await startDynamoDb({
    directory: directory('dynamodb'),
    tables: deployment.tables,
    access,
    arnOf: (table) => tableArn(deployment.region, table),
  })
  closing.add(dynamodb.close)
  const s3 = await startS3({ directory: directory('s3'), buckets: deployment.buckets, access })
  closing.add(s3.close)
  const secretsManager = await startSecretsManager({ secrets: deployment.secrets, access })
  closing.add(secretsManager.close)
  return { dynamodb: dynamodb.endpoint, s3: s3.endpoint, secretsManager: secretsManager.endpoint }
}

/** What Lambda and the AWS SDK read: the region, credentials, and where the services are. */
export function awsVariables(options: {
  region: string
  endpoints: ServiceEndpoints
  credentials: Credentials
}): Record<string, string> {
  const { region, endpoints, credentials } = options
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
  }
}
