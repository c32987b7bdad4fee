/** The filters of a list of runs or actions; all of them have to hold. */
import {
  type Filter,
  Filter_Function,
  type ListRequest,
} from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import type { RunQuery, TimeSpan } from '../shared/stores/run-store.ts'
import { parseTimestamp } from './timestamp.ts'

/** What filters come to, beside the list that they are applied to. */
export type Conditions = Pick<
  RunQuery,
  'phases' | 'ownerSubject' | 'created' | 'updated' | 'labels' | 'task' | 'parent'
>

const MAX_FILTERS = 20
const MAX_VALUES = 20

/** No condition at all. */
export const NONE: Conditions = {
  phases: undefined,
  ownerSubject: undefined,
  created: undefined,
  updated: undefined,
}

/** `Filter.Function.EXISTS`, which is newer than our generated code; clients send its number. */
const EXISTS: number = 15

/** The Python SDK asks for labels by this prefix and the name of one. */
const LABEL_PREFIX = 'labels.'
const MAX_LABEL_LENGTH = 256

type AddCondition = (filter: Filter, path: string, conditions: Conditions) => Conditions

const COMMON_FIELDS: FilterFields = {
  phase: withPhase,
  created_at: (filter, path, all) => ({ ...all, created: narrowed(all.created, filter, path) }),
  updated_at: (filter, path, all) => ({ ...all, updated: narrowed(all.updated, filter, path) }),
}

/** Fields by the name that a filter has for them. */
export type FilterFields = Readonly<Record<string, AddCondition>>

/** What runs are filtered by. The Python SDK says `created_by` for what upstream calls `created_by_subject`. */
export const RUN_FIELDS: FilterFields = {
  ...COMMON_FIELDS,
  created_by: withOwner,
  created_by_subject: withOwner,
  task_name: (filter, path, all) => withTask('name', filter, path, all),
  task_version: (filter, path, all) => withTask('version', filter, path, all),
  'labels.*': withLabel,
}

/** What the actions of a run are filtered by. */
export const ACTION_FIELDS: FilterFields = { ...COMMON_FIELDS, parent_name: withParent }

type FiltersOfRequest = Pick<ListRequest, 'filters' | 'rawFilters'>

/**
 * Reads the filters of a request.
 *
 * @throws {ServiceError} `request_invalid`, naming the field of the request; never what was sent in it.
 */
export function conditionsOfFilters(request: FiltersOfRequest | undefined, fields: FilterFields): Conditions {
  if (request === undefined) return NONE
  if (request.rawFilters.length > 0)
    throw invalid('request.raw_filters is not supported; send request.filters.')
  if (request.filters.length > MAX_FILTERS)
    throw invalid(`request.filters has more than ${MAX_FILTERS} items.`)
  return request.filters.reduce<Conditions>((conditions, filter, i) => {
    const path = `request.filters[${i}]`
    const name = filter.field.startsWith(LABEL_PREFIX) ? 'labels.*' : filter.field
    const add = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (add === undefined) {
      throw invalid(
        `${path}.field is not one that this list is filtered by: ${Object.keys(fields).join(', ')}.`,
      )
    }
    return add(filter, path, conditions)
  }, NONE)
}

/**
 * `EQUAL` with several values is one number whose digits were taken apart: the Python SDK hands over a text where
 * a list is wanted, so that phase 10 arrives as `["1", "0"]`.
 */
function withPhase(filter: Filter, path: string, conditions: Conditions): Conditions {
  const isEqual = filter.function === Filter_Function.EQUAL
  if (!isEqual && filter.function !== Filter_Function.VALUE_IN) {
    throw invalid(`${path}.function is EQUAL or VALUE_IN for phase.`)
  }
  if (filter.values.length > MAX_VALUES) throw invalid(`${path}.values has more than ${MAX_VALUES} items.`)
  const values = isEqual ? [filter.values.join('')] : filter.values
  if (!values.every((value) => /^\d{1,2}$/.test(value))) {
    throw invalid(`${path}.values has to be numbers of the enum ActionPhase.`)
  }
  const phases = [...new Set(values.map(Number))].sort((a, b) => a - b)
  const { phases: before } = conditions
  return { ...conditions, phases: before ? phases.filter((phase) => before.includes(phase)) : phases }
}

function withOwner(filter: Filter, path: string, conditions: Conditions): Conditions {
  const [subject, ...more] = filter.values
  if (filter.function !== Filter_Function.EQUAL) throw invalid(`${path}.function is EQUAL for an owner.`)
  if (subject === undefined || subject === '' || more.length > 0) {
    throw invalid(`${path}.values has to be one subject.`)
  }
  const before = conditions.ownerSubject
  // Nobody is two people: the list is empty.
  if (before !== undefined && before !== subject) return { ...conditions, phases: [] }
  return { ...conditions, ownerSubject: subject }
}

/** A label with one value, or one that is there whatever its value is. */
function withLabel(filter: Filter, path: string, conditions: Conditions): Conditions {
  const name = filter.field.slice(LABEL_PREFIX.length)
  const [value, ...more] = filter.values
  if (name === '' || name.length > MAX_LABEL_LENGTH) throw invalid(`${path}.field names no label.`)
  const before = conditions.labels ?? []
  if (filter.function === EXISTS) return { ...conditions, labels: [...before, { name, value: undefined }] }
  if (filter.function !== Filter_Function.EQUAL) {
    throw invalid(`${path}.function is EQUAL or EXISTS for a label.`)
  }
  if (value === undefined || more.length > 0) throw invalid(`${path}.values has to be one value of a label.`)
  return { ...conditions, labels: [...before, { name, value }] }
}

function withTask(
  part: 'name' | 'version',
  filter: Filter,
  path: string,
  conditions: Conditions,
): Conditions {
  const [value, ...more] = filter.values
  if (filter.function !== Filter_Function.EQUAL) throw invalid(`${path}.function is EQUAL for a task.`)
  if (value === undefined || more.length > 0) throw invalid(`${path}.values has to be one ${part} of a task.`)
  const before = conditions.task?.[part]
  // A run is of one task: the list is empty.
  if (before !== undefined && before !== value) return { ...conditions, phases: [] }
  return { ...conditions, task: { ...conditions.task, [part]: value } }
}

function withParent(filter: Filter, path: string, conditions: Conditions): Conditions {
  const [parent, ...more] = filter.values
  if (filter.function !== Filter_Function.EQUAL) throw invalid(`${path}.function is EQUAL for a parent.`)
  if (parent === undefined || more.length > 0) throw invalid(`${path}.values has to be one name.`)
  // Nothing has two parents: the list is empty.
  if (conditions.parent !== undefined && conditions.parent !== parent) return { ...conditions, phases: [] }
  return { ...conditions, parent }
}

const ALWAYS: TimeSpan = { fromMs: 0, untilMs: 10 ** 14 }

function narrowed(span: TimeSpan = ALWAYS, filter: Filter, path: string): TimeSpan {
  const [value, ...more] = filter.values
  const time = value === undefined || more.length > 0 ? undefined : parseTimestamp(value)
  if (time === undefined) throw invalid(`${path}.values has to be one RFC 3339 time with an offset.`)
  const { ms, isExact } = time
  // Times are kept in whole milliseconds: what lies between two of them is rounded to the later one.
  const atOrAfter = isExact ? ms : ms + 1
  switch (filter.function) {
    case Filter_Function.GREATER_THAN:
      return { ...span, fromMs: Math.max(span.fromMs, ms + 1) }
    case Filter_Function.GREATER_THAN_OR_EQUAL:
      return { ...span, fromMs: Math.max(span.fromMs, atOrAfter) }
    case Filter_Function.LESS_THAN:
      return { ...span, untilMs: Math.min(span.untilMs, atOrAfter) }
    case Filter_Function.LESS_THAN_OR_EQUAL:
      return { ...span, untilMs: Math.min(span.untilMs, ms + 1) }
    default:
      throw invalid(`${path}.function is one of >, >=, <, <= for a time.`)
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
