/** Projects in DynamoDB: `PROJECT` / `id` in the Runs table. */
import { type DynamoDBClient, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import type { ProjectStore, StoredProject } from '../project-store.ts'
import { bytes, bytesOf, type Item, number, numberOf, text, textOf } from './attributes.ts'
import { isConditionFailure, storeErrorOf } from './client.ts'
import { createItem, readItem, type Table } from './items.ts'

/** Makes the project store. Passes the conformance suite of project stores. */
export function createDynamoDbProjectStore(client: DynamoDBClient, tableName: string): ProjectStore {
  return {
    create: (project) => createItem({ client, tableName }, itemOf(project)),
    update: (project, { orCreate }) =>
      unlessConditionFails(
        client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: keyOf(project.id),
            UpdateExpression: 'SET #project = :project, createdAt = if_not_exists(createdAt, :createdAt)',
            ExpressionAttributeNames: { '#project': 'project' },
            ExpressionAttributeValues: {
              ':project': bytes(project.project),
              ':createdAt': number(project.createdAtMs),
            },
            ...(orCreate ? {} : { ConditionExpression: 'attribute_exists(pk)' }),
          }),
        ),
      ),
    find: (id) => findProject({ client, tableName }, id),
    all: () => allProjects(client, tableName),
  }
}

async function findProject(table: Table, id: string): Promise<StoredProject | undefined> {
  const item = await readItem(table, keyOf(id))
  return item && projectOf(item)
}

async function allProjects(client: DynamoDBClient, tableName: string): Promise<StoredProject[]> {
  const projects: StoredProject[] = []
  let start: Item | undefined
  do {
    try {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'pk = :projects',
          ExpressionAttributeValues: { ':projects': text('PROJECT') },
          ConsistentRead: true,
          ExclusiveStartKey: start,
        }),
      )
      projects.push(...(page.Items ?? []).map(projectOf))
      start = page.LastEvaluatedKey
    } catch (error) {
      throw storeErrorOf(error)
    }
  } while (start)
  return projects
}

async function unlessConditionFails(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if (isConditionFailure(error)) return false
    throw storeErrorOf(error)
  }
}

function keyOf(id: string): Item {
  return { pk: text('PROJECT'), sk: text(id) }
}

function itemOf({ id, project, createdAtMs }: StoredProject): Item {
  return { ...keyOf(id), project: bytes(project), createdAt: number(createdAtMs) }
}

function projectOf(item: Item): StoredProject {
  return {
    id: textOf(item, 'sk'),
    project: bytesOf(item, 'project') ?? new Uint8Array(),
    createdAtMs: numberOf(item, 'createdAt') ?? 0,
  }
}
