/**
 * Task specs and deployed tasks in DynamoDB: `TASKSPEC#digest` / `SPEC` and `TASK#project#domain#name` /
 * `VERSION#version` in the Runs table. A spec that an item cannot hold goes to the bucket, with a pointer here.
 */
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../errors.ts'
import type { ObjectStore } from '../object-store.ts'
import type { StoredTask, TaskStore, TaskVersion } from '../task-store.ts'
import { bytes, bytesOf, type Item, presentOnly, text, textOf } from './attributes.ts'
import { storeErrorOf } from './client.ts'
import { readItem } from './items.ts'
import { joinKey } from './keys.ts'

/** What is still stored in an item. DynamoDB's limit is 400 KB for the whole of it. */
export const MAX_ITEM_SPEC_BYTES = 300 * 1024

/** How many digests an instance remembers as stored, so that a task run again costs no write. */
const REMEMBERED_DIGESTS = 500

export interface DynamoDbTaskStoreOptions {
  readonly client: DynamoDBClient
  readonly tableName: string
  readonly objects: ObjectStore
  /** For example `s3://bucket/prefix`, without a trailing slash. */
  readonly storagePrefix: string
}

/** Makes the task store. Passes the conformance suite of task stores. */
export function createDynamoDbTaskStore(options: DynamoDbTaskStoreOptions): TaskStore {
  const storedDigests = new Set<string>()
  return {
    async putSpec(digest, spec) {
      if (storedDigests.has(digest)) return
      await put(options, { ...specKey(digest), ...(await specAttributes(options, digest, spec)) })
      if (storedDigests.size >= REMEMBERED_DIGESTS) storedDigests.clear()
      storedDigests.add(digest)
    },
    async findSpec(digest) {
      const item = await readItem(options, specKey(digest))
      if (item === undefined) return undefined
      const uri = textOf(item, 'specUri')
      return uri === '' ? bytesOf(item, 'spec') : specObject(options, uri)
    },
    putTask: (task) => put(options, itemOfTask(task)),
    async findTask(id) {
      const item = await readItem(options, taskVersionKey(id))
      return item && taskOfItem(id, item)
    },
  }
}

async function specAttributes(
  options: DynamoDbTaskStoreOptions,
  digest: string,
  spec: Uint8Array,
): Promise<Item> {
  if (spec.length <= MAX_ITEM_SPEC_BYTES) return { spec: bytes(spec) }
  const uri = `${options.storagePrefix}/task-specs/${digest}.pb`
  // The object first: a pointer never leads nowhere.
  await options.objects.put(uri, spec)
  return { specUri: text(uri) }
}

async function specObject({ objects }: DynamoDbTaskStoreOptions, uri: string): Promise<Uint8Array> {
  const spec = await objects.find(uri)
  if (spec === undefined) throw new ServiceError('storage_unavailable')
  return spec
}

async function put({ client, tableName }: DynamoDbTaskStoreOptions, item: Item): Promise<void> {
  try {
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }))
  } catch (error) {
    throw storeErrorOf(error)
  }
}

function specKey(digest: string): Item {
  return { pk: text(joinKey('TASKSPEC', digest)), sk: text('SPEC') }
}

function taskVersionKey({ project, domain, name, version }: TaskVersion): Item {
  return { pk: text(joinKey('TASK', project, domain, name)), sk: text(joinKey('VERSION', version)) }
}

function itemOfTask({ task, specDigest }: StoredTask): Item {
  const optional = (value: string) => (value === '' ? undefined : text(value))
  return presentOnly({
    ...taskVersionKey(task),
    taskSpecDigest: text(specDigest),
    taskType: optional(task.type),
    shortName: optional(task.shortName),
    environmentName: optional(task.environmentName),
  })
}

function taskOfItem({ project, domain, name, version }: TaskVersion, item: Item): StoredTask {
  return {
    task: {
      project,
      domain,
      name,
      version,
      type: textOf(item, 'taskType'),
      shortName: textOf(item, 'shortName'),
      environmentName: textOf(item, 'environmentName'),
    },
    specDigest: textOf(item, 'taskSpecDigest'),
  }
}
