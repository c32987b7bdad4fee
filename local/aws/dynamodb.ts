/** DynamoDB for the local stack: dynalite, with the tables of the template. */
import { mkdir } from 'node:fs/promises'
import dynalite from 'dynalite'
import { LOOPBACK, listen } from '../listening.ts'
import type { Access } from './access.ts'
import { LOCAL_CREDENTIALS } from './credentials.ts'
import { guardDatabase } from './dynamodb-gate.ts'

/** A table as the template declares it, resolved: the properties that CreateTable takes. */
export interface TableDefinition {
  readonly TableName: string
  readonly KeySchema: readonly unknown[]
  readonly AttributeDefinitions: readonly unknown[]
  readonly GlobalSecondaryIndexes?: readonly IndexDefinition[]
  readonly LocalSecondaryIndexes?: readonly IndexDefinition[]
}

export interface IndexDefinition {
  readonly IndexName: string
  readonly KeySchema: readonly unknown[]
  readonly Projection: unknown
}

export interface LocalDynamoDb {
  readonly endpoint: string
  close(): Promise<void>
}

/** The data folder holds tables of another shape: made by another version of the stack. */
export class TableShapeError extends Error {
  override readonly name = 'TableShapeError'
  readonly table: string
  constructor(table: string) {
    super(`The table ${table} was made with other keys or indexes.`)
    this.table = table
  }
}

/**
 * Starts the database and creates the tables that are not there yet.
 *
 * Not here, because dynalite has none: transactions, TTL (items past it stay, and readers have to check),
 * streams, point-in-time recovery.
 *
 * @param options.directory Where the data is kept; null keeps it in memory.
 * @param options.access Who may do what with which table; the owner makes the tables.
 * @param options.arnOf The ARN of a table by its name.
 * @throws {TableShapeError}
 */
export async function startDynamoDb(options: {
  directory: string | null
  tables: readonly TableDefinition[]
  access: Access
  arnOf: (table: string) => string
}): Promise<LocalDynamoDb> {
  const { directory, tables, access, arnOf } = options
  if (directory !== null) await mkdir(directory, { recursive: true })
  const server = dynalite({
    ...(directory === null ? {} : { path: directory }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  guardDatabase(server, { access, arnOf })
  const port = await listen(server, { port: 0 })
  const endpoint = `http://${LOOPBACK}:${port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  try {
    for (const table of tables) await ensureTable(endpoint, table)
  } catch (error) {
    await close()
    throw error
  }
  return { endpoint, close }
}

async function ensureTable(endpoint: string, table: TableDefinition): Promise<void> {
  const existing = await call(endpoint, 'DescribeTable', { TableName: table.TableName })
  if (existing.ok) {
    const description = existing.body.Table as TableDefinition
    if (shapeOf(description) !== shapeOf(table)) throw new TableShapeError(table.TableName)
    return
  }
  const created = await call(endpoint, 'CreateTable', {
    TableName: table.TableName,
    KeySchema: table.KeySchema,
    AttributeDefinitions: table.AttributeDefinitions,
    BillingMode: 'PAY_PER_REQUEST',
    ...indexes('GlobalSecondaryIndexes', table.GlobalSecondaryIndexes),
    ...indexes('LocalSecondaryIndexes', table.LocalSecondaryIndexes),
  })
  if (!created.ok)
    throw new TypeError(`the table ${table.TableName} cannot be created: ${created.body.message}`)
}

function indexes(property: string, definitions: readonly IndexDefinition[] = []): Record<string, unknown> {
  if (definitions.length === 0) return {}
  return {
    [property]: definitions.map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    })),
  }
}

/** Keys and indexes as text, for comparison; the database answers more properties and in another order. */
function shapeOf(table: TableDefinition): string {
  const all = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])]
  const named = all.map(({ IndexName, KeySchema }) => JSON.stringify([IndexName, sortedKeys(KeySchema)]))
  return JSON.stringify([sortedKeys(table.KeySchema), named.toSorted()])
}

function sortedKeys(schema: readonly unknown[]): string[] {
  return (schema as { AttributeName: string; KeyType: string }[])
    .map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`)
    .toSorted()
}

async function call(endpoint: string, operation: string, input: unknown) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20250101T000000Z',
      // The database wants a signature to be there, and does not check it.
      authorization: `AWS4-HMAC-SHA256 Credential=${LOCAL_CREDENTIALS.accessKeyId}/20250101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  })
  return { ok: response.ok, body: (await response.json()) as Record<string, unknown> }
}
