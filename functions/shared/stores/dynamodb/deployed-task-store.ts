/** Deployed tasks in DynamoDB: two items of the Runs table each, and its index byTask. */
import {
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../errors.ts'
import type {
  DeployedTask,
  DeployedTaskStore,
  TaskPage,
  TaskQuery,
  TaskSummary,
  TasksQuery,
} from '../deployed-task-store.ts'
import type { ProjectPlace } from '../run-store.ts'
import type { TaskVersion } from '../task-store.ts'
import { type Item, number, numberOf, text, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'
import {
  attributesOf,
  keyOfOrder,
  listKey,
  newestItem,
  orderOf,
  summaryOfItem,
  taskOfItem,
  versionKey,
} from './deployed-task-item.ts'
import { readItem, type Table } from './items.ts'
import { mergedPage } from './merged-pages.ts'

/** How many tasks a call reads at most to fill a page of those that match. */
const MAX_READ_PER_CALL = 1_000
const QUERY_LIMIT = 200

/** Makes the store. */
export function createDynamoDbDeployedTaskStore(
  client: DynamoDBClient,
  tableName: string,
): DeployedTaskStore {
  const table: Table = { client, tableName }
  return {
    // The version first: what a list shows can be read.
    deploy: async (task) => keepNewest(table, await putVersion(table, task)),
    find: (id) => findVersion(table, id),
    list: (query, page) => listTasks(table, query, page),
  }
}

/** Writes a version, and gives back when it was deployed first. */
async function putVersion({ client, tableName }: Table, task: DeployedTask): Promise<DeployedTask> {
  const attributes = {
    ...attributesOf(task),
    taskSpecDigest: text(task.specDigest),
    taskKey: text(listKey(task.task)),
  }
  const all = Object.entries(attributes)
  const present = all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  const absent = all.flatMap(([name, value]) => (value === undefined ? [name] : []))
  const first = ['createdAtKey', 'updatedAt'].map((name) => `${name} = if_not_exists(${name}, :${name})`)
  const sets = [...present.map(([name]) => `#${name} = :${name}`), ...first]
  const removes = absent.length === 0 ? '' : ` REMOVE ${absent.map((name) => `#${name}`).join(', ')}`
  try {
    const { Attributes: stored = {} } = await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: versionKey(task.task),
        UpdateExpression: `SET ${sets.join(', ')}${removes}`,
        ExpressionAttributeNames: Object.fromEntries(all.map(([name]) => [`#${name}`, name])),
        ExpressionAttributeValues: {
          ...Object.fromEntries(present.map(([name, value]) => [`:${name}`, value])),
          ':createdAtKey': text(orderOf(task.deployedAtMs, task.task.version)),
          ':updatedAt': number(task.deployedAtMs),
        },
        ReturnValues: 'ALL_NEW',
      }),
    )
    return { ...task, deployedAtMs: numberOf(stored, 'updatedAt') ?? task.deployedAtMs }
  } catch (error) {
    throw storeErrorOf(error)
  }
}

/** Shows a version as the newest of its name, unless a newer one is shown. */
async function keepNewest({ client, tableName }: Table, task: DeployedTask): Promise<void> {
  const isFirst = 'attribute_not_exists(pk)'
  const isNewer = 'createdAtKey < :order'
  const isSame = 'taskVersion = :version'
  try {
    await client.send(
      new PutItemCommand({
        TableName: tableName,
        Item: newestItem(task),
        ConditionExpression: `${isFirst} OR ${isNewer} OR ${isSame}`,
        ExpressionAttributeValues: {
          ':order': text(orderOf(task.deployedAtMs, task.task.name)),
          ':version': text(task.task.version),
        },
      }),
    )
  } catch (error) {
    if (!isConditionFailure(error)) throw storeErrorOf(error)
  }
}

async function findVersion(table: Table, id: TaskVersion): Promise<DeployedTask | undefined> {
  const item = await readItem(table, versionKey(id))
  return item && taskOfItem(item, id)
}

async function listTasks(
  table: Table,
  query: TaskQuery | TasksQuery,
  page: Parameters<DeployedTaskStore['list']>[1],
): Promise<TaskPage> {
  if (!('projects' in query)) return listPartition(table, query, page)
  const { projects, ...conditions } = query
  const { newestFirst, name } = query
  const read = async (place: ProjectPlace) => {
    const { tasks, next } = await listPartition(table, { ...place, ...conditions }, page)
    const keyOf = ({ task, deployedAtMs }: TaskSummary) =>
      orderOf(deployedAtMs, name === undefined ? task.name : task.version)
    return { items: tasks.map((task) => ({ key: keyOf(task), value: task })), next }
  }
  const { values, next } = await mergedPage(projects, read, { limit: page.limit, newestFirst })
  return { tasks: values, next }
}

async function listPartition(
  table: Table,
  query: TaskQuery,
  { limit, after }: Parameters<DeployedTaskStore['list']>[1],
): Promise<TaskPage> {
  const found: Item[] = []
  let start = after === undefined ? undefined : startKey(query, after)
  let read = 0
  do {
    const { Items: items = [], LastEvaluatedKey: last } = await readPage(table, query, start)
    found.push(...items.filter((item) => query.matches(summaryOfItem(item))))
    read += items.length
    start = last
  } while (start && found.length <= limit && read < MAX_READ_PER_CALL)
  const end = found.length > limit ? found[limit - 1] : start
  return { tasks: found.slice(0, limit).map(summaryOfItem), next: end && textOf(end, 'createdAtKey') }
}

async function readPage({ client, tableName }: Table, query: TaskQuery, start: Item | undefined) {
  try {
    return await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: 'byTask',
        KeyConditionExpression: 'taskKey = :list',
        ExpressionAttributeValues: { ':list': text(listKey(query)) },
        ScanIndexForward: !query.newestFirst,
        Limit: QUERY_LIMIT,
        ExclusiveStartKey: start,
      }),
    )
  } catch (error) {
    throw storeErrorOf(error)
  }
}

function startKey(query: TaskQuery, order: string): Item {
  const key = keyOfOrder(query, order)
  if (key === undefined) throw new ServiceError('page_token_invalid')
  return { ...key, taskKey: text(listKey(query)), createdAtKey: text(order) }
}
