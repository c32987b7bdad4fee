/**
 * A page of the actions of a run. The root is older than all others and is no part of the store's list: it comes
 * before the first page of them, or after the last one.
 */
import type { RunQuery, RunStore, RunSummary } from '../../shared/stores/run-store.ts'
import { matches } from '../matches.ts'

export interface ActionsPageRequest {
  /** Its scope is a run. */
  readonly query: RunQuery
  readonly root: RunSummary
  /** At least 1. */
  readonly limit: number
  /** Where the page before ended: {@link ActionsPage.next}. */
  readonly after: string | undefined
}

export interface ActionsPage {
  readonly actions: readonly RunSummary[]
  readonly next: string | undefined
}

/** The place before the first action inside the run. */
const AFTER_ROOT = 'after-root'
/** The place behind the last action inside the run. */
const BEFORE_ROOT = 'before-root'

/** Reads a page. */
export function actionsPage(runs: Pick<RunStore, 'list'>, request: ActionsPageRequest): Promise<ActionsPage> {
  const shown = matches(request.root, request.query) ? [request.root] : []
  return request.query.newestFirst ? rootLast(runs, request, shown) : rootFirst(runs, request, shown)
}

async function rootFirst(
  runs: Pick<RunStore, 'list'>,
  { query, limit, after }: ActionsPageRequest,
  shown: readonly RunSummary[],
): Promise<ActionsPage> {
  const root = after === undefined ? shown : []
  const room = limit - root.length
  if (room === 0) return { actions: root, next: AFTER_ROOT }
  const inside = await runs.list(query, { limit: room, after: after === AFTER_ROOT ? undefined : after })
  return { actions: [...root, ...inside.runs], next: inside.next }
}

async function rootLast(
  runs: Pick<RunStore, 'list'>,
  { query, limit, after }: ActionsPageRequest,
  shown: readonly RunSummary[],
): Promise<ActionsPage> {
  if (after === BEFORE_ROOT) return { actions: shown, next: undefined }
  const inside = await runs.list(query, { limit, after })
  if (inside.next !== undefined || shown.length === 0) return { actions: inside.runs, next: inside.next }
  if (inside.runs.length === limit) return { actions: inside.runs, next: BEFORE_ROOT }
  return { actions: [...inside.runs, ...shown], next: undefined }
}
