import { acknowledgeWildcard } from '../acknowledge.ts'
import type { AppFunction } from './app-function.ts'
import type { RunStorage } from './buckets.ts'
import type { Tables } from './tables.ts'
import { RUNS_INDEXES } from './tables.ts'

/** What `runs` does on the Runs table itself; on its indexes it only queries. */
export const RUNS_TABLE_ACTIONS = [
  'dynamodb:BatchGetItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
] as const
export const AUTH_TABLE_ACTIONS = ['dynamodb:GetItem', 'dynamodb:PutItem'] as const
export const STORAGE_ACTIONS = ['s3:GetObject', 's3:PutObject'] as const

/** Grants the function `runs` exactly what its stores call. No scan, no delete, no list. */
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
  acknowledgeWildcard(
    runs.role,
    objects,
    "Objects are named by run, all below one prefix that is this deployment's own.",
  )
}
