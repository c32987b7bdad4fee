import { expect, it } from 'vitest'
import * as stack from '../../../../../lib/constructs/tables.ts'
import * as support from '../../../../support/dynamodb.ts'

it('is tested against tables of the shape that the stack deploys', () => {
  const keys = stack.RUNS_INDEXES.map(({ indexName, partitionKey }) => [indexName, partitionKey])
  expect(Object.fromEntries(keys)).toEqual(support.RUNS_INDEX_KEYS)
  expect(new Set(stack.RUNS_INDEXES.map(({ sortKey }) => sortKey))).toEqual(new Set(['createdAtKey']))
  expect([...stack.RUNS_INDEX_ATTRIBUTES].toSorted()).toEqual(support.RUNS_INDEX_ATTRIBUTES.toSorted())
  expect([...stack.ACTIONS_INDEX_ATTRIBUTES].toSorted()).toEqual(support.ACTIONS_INDEX_ATTRIBUTES.toSorted())
  expect(stack.PAUSED_INDEX).toEqual(support.PAUSED_INDEX)
  expect(stack.CHILDREN_INDEX).toEqual(support.CHILDREN_INDEX)
})
