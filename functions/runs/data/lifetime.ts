/** How long links work. */

const DEFAULT_SECONDS = 900
const MAX_SECONDS = 3_600

/** The lifetime of a link in seconds for the one that was asked for: at least a second, and an hour at most. */
export function lifetimeSecondsOf(requestedMs: number | undefined): number {
  if (requestedMs === undefined) return DEFAULT_SECONDS
  return Math.min(Math.max(Math.ceil(requestedMs / 1000), 1), MAX_SECONDS)
}
