/** Reading a list to its end, or to a limit. */
import type { RunQuery, RunStore, RunSummary } from '../../shared/stores/run-store.ts'

const PAGE = 500

/** The first items of a list, up to `limit` of them. */
export async function firstOf(
  runs: Pick<RunStore, 'list'>,
  query: RunQuery,
  limit: number,
): Promise<RunSummary[]> {
  const found: RunSummary[] = []
  let after: string | undefined
  do {
    const page = await runs.list(query, { limit: Math.min(PAGE, limit - found.length), after })
    found.push(...page.runs)
    after = page.next
  } while (after !== undefined && found.length < limit)
  return found
}
