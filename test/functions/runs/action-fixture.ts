/** Actions inside a run, as what executes a run writes them. */
import { PutItemCommand, type PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { itemOfRun } from '../../../functions/shared/stores/dynamodb/run-item.ts'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { sampleRun } from '../shared/stores/run-store-conformance.ts'
import { type RunsFunction, runIdOf } from './runs-function.ts'

interface Changes {
  readonly name: string
  /** The number of the `ActionType` enum. */
  readonly type: number
  readonly phase: number
  readonly atMs: number
  readonly parent?: string
  readonly group?: string
  /** More attributes of the item. */
  readonly item?: PutItemCommandInput['Item']
}

/** Stores an action in a run of the first seeded project. */
export async function putAction({ database }: RunsFunction, runName: string, changes: Changes) {
  const { name, type, phase, atMs, parent = 'a0', group = '' } = changes
  const { project, domain } = runIdOf(runName)
  const run = sampleRun(runName, {
    ...{ key: { project, domain, name: runName }, action: name, phase },
    ...{ createdAtMs: atMs, updatedAtMs: atMs, startedAtMs: atMs, taskSpecDigest: '' },
  })
  const item = {
    ...itemOfRun(run),
    actionType: { N: String(type) },
    parentName: { S: parent },
    ...(group === '' ? {} : { groupName: { S: group } }),
    ...changes.item,
  }
  await database.client.send(new PutItemCommand({ TableName: RUNS_TABLE, Item: item }))
}
