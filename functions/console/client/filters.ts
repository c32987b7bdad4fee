/** Which runs are looked at: as the address says it, and as the API is asked for it. No DOM in here. */

export type Status = '' | 'active' | 'succeeded' | 'failed' | 'aborted'

export interface RunFilters {
  readonly project: string
  readonly domain: string
  readonly status: Status
  /** Empty for everybody, `mine` for whoever looks, else a subject. */
  readonly owner: string
}

/** A filter of the API in the JSON form of protobuf. */
export interface ApiFilter {
  readonly function: 'EQUAL' | 'VALUE_IN' | 'GREATER_THAN_OR_EQUAL'
  readonly field: string
  readonly values: readonly string[]
}

/** The numbers of `flyteidl2.common.ActionPhase`; 10 is `RECOVERED`, newer than most generated code. */
const PHASES: Readonly<Record<Exclude<Status, ''>, readonly number[]>> = {
  active: [1, 2, 3, 4, 9],
  succeeded: [5, 10],
  failed: [6, 8],
  aborted: [7],
}

/** Reads a status that came in an address; any for what is none. */
export function statusOf(text: string | null): Status {
  return text !== null && Object.hasOwn(PHASES, text) ? (text as Status) : ''
}

/** The query of the page's address. What has its default is left out, except where it is. */
export function queryOf({ project, domain, status, owner }: RunFilters): string {
  const query = new URLSearchParams({ project, domain })
  if (status !== '') query.set('status', status)
  if (owner !== '') query.set('owner', owner)
  return `?${query}`
}

/** The address of a run's page. */
export function runAddress(run: {
  readonly project: string
  readonly domain: string
  readonly name: string
}) {
  const { project, domain, name } = run
  return `/v2/run?${new URLSearchParams({ project, domain, name })}`
}

/** The filters as the API has them. @param viewer The subject of whoever looks. */
export function apiFilters({ status, owner }: RunFilters, viewer: string): readonly ApiFilter[] {
  const phase: ApiFilter[] =
    status === '' ? [] : [{ function: 'VALUE_IN', field: 'phase', values: PHASES[status].map(String) }]
  const subject = owner === 'mine' ? viewer : owner
  const by: ApiFilter[] =
    subject === '' ? [] : [{ function: 'EQUAL', field: 'created_by', values: [subject] }]
  return [...phase, ...by]
}

/** Only what was made since. */
export function since(fromMs: number): ApiFilter {
  const values = [new Date(fromMs).toISOString()]
  return { function: 'GREATER_THAN_OR_EQUAL', field: 'created_at', values }
}
