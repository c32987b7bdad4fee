/**
 * The filters of ListProjects, a small language of its own: `eq(state, 0)`, joined by `+`; also `ne`, `contains`
 * and `value_in(field, a;b)`.
 */
import { type Project, ProjectState } from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'

/** Whether a project belongs on the list. */
export type ProjectFilter = (project: Project) => boolean

const FIELDS: Readonly<Record<string, (project: Project) => string>> = {
  id: (project) => project.id,
  identifier: (project) => project.id,
  name: (project) => project.name,
  description: (project) => project.description,
  state: (project) => String(project.state),
}

const FUNCTIONS: Readonly<Record<string, (actual: string, value: string) => boolean>> = {
  eq: (actual, value) => actual === value,
  ne: (actual, value) => actual !== value,
  contains: (actual, value) => actual.includes(value),
  value_in: (actual, value) => value.split(';').some((one) => one.trim() === actual),
}

const MAX_FILTERS = 20
const TERM = /^\s*([a-z_]+)\(\s*([a-z_]+)\s*,\s*(.*?)\s*\)\s*$/s

const hidesArchived: ProjectFilter = ({ state }) =>
  state !== ProjectState.ARCHIVED && state !== ProjectState.SYSTEM_ARCHIVED

/**
 * Reads the filters of a request; all of them have to hold. Without any, archived projects are left out.
 *
 * @throws {ServiceError} `request_invalid`, naming what could be asked.
 */
export function parseProjectFilter(filters: string): ProjectFilter {
  if (filters.trim() === '') return hidesArchived
  const terms = filters.split('+')
  if (terms.length > MAX_FILTERS) throw invalid(`filters has more than ${MAX_FILTERS} terms.`)
  const parsed = terms.map(parseTerm)
  return (project) => parsed.every((holds) => holds(project))
}

function parseTerm(term: string): ProjectFilter {
  const [, functionName = '', fieldName = '', value = ''] = TERM.exec(term) ?? []
  const compare = own(FUNCTIONS, functionName)
  const read = own(FIELDS, fieldName)
  if (compare === undefined)
    throw invalid(`filters takes ${Object.keys(FUNCTIONS).join(', ')}: eq(state, 0).`)
  if (read === undefined) throw invalid(`filters looks at the fields ${Object.keys(FIELDS).join(', ')}.`)
  return (project) => compare(read(project), value)
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
