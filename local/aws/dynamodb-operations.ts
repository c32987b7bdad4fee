/** What a DynamoDB request needs to be allowed to do: actions, and the tables and indexes it does them on. */

/** One action on one table or index, by their names. */
export interface TableUse {
  /** For example `dynamodb:PutItem`. */
  readonly action: string
  /** A table's name, or `<table>/index/<index>`; undefined for an operation on no table. */
  readonly table: string | undefined
}

type Input = Readonly<Record<string, unknown>>

/** What the parts of `TransactWriteItems` are permitted as. */
const TRANSACTION_PARTS: Readonly<Record<string, string>> = {
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
  Get: 'dynamodb:GetItem',
}

/**
 * Everything that has to be allowed before an operation runs. A request that the database cannot read, such
 * as one without the name of its table, may come to nothing: the database refuses it itself.
 *
 * @param operation The name after the dot in `X-Amz-Target`.
 */
export function tableUses(operation: string, input: unknown): TableUse[] {
  const action = `dynamodb:${operation}`
  const { TableName, IndexName, RequestItems, TransactItems, ResourceArn } = asObject(input)
  if (operation.startsWith('Batch')) {
    return Object.keys(asObject(RequestItems)).map((table) => ({ action, table: tableOf(table) }))
  }
  if (operation.startsWith('Transact')) return asList(TransactItems).flatMap(transactionUses)
  const named = TableName ?? ResourceArn
  if (typeof named !== 'string') return [{ action, table: undefined }]
  const index = typeof IndexName === 'string' ? `/index/${IndexName}` : ''
  return [{ action, table: tableOf(named) + index }]
}

function transactionUses(part: unknown): TableUse[] {
  return Object.entries(asObject(part)).map(([kind, of]) => ({
    action: TRANSACTION_PARTS[kind] ?? `dynamodb:${kind}`,
    table: tableOf(String(asObject(of).TableName)),
  }))
}

/** A table may be named by its ARN, too. */
function tableOf(nameOrArn: string): string {
  return nameOrArn.split(':table/')[1] ?? nameOrArn
}

function asObject(value: unknown): Input {
  return typeof value === 'object' && value !== null ? (value as Input) : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
