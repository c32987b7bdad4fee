import { acknowledgeWildcard } from '../acknowledge.ts'
import type { AppFunction } from './app-function.ts'
import type { RunStorage } from './buckets.ts'
import type { Tables } from './tables.ts'
import { CHILDREN_INDEX, RUNS_INDEXES } from './tables.ts'

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
  const indexes = RUNS_INDEXES.map(({ indexName }) => `${tables.runs.tableArn}/index/${indexName}`)
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
