/** Actions in DynamoDB: items of the Runs table, and its indexes byParent and byPaused. */
import {
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type {
  ActionKey,
  ActionStore,
  ChangeOutcome,
  ChildPage,
  CreateActionOutcome,
  NewAction,
  StoredAction,
} from '../action-store.ts'
import type { RunKey } from '../run-store.ts'
import { abortChange, attemptChange, type Change, signalChange, statusChange } from './action-changes.ts'
import {
  actionOfChangedKey,
  actionOfItem,
  CHILDREN_INDEX,
  childOfItem,
  itemOfAction,
  PAUSED_INDEX,
  parentKey,
  pausedKey,
} from './action-item.ts'
import { type Item, number, text, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'
import { createItem, readItem, type Table } from './items.ts'
import { joinKey, splitKey } from './keys.ts'
import { actionKey } from './run-item.ts'

/** Makes the action store. */
export function createDynamoDbActionStore(client: DynamoDBClient, tableName: string): ActionStore {
  const table: Table = { client, tableName }
  return {
    create: (action) => createAction(table, action),
    find: (key) => findAction(table, key),
    changeStatus: (key, status) => apply(table, key, statusChange(key, status)),
    recordAttempt: (key, report) => apply(table, key, attemptChange(key, report)),
    abort: async (key, abort) => {
      const outcome = await apply(table, key, abortChange(key, abort))
      return outcome === 'changed' ? 'aborted' : outcome === 'outdated' ? 'already-ended' : outcome
    },
    signal: (key, signal) => apply(table, key, signalChange(key, signal)),
    children: (parent, page) => readChildren(table, parent, page),
    pausedRuns: (project, page) => readPausedRuns(table, project, page),
    findTurn: async (parent) => {
      const item = await readItem(table, turnKey(parent))
      return item && textOf(item, 'position')
    },
    keepTurn: (parent, position) => keepTurn(table, parent, position),
  }
}

async function createAction(table: Table, action: NewAction): Promise<CreateActionOutcome> {
  if (await createItem(table, itemOfAction(action))) return { created: true }
  const existing = await findAction(table, { run: action.key, action: action.action })
  return existing === undefined ? createAction(table, action) : { created: false, existing }
}

async function findAction(table: Table, { run, action }: ActionKey): Promise<StoredAction | undefined> {
  const item = await readItem(table, actionKey(run, action))
  return item && actionOfItem(item)
}

async function apply(table: Table, key: ActionKey, change: Change): Promise<ChangeOutcome> {
  const { client, tableName } = table
  try {
    await client.send(
      new UpdateItemCommand({ TableName: tableName, Key: actionKey(key.run, key.action), ...change }),
    )
    return 'changed'
  } catch (error) {
    if (!isConditionFailure(error)) throw storeErrorOf(error)
  }
  return (await readItem(table, actionKey(key.run, key.action))) === undefined ? 'not-found' : 'outdated'
}

async function readChildren(
  { client, tableName }: Table,
  parent: ActionKey,
  { limit, after }: Parameters<ActionStore['children']>[1],
): Promise<ChildPage> {
  try {
    const { Items: items = [], LastEvaluatedKey: last } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: CHILDREN_INDEX.name,
        KeyConditionExpression: `${CHILDREN_INDEX.partitionKey} = :parent`,
        ExpressionAttributeValues: { ':parent': text(parentKey(parent)) },
        ScanIndexForward: false,
        Limit: limit,
        ExclusiveStartKey: after === undefined ? undefined : startKey(parent, after),
      }),
    )
    return { children: items.map(childOfItem), next: last && textOf(last, CHILDREN_INDEX.sortKey) }
  } catch (error) {
    throw storeErrorOf(error)
  }
}

function startKey(parent: ActionKey, position: string): Item {
  return {
    ...actionKey(parent.run, actionOfChangedKey(position)),
    [CHILDREN_INDEX.partitionKey]: text(parentKey(parent)),
    [CHILDREN_INDEX.sortKey]: text(position),
  }
}

async function readPausedRuns(
  { client, tableName }: Table,
  project: Parameters<ActionStore['pausedRuns']>[0],
  { limit, nowMs }: Parameters<ActionStore['pausedRuns']>[1],
): Promise<RunKey[]> {
  const waits = 'attribute_not_exists(timesOutAt) OR timesOutAt > :now'
  try {
    const { Items: items = [] } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: PAUSED_INDEX.name,
        KeyConditionExpression: `${PAUSED_INDEX.partitionKey} = :project`,
        FilterExpression: waits,
        ExpressionAttributeValues: { ':project': text(pausedKey(project)), ':now': number(nowMs) },
        ScanIndexForward: false,
        Limit: limit,
      }),
    )
    const runs = items.map((item) => runOfItemKey(item))
    return [...new Map(runs.map((run) => [run.name, run])).values()]
  } catch (error) {
    throw storeErrorOf(error)
  }
}

function runOfItemKey(item: Item): RunKey {
  const [, project = '', domain = '', name = ''] = splitKey(textOf(item, 'pk'))
  return { project, domain, name }
}

function turnKey({ run, action }: ActionKey): Item {
  const { pk = text('') } = actionKey(run, action)
  return { pk, sk: text(joinKey('WATCH', action)) }
}

async function keepTurn({ client, tableName }: Table, parent: ActionKey, position: string): Promise<void> {
  try {
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: { ...turnKey(parent), position: text(position) } }),
    )
  } catch (error) {
    throw storeErrorOf(error)
  }
}
