/** What the functions call: doubles of AWS's services with the tables, buckets and secrets of the template. */
import { join } from 'node:path'
import type { Credentials } from './aws/credentials.ts'
import { startDynamoDb } from './aws/dynamodb.ts'
import { startKms } from './aws/kms.ts'
import { startLogs } from './aws/logs.ts'
import { madeSecrets } from './aws/made-secrets.ts'
import { startS3 } from './aws/s3.ts'
import { type LocalScheduler, startScheduler } from './aws/scheduler.ts'
import { type OnSecretChange, startSecretsManager } from './aws/secrets-manager.ts'
import type { Closing } from './closing.ts'
import type { Deployment } from './deployment.ts'
import type { LogLine } from './functions/types.ts'
import { createAccess } from './permissions/access.ts'
import { tableArn } from './resource-names.ts'

export interface ServiceEndpoints {
  readonly dynamodb: string
  readonly s3: string
  readonly secretsManager: string
  readonly kms: string
  readonly logs: string
  readonly scheduler: string
}

export interface Services {
  readonly endpoints: ServiceEndpoints
  /** Calls nothing until it is started: the functions that it calls come later. */
  readonly scheduler: LocalScheduler
}

/**
 * Starts the doubles. Each function may do there what its role allows in the template; what it may not is
 * refused as AWS does, and told to the log.
 *
 * @param options.dataDirectory Where tables and objects are kept; undefined keeps them in memory.
 * @param options.keepSecret Told of secrets that are replaced.
 * @throws {TableShapeError}
 */
export async function startServices(options: {
  deployment: Deployment
  dataDirectory: string | undefined
  keepSecret: OnSecretChange
  closing: Closing
  log: LogLine
}): Promise<Services> {
  const { deployment, dataDirectory, keepSecret, closing, log } = options
  const access = createAccess(deployment.identities, log)
  const kept = (name: string) => (dataDirectory === undefined ? null : join(dataDirectory, name))
  const dynamodb = await startDynamoDb({
    directory: kept('dynamodb'),
    tables: deployment.tables,
    access,
    arnOf: (table) => tableArn(deployment.region, table),
  })
  closing.add(dynamodb.close)
  const s3 = await startS3({ directory: kept('s3'), buckets: deployment.buckets, access })
  closing.add(s3.close)
  const { secrets, region } = deployment
  const secretsManager = await startSecretsManager({
    secrets,
    access,
    made: await madeSecrets({ declared: secrets, region, file: kept('made-secrets.json') }),
    onChange: keepSecret,
  })
  closing.add(secretsManager.close)
  const kms = await startKms({ keys: deployment.kmsKeys, access })
  closing.add(kms.close)
  const logs = await startLogs({ groups: logGroups(deployment), region, access, file: kept('logs.json') })
  closing.add(logs.close)
  const groups = deployment.scheduleGroups
  const scheduler = await startScheduler({ groups, region, access, file: kept('schedules.json') })
  closing.add(scheduler.close)
  const endpoints = {
    dynamodb: dynamodb.endpoint,
    s3: s3.endpoint,
    secretsManager: secretsManager.endpoint,
    kms: kms.endpoint,
    logs: logs.endpoint,
    scheduler: scheduler.endpoint,
  }
  return { endpoints, scheduler }
}

/** The log groups that a deployment expects to be there: no template makes those of tasks. */
function logGroups({ functions }: Deployment): string[] {
  const named = [...functions.values()].flatMap(({ environment }) => {
    const settings = JSON.parse(environment.FLYTE_SETTINGS ?? '{}') as { runs?: { logs?: { group: string } } }
    return settings.runs?.logs?.group ?? []
  })
  return [...new Set(named)]
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
    AWS_ENDPOINT_URL_KMS: endpoints.kms,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoints.logs,
    AWS_ENDPOINT_URL_SCHEDULER: endpoints.scheduler,
  }
}
