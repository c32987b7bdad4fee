/** The list of the runs page: what it holds, and how it is fetched, extended and shown. */
import { byId } from './dom.ts'
import { apiFilters, queryOf, type RunFilters } from './filters.ts'
import { fetchRuns, MAX_PAGE } from './list-runs.ts'
import { type RunsPage, withNewest } from './merge-runs.ts'
import { noteSignedIn, showFailure } from './notices.ts'
import { currentFilters, offerOwners } from './place.ts'
import type { Outcome } from './poll.ts'
import { RpcError } from './rpc.ts'
import type { RunView } from './run-view.ts'
import { noRuns, runsSkeleton, showRuns } from './runs-table.ts'

const PAGE_SIZE = 20

export type Part = 'newest' | 'older'

interface Listed extends RunsPage {
  /** What the list is about, to tell it from another one. */
  readonly query: string
}

/** What a load led to; `before` and `after` only if both are about the same list. */
export interface Loaded {
  readonly outcome: Outcome
  readonly before?: readonly RunView[]
  readonly after?: readonly RunView[]
}

export interface RunsList {
  /**
   * Fetches the newest runs again, or goes on where the list ends. Never rejects for what the service says: a notice
   * tells it. Undefined if another request came after.
   */
  readonly load: (part: Part) => Promise<Loaded | undefined>
  /** Points a run out from now on. */
  readonly highlight: (name: string | undefined) => void
  /** Shows that runs are on their way. */
  readonly showWaiting: () => void
}

/**
 * Makes the list that is on the page already.
 *
 * @param viewer The subject of whoever looks.
 * @param onRetry Called when somebody asks to try again what failed.
 */
export function createRunsList(viewer: string, onRetry: (part: Part) => void): RunsList {
  const area = byId('runs', HTMLDivElement)
  let listed: Listed | undefined
  let highlighted: string | undefined
  /** Only the latest request may write: answers can overtake each other. */
  let latest = 0

  async function load(part: Part): Promise<Loaded | undefined> {
    latest += 1
    const request = latest
    const before = listed
    area.setAttribute('aria-busy', 'true')
    try {
      const next = await fetchList(part, before, viewer)
      if (request !== latest) return undefined
      listed = next
      noteSignedIn()
      show(area, next, { viewer, highlighted })
      return loadedOf(before, next)
    } catch (error) {
      return request === latest ? { outcome: failed(error, () => onRetry(part)) } : undefined
    } finally {
      if (request === latest) area.setAttribute('aria-busy', 'false')
    }
  }

  return {
    load,
    highlight: (name) => {
      highlighted = name
    },
    showWaiting: () => area.replaceChildren(runsSkeleton()),
  }
}

async function fetchList(part: Part, listed: Listed | undefined, viewer: string): Promise<Listed> {
  const filters: RunFilters = currentFilters()
  const query = queryOf(filters)
  const before = listed?.query === query ? listed : undefined
  const isMore = part === 'older' && before !== undefined
  const page = await fetchRuns(filters, {
    filters: apiFilters(filters, viewer),
    limit: isMore ? PAGE_SIZE : Math.min(MAX_PAGE, Math.max(PAGE_SIZE, before?.runs.length ?? 0)),
    token: isMore ? before.token : '',
  })
  if (before === undefined) return { ...page, query }
  if (isMore) return { ...page, runs: [...before.runs, ...page.runs], query }
  return { ...withNewest(before, page), query }
}

function loadedOf(before: Listed | undefined, next: Listed): Loaded {
  if (before?.query !== next.query) return { outcome: 'changed' }
  const isSame = JSON.stringify(before.runs) === JSON.stringify(next.runs)
  return { outcome: isSame ? 'same' : 'changed', before: before.runs, after: next.runs }
}

/** Tells what failed. Asking again does not mend an ended session, or what somebody may not see. */
function failed(error: unknown, retry: () => void): Outcome {
  showFailure(error, retry)
  const isFinal = error instanceof RpcError && ['signed-out', 'not-allowed'].includes(error.failure)
  return isFinal ? 'stop' : 'failed'
}

function show(
  area: HTMLElement,
  { runs, token }: Listed,
  { viewer, highlighted }: { readonly viewer: string; readonly highlighted: string | undefined },
): void {
  const { project, domain, status, owner } = currentFilters()
  const nowMs = Date.now()
  byId('runs-place', HTMLParagraphElement).textContent = `${project} / ${domain}`
  byId('updated', HTMLParagraphElement).textContent = `Updated ${new Date(nowMs).toLocaleTimeString()}`
  byId('older', HTMLButtonElement).hidden = token === ''
  const makers = runs.map(({ who }) => who)
  offerOwners(makers, viewer)
  const isFiltered = status !== '' || owner !== ''
  if (runs.length === 0) area.replaceChildren(noRuns(`${project} / ${domain}`, isFiltered))
  else showRuns(area, { runs, highlighted, nowMs })
}
