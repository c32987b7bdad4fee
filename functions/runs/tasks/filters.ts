/** The filters of a list of tasks; all of them have to hold. */
import {
  type Filter,
  Filter_Function,
  type ListRequest,
} from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import type { ListTasksRequest } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { readEnrichedIdentity } from '../../shared/identity/enriched-identity.ts'
import type { TaskSummary } from '../../shared/stores/deployed-task-store.ts'

/** What the filters of a request come to. */
export interface TaskConditions {
  /** Every version of this task is listed, instead of the newest one of each. */
  readonly name: string | undefined
  readonly matches: (task: TaskSummary) => boolean
}

const MAX_FILTERS = 20
const MAX_VALUES = 20

const FIELDS: Readonly<Record<string, (task: TaskSummary['task']) => string>> = {
  name: ({ name }) => name,
  version: ({ version }) => version,
  short_name: ({ shortName }) => shortName,
  environment_name: ({ environmentName }) => environmentName,
  task_type: ({ type }) => type,
}

const FUNCTIONS: Readonly<Record<number, (actual: string, values: readonly string[]) => boolean>> = {
  [Filter_Function.EQUAL]: (actual, values) => values.includes(actual),
  [Filter_Function.NOT_EQUAL]: (actual, values) => !values.includes(actual),
  [Filter_Function.VALUE_IN]: (actual, values) => values.includes(actual),
  [Filter_Function.CONTAINS]: (actual, values) => values.some((value) => actual.includes(value)),
  [Filter_Function.CONTAINS_CASE_INSENSITIVE]: (actual, values) =>
    values.some((value) => actual.toLowerCase().includes(value.toLowerCase())),
}

type KnownFilter = ListTasksRequest['knownFilters'][number]['filterBy']

/**
 * Reads the filters of a request.
 *
 * @throws {ServiceError} `request_invalid`, naming the field of the request; never what was sent in it.
 */
export function taskConditions(
  request: Pick<ListRequest, 'filters' | 'rawFilters'> | undefined,
  known: readonly KnownFilter[] = [],
): TaskConditions {
  const { filters = [], rawFilters = [] } = request ?? {}
  if (rawFilters.length > 0) throw invalid('request.raw_filters is not supported; send request.filters.')
  if (filters.length > MAX_FILTERS) throw invalid(`request.filters has more than ${MAX_FILTERS} items.`)
  const conditions = [
    ...filters.map((filter, i) => conditionOf(filter, `request.filters[${i}]`)),
    ...known.map(knownCondition),
  ]
  return {
    name: filters.find(isOneName)?.values[0],
    matches: (task) => conditions.every((holds) => holds(task)),
  }
}

function isOneName({ field, function: compare, values }: Filter): boolean {
  return field === 'name' && compare === Filter_Function.EQUAL && values.length === 1
}

function conditionOf(filter: Filter, path: string): TaskConditions['matches'] {
  const read = Object.hasOwn(FIELDS, filter.field) ? FIELDS[filter.field] : undefined
  const compare = Object.hasOwn(FUNCTIONS, filter.function) ? FUNCTIONS[filter.function] : undefined
  if (read === undefined) {
    throw invalid(`${path}.field is not one that tasks are filtered by: ${Object.keys(FIELDS).join(', ')}.`)
  }
  if (compare === undefined) {
    throw invalid(`${path}.function is one of EQUAL, NOT_EQUAL, VALUE_IN and the two CONTAINS.`)
  }
  const { values } = filter
  if (values.length === 0 || values.length > MAX_VALUES) {
    throw invalid(`${path}.values has to have up to ${MAX_VALUES} items.`)
  }
  return ({ task }) => compare(read(task), values)
}

function knownCondition(filter: KnownFilter): TaskConditions['matches'] {
  if (filter.case === 'isEntrypoint') return ({ isEntrypoint }) => isEntrypoint === filter.value
  if (filter.case === 'deployedBy') {
    return ({ deployedBy }) => {
      const { principal } = readEnrichedIdentity(deployedBy) ?? {}
      return principal?.value?.id?.subject === filter.value
    }
  }
  throw invalid('known_filters has an item that is empty.')
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
