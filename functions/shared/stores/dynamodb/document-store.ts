/** Documents in DynamoDB: `{collection}` / `{name}` in the Runs table, with `document` and `version`. */
import { type DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../errors.ts'
import {
  type DocumentName,
  type DocumentPage,
  type DocumentStore,
  MAX_DOCUMENT_BYTES,
  type StoredDocument,
} from '../document-store.ts'
import { bytes, bytesOf, type Item, number, numberOf, text, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'
import { readItem, type Table } from './items.ts'
import { joinKey, splitKey } from './keys.ts'

/** Makes the store. */
export function createDynamoDbDocumentStore(client: DynamoDBClient, tableName: string): DocumentStore {
  const table: Table = { client, tableName }
  return {
    find: (name) => findDocument(table, name),
    write: (document) => writeDocument(table, document),
    list: (from, page) => listDocuments(table, from, page),
  }
}

function keyOf({ collection, name }: DocumentName): Item {
  return { pk: text(joinKey(...collection)), sk: text(joinKey(...name)) }
}

function documentOf(item: Item): StoredDocument {
  return {
    name: splitKey(textOf(item, 'sk')),
    bytes: bytesOf(item, 'document') ?? new Uint8Array(),
    version: numberOf(item, 'version') ?? 1,
  }
}

async function findDocument(table: Table, name: DocumentName): Promise<StoredDocument | undefined> {
  const item = await readItem(table, keyOf(name))
  return item && documentOf(item)
}

async function writeDocument(
  { client, tableName }: Table,
  { replaces, bytes: contents, ...name }: Parameters<DocumentStore['write']>[0],
): Promise<boolean> {
  if (contents.length > MAX_DOCUMENT_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `What is to be stored is larger than ${MAX_DOCUMENT_BYTES} bytes.`,
    })
  }
  const isNew = 'attribute_not_exists(pk)'
  const isUnchanged = '#version = :replaces'
  const condition =
    replaces === 0
      ? { ConditionExpression: isNew }
      : {
          ConditionExpression: isUnchanged,
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':replaces': number(replaces) },
        }
  try {
    const item = { ...keyOf(name), document: bytes(contents), version: number(replaces + 1) }
    await client.send(new PutItemCommand({ TableName: tableName, Item: item, ...condition }))
    return true
  } catch (error) {
    if (isConditionFailure(error)) return false
    throw storeErrorOf(error)
  }
}

async function listDocuments(
  { client, tableName }: Table,
  { collection, startsWith }: Parameters<DocumentStore['list']>[0],
  { limit, after }: Parameters<DocumentStore['list']>[1],
): Promise<DocumentPage> {
  const pk = text(joinKey(...collection))
  const prefix = startsWith.length === 0 ? undefined : `${joinKey(...startsWith)}#`
  const narrowed = prefix === undefined ? '' : ' AND begins_with(sk, :prefix)'
  try {
    const { Items: items = [], LastEvaluatedKey: last } = await client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: `pk = :collection${narrowed}`,
        ExpressionAttributeValues: {
          ':collection': pk,
          ...(prefix === undefined ? {} : { ':prefix': text(prefix) }),
        },
        ConsistentRead: true,
        Limit: limit,
        ExclusiveStartKey: after === undefined ? undefined : { pk, sk: text(after) },
      }),
    )
    return { documents: items.map(documentOf), next: last && textOf(last, 'sk') }
  } catch (error) {
    throw storeErrorOf(error)
  }
}
