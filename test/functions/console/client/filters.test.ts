import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import { FilterSchema } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import { describe, expect, it } from 'vitest'
import {
  apiFilters,
  queryOf,
  type RunFilters,
  runAddress,
  since,
  statusOf,
} from '../../../../functions/console/client/filters.ts'
import { conditionsOfFilters, RUN_FIELDS } from '../../../../functions/runs/filters.ts'

const ALL: RunFilters = { project: 'p', domain: 'd', status: '', owner: '' }

/** What the service understands. */
function conditions(filters: readonly object[]) {
  const messages = filters.map((filter) => fromJson(FilterSchema, filter as JsonValue))
  return conditionsOfFilters({ filters: messages, rawFilters: [] }, RUN_FIELDS)
}

describe('the filters, as the service understands them', () => {
  it('are none for everything', () => expect(apiFilters(ALL, 'ada')).toEqual([]))

  it('mean by mine whoever looks, and otherwise the subject they name', () => {
    expect(conditions(apiFilters({ ...ALL, owner: 'mine' }, 'ada')).ownerSubject).toBe('ada')
    expect(conditions(apiFilters({ ...ALL, owner: 'grace' }, 'ada')).ownerSubject).toBe('grace')
  })

  it('put every phase into one status', () => {
    const phases = (['active', 'succeeded', 'failed', 'aborted'] as const).flatMap(
      (status) => conditions(apiFilters({ ...ALL, status }, 'ada')).phases ?? [],
    )
    const known = Object.values(ActionPhase).filter((phase) => typeof phase === 'number' && phase > 0)
    expect([...phases].sort((a, b) => a - b)).toEqual(
      [...new Set([...known, 10])].sort((a, b) => Number(a) - Number(b)),
    )
    expect(new Set(phases).size).toBe(phases.length)
  })

  it('hold together', () => {
    expect(conditions(apiFilters({ ...ALL, status: 'aborted', owner: 'grace' }, 'ada'))).toMatchObject({
      phases: [ActionPhase.ABORTED],
      ownerSubject: 'grace',
    })
  })

  it('begin at a time, to the millisecond', () => {
    expect(conditions([since(1_800_000_000_123)]).created?.fromMs).toBe(1_800_000_000_123)
  })
})

describe('the address', () => {
  it('leaves out what has its default', () => expect(queryOf(ALL)).toBe('?project=p&domain=d'))

  it('keeps what is chosen, whatever is in it', () => {
    const query = queryOf({ ...ALL, status: 'failed', owner: 'a&b=c d' })
    expect(query).toBe('?project=p&domain=d&status=failed&owner=a%26b%3Dc+d')
    expect(new URLSearchParams(query).get('owner')).toBe('a&b=c d')
  })

  it('of a run names it in full', () => {
    expect(runAddress({ project: 'p', domain: 'd', name: 'r&1' })).toBe(
      '/v2/run?project=p&domain=d&name=r%261',
    )
  })

  for (const text of [null, '', 'everything', 'constructor', 'toString', 'FAILED']) {
    it(`with the status ${text} has none`, () => expect(statusOf(text)).toBe(''))
  }
})
