import { acknowledgeWildcard } from '../acknowledge.ts'
import type { SignInSecrets } from '../settings/function-settings.ts'
import type { AppFunction } from './app-function.ts'
import type { AuthorizationServerSecrets } from './authorization-server-secrets.ts'
import type { RunStorage } from './buckets.ts'
import { secretResource } from './secrets.ts'
import type { Tables } from './tables.ts'
import { CHILDREN_INDEX, PAUSED_INDEX, RUNS_INDEXES } from './tables.ts'

/** What `runs` does on the Runs table itself; on its indexes it only queries. */
export const RUNS_TABLE_ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
] as const
export const AUTH_TABLE_ACTIONS = ['dynamodb:GetItem', 'dynamodb:PutItem'] as const
export const STORAGE_ACTIONS = ['s3:GetObject', 's3:PutObject'] as const

/**
 * Grants the function `runs` exactly what its stores call. No scan, no delete. It lists nothing itself, but may: S3
 * says that an object is not there only to who may list the bucket, and 403 to everybody else.
 */
export function allowRuns(
  runs: AppFunction,
  { tables, storage }: { tables: Tables; storage: RunStorage },
): void {
  runs.allow(RUNS_TABLE_ACTIONS, [tables.runs.tableArn])
  const indexes = [...RUNS_INDEXES, PAUSED_INDEX].map(
    ({ indexName }) => `${tables.runs.tableArn}/index/${indexName}`,
  )
  runs.allow(['dynamodb:Query'], indexes)
  runs.allow(AUTH_TABLE_ACTIONS, [tables.auth.tableArn])
  const objects = storage.bucket.arnForObjects(storage.prefix === '' ? '*' : `${storage.prefix}/*`)
  runs.allow(STORAGE_ACTIONS, [objects])
  runs.allow(['s3:ListBucket'], [storage.bucket.bucketArn])
  acknowledgeWildcard(
    runs.role,
    objects,
    "Objects are named by run, all below one prefix that is this deployment's own.",
  )
}

/** What `actions` does on the Runs table itself; on the index of children it only queries. */
export const ACTIONS_TABLE_ACTIONS = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] as const

/**
 * Grants the function `actions` exactly what its stores call. Of the bucket it has the one place for task specs that
 * an item cannot hold, and only to write.
 */
export function allowActions(
  actions: AppFunction,
  { tables, storage }: { tables: Tables; storage: RunStorage },
): void {
  actions.allow(ACTIONS_TABLE_ACTIONS, [tables.runs.tableArn])
  actions.allow(['dynamodb:Query'], [`${tables.runs.tableArn}/index/${CHILDREN_INDEX.indexName}`])
  const specs = storage.bucket.arnForObjects([storage.prefix, 'task-specs/*'].filter(Boolean).join('/'))
  actions.allow(['s3:PutObject'], [specs])
  acknowledgeWildcard(actions.role, specs, 'Task specs are named by their digest, all below one prefix.')
}

/**
 * Grants a function what signing people in and reading their sessions takes: the cookie keys and the client secret,
 * and in the Auth table what was refreshed, ended and used once. It changes no item and deletes none.
 */
export function allowSessions(
  reader: AppFunction,
  { tables, signIn }: { tables: Tables; signIn: SignInSecrets },
): void {
  reader.allow(AUTH_TABLE_ACTIONS, [tables.auth.tableArn])
  const { clientSecret, cookieKeyNames } = signIn
  const names = [...(clientSecret === null ? [] : [clientSecret.name]), ...cookieKeyNames]
  allowSecrets(reader, ['secretsmanager:GetSecretValue'], names)
}

/** Grants actions on secrets, by their names or ARNs. */
function allowSecrets(user: AppFunction, actions: readonly string[], names: readonly string[]): void {
  const resources = [...new Set(names)].map((name) => secretResource(user, name))
  user.allow(actions, resources)
  for (const resource of resources.filter((one) => one.endsWith('-??????'))) {
    acknowledgeWildcard(user.role, resource, 'Secrets Manager adds six characters to the name of a secret.')
  }
}

/** What the grants of the authorization server do in the Auth table: each is made, changed, used once and ended. */
export const GRANT_ACTIONS = [
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
] as const

/** Grants the function `authorization-server` exactly what its store calls, and its secrets to read or keys to use. */
export function allowAuthorizationServer(
  server: AppFunction,
  { tables, secrets }: { tables: Tables; secrets: AuthorizationServerSecrets },
): void {
  server.allow(GRANT_ACTIONS, [tables.auth.tableArn])
  const { signingKeysSecret, signingKmsKeys, clientSecretsSecret } = secrets
  if (signingKmsKeys !== undefined) server.allow(['kms:GetPublicKey', 'kms:Sign'], signingKmsKeys)
  const read = signingKeysSecret === null ? [] : [signingKeysSecret]
  allowSecrets(server, ['secretsmanager:GetSecretValue'], [...read, clientSecretsSecret])
}

/** Grants the job `rotate-keys` the one secret that it changes. */
export function allowKeyRotation(job: AppFunction, signingKeysSecret: string): void {
  allowSecrets(job, ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], [signingKeysSecret])
}
