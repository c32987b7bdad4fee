/** A list of runs as queries of an index. */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { EpochMs } from '../../clock.ts'
import { ServiceError } from '../../errors.ts'
import type { LabelCondition, RunQuery, RunScope, TaskCondition } from '../run-store.ts'
import { type Item, number, text } from './attributes.ts'
import {
  actionKey,
  createdAtBound,
  INDEX_KEYS,
  ownerKey,
  placeOfCreatedAtKey,
  projectKey,
  type RunIndex,
  runKey,
  taskKey,
  triggerKey,
} from './run-item.ts'

type QueryShape = Pick<
  QueryCommandInput,
  | 'IndexName'
  | 'KeyConditionExpression'
  | 'FilterExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ScanIndexForward'
>

/** What stays the same on every page of a list. */
export interface RunQueryPlan {
  readonly shape: QueryShape
  /** Whether runs that are read may turn out not to match. */
  readonly isFiltered: boolean
  /** The start of a page that comes after this `createdAtKey`. */
  readonly startAfter: (createdAtKey: string) => Item
}

/** A list that one partition of an index has all of. */
export type OnePartition = RunQuery & { readonly scope: Exclude<RunScope, { kind: 'projects' }> }

/** Chooses the narrowest index for a list, and leaves to a filter what its key cannot express. */
export function planRunQuery(query: OnePartition): RunQueryPlan {
  const { index, key } = indexOf(query)
  const names: Record<string, string> = { '#index': INDEX_KEYS[index] }
  const values: Item = { ':index': text(key) }
  const keyConditions = ['#index = :index']
  if (query.created) {
    names['#createdAtKey'] = 'createdAtKey'
    values[':createdFrom'] = text(createdAtBound(query.created.fromMs))
    // Inclusive in the expression, exclusive in effect: no run's key is the bare bound.
    values[':createdUntil'] = text(createdAtBound(query.created.untilMs))
    keyConditions.push('#createdAtKey BETWEEN :createdFrom AND :createdUntil')
  }
  const filters = filterConditions(query, index, names, values)
  return {
    shape: {
      IndexName: index,
      KeyConditionExpression: keyConditions.join(' AND '),
      ...(filters.length === 0 ? {} : { FilterExpression: filters.join(' AND ') }),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      ScanIndexForward: !query.newestFirst,
    },
    isFiltered: filters.length > 0,
    startAfter: (createdAtKey) => startKey(createdAtKey, index, key),
  }
}

function indexOf({ scope, ownerSubject }: OnePartition): { index: RunIndex; key: string } {
  if (scope.kind === 'run') return { index: 'byProject', key: runKey(scope.run) }
  if (scope.kind === 'task') return { index: 'byTask', key: taskKey(scope) }
  if (scope.kind === 'trigger') return { index: 'byTrigger', key: triggerKey(scope) }
  if (ownerSubject === undefined) return { index: 'byProject', key: projectKey(scope.project, scope.domain) }
  return { index: 'byOwner', key: ownerKey(scope.project, scope.domain, ownerSubject) }
}

function filterConditions(
  query: RunQuery,
  index: RunIndex,
  names: Record<string, string>,
  values: Item,
): string[] {
  const conditions: string[] = []
  if (query.phases !== undefined) {
    names['#phase'] = 'phase'
    const placeholders = query.phases.map((phase, i) => {
      values[`:phase${i}`] = number(phase)
      return `:phase${i}`
    })
    conditions.push(`#phase IN (${placeholders.join(', ')})`)
  }
  if (query.ownerSubject !== undefined && index !== 'byOwner') {
    conditions.push(equals('ownerSubject', query.ownerSubject, names, values))
  }
  if (query.scope.kind === 'task' && query.scope.version !== undefined) {
    conditions.push(equals('taskVersion', query.scope.version, names, values))
  }
  if (query.updated) {
    names['#updatedAt'] = 'updatedAt'
    values[':updatedFrom'] = number(wholeMs(query.updated.fromMs))
    values[':updatedUntil'] = number(wholeMs(query.updated.untilMs))
    conditions.push('#updatedAt >= :updatedFrom', '#updatedAt < :updatedUntil')
  }
  if (query.parent !== undefined) conditions.push(equals('parentName', query.parent, names, values))
  conditions.push(...taskConditions(query.task ?? {}, names, values))
  for (const [i, label] of (query.labels ?? []).entries()) {
    conditions.push(labelCondition(label, i, names, values))
  }
  return conditions
}

function equals(attribute: string, value: string, names: Record<string, string>, values: Item): string {
  names[`#${attribute}`] = attribute
  values[`:${attribute}`] = text(value)
  return `#${attribute} = :${attribute}`
}

/** Under placeholders of its own: a list of one version of a task may be asked for another one, and is empty. */
function taskConditions(
  { name, version }: TaskCondition,
  names: Record<string, string>,
  values: Item,
): string[] {
  const conditions: string[] = []
  if (name !== undefined) {
    names['#ofName'] = 'taskName'
    values[':ofName'] = text(name)
    conditions.push('#ofName = :ofName')
  }
  if (version !== undefined) {
    names['#ofVersion'] = 'taskVersion'
    values[':ofVersion'] = text(version)
    conditions.push('#ofVersion = :ofVersion')
  }
  return conditions
}

function labelCondition(
  { name, value }: LabelCondition,
  i: number,
  names: Record<string, string>,
  values: Item,
): string {
  names['#labels'] = 'labels'
  names[`#label${i}`] = name
  if (value === undefined) return `attribute_exists(#labels.#label${i})`
  values[`:label${i}`] = text(value)
  return `#labels.#label${i} = :label${i}`
}

const LATEST_MS: EpochMs = 10 ** 15

function wholeMs(ms: EpochMs): number {
  return Math.trunc(Math.min(Math.max(ms, -LATEST_MS), LATEST_MS))
}

function startKey(createdAtKey: string, index: RunIndex, key: string): Item {
  const place = placeOfCreatedAtKey(createdAtKey)
  if (place === undefined) throw new ServiceError('page_token_invalid')
  return {
    ...actionKey(place.run, place.action),
    [INDEX_KEYS[index]]: text(key),
    createdAtKey: text(createdAtKey),
  }
}
