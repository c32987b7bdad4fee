/** Runs in DynamoDB: the table `Runs` and its indexes byProject, byOwner and byTask. */
import { type DynamoDBClient, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import {
  type AbortOutcome,
  type CreateOutcome,
  type ProjectPlace,
  ROOT_ACTION,
  type RunKey,
  type RunPage,
  type RunPageRequest,
  type RunQuery,
  type RunStore,
  type RunSummary,
  type StoredRun,
} from '../run-store.ts'
import { abortChange } from './action-changes.ts'
import { type Item, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'
import { createItem, readItem, type Table } from './items.ts'
import { mergedPage } from './merged-pages.ts'
import { actionKey, createdAtKey, itemOfRun, runOfItem, summaryOfItem } from './run-item.ts'
import { type OnePartition, planRunQuery, type RunQueryPlan } from './run-query.ts'

/** How many runs a call reads at most to fill a page of a list with conditions. */
const MAX_READ_PER_CALL = 1000
/** How many runs a single query reads when most of them may not match. */
const FILTERED_QUERY_LIMIT = 250

/** Makes the run store. Passes the conformance suite of run stores. */
export function createDynamoDbRunStore(client: DynamoDBClient, tableName: string): RunStore {
  const table: Table = { client, tableName }
  return {
    create: (run) => createRun(table, run),
    find: (key, action = ROOT_ACTION) => findRun(table, key, action),
    list: (query, page) => listRuns(table, query, page),
    abort: (key, abort) => abortRun(table, key, abort),
  }
}

async function createRun(table: Table, run: StoredRun): Promise<CreateOutcome> {
  if (await createItem(table, itemOfRun(run))) return { created: true }
  const existing = await findRun(table, run.key, run.action)
  return existing === undefined ? createRun(table, run) : { created: false, existing }
}

async function findRun(table: Table, key: RunKey, action: string): Promise<StoredRun | undefined> {
  const item = await readItem(table, actionKey(key, action))
  return item && runOfItem(item)
}

async function abortRun(
  table: Table,
  key: RunKey,
  abort: Parameters<RunStore['abort']>[1],
): Promise<AbortOutcome> {
  const action = abort.action ?? ROOT_ACTION
  try {
    await table.client.send(
      new UpdateItemCommand({
        TableName: table.tableName,
        Key: actionKey(key, action),
        ...abortChange({ run: key, action }, abort),
      }),
    )
    return 'aborted'
  } catch (error) {
    if (!isConditionFailure(error)) throw storeErrorOf(error)
  }
  return (await findRun(table, key, action)) === undefined ? 'not-found' : 'already-ended'
}

async function listRuns(table: Table, query: RunQuery, page: RunPageRequest): Promise<RunPage> {
  if (isEmpty(query)) return { runs: [], next: undefined }
  const { scope } = query
  if (scope.kind !== 'projects') return listPartition(table, { ...query, scope }, page)
  const read = async (place: ProjectPlace) => {
    const ofPlace = { kind: 'project', ...place } as const
    const { runs, next } = await listPartition(table, { ...query, scope: ofPlace }, page)
    const items = runs.map((run) => ({ key: createdAtKey(run.createdAtMs, run.key, run.action), value: run }))
    return { items, next }
  }
  const { limit } = page
  const { newestFirst } = query
  const { values, next } = await mergedPage(scope.projects, read, { limit, newestFirst })
  return { runs: values, next }
}

async function listPartition(table: Table, query: OnePartition, page: RunPageRequest): Promise<RunPage> {
  const plan = planRunQuery(query)
  const found: Item[] = []
  let start = page.after === undefined ? undefined : plan.startAfter(page.after)
  let read = 0
  do {
    const result = await readPage(table, plan, start, page.limit)
    found.push(...(result.Items ?? []))
    read += result.ScannedCount ?? 0
    start = result.LastEvaluatedKey
  } while (start && found.length <= page.limit && read < MAX_READ_PER_CALL)
  return pageOf(found, page.limit, start)
}

/** A span that ends before it starts, or no phase at all, matches nothing; the database would refuse the query. */
function isEmpty({ created, phases }: RunQuery): boolean {
  return (created !== undefined && created.fromMs >= created.untilMs) || phases?.length === 0
}

async function readPage(table: Table, plan: RunQueryPlan, start: Item | undefined, limit: number) {
  try {
    return await table.client.send(
      new QueryCommand({
        TableName: table.tableName,
        ...plan.shape,
        // One more than asked for tells whether there is a next page.
        Limit: plan.isFiltered ? FILTERED_QUERY_LIMIT : limit + 1,
        ExclusiveStartKey: start,
      }),
    )
  } catch (error) {
    throw storeErrorOf(error)
  }
}

function pageOf(found: readonly Item[], limit: number, unread: Item | undefined): RunPage {
  const runs: RunSummary[] = found.slice(0, limit).map(summaryOfItem)
  if (found.length > limit) return { runs, next: textOf(found[limit - 1] as Item, 'createdAtKey') }
  return { runs, next: unread && textOf(unread, 'createdAtKey') }
}
