/** How often to ask again. No DOM in here. */

export interface Pace {
  /** While things happen. */
  readonly everyMs: number
  /** At most this long, whatever happens. */
  readonly slowestMs: number
}

/** After so many looks at nothing new, the next ones come less often. */
const LOOKS_BEFORE_SLOWING = 6

/** The time to the next look. */
export function nextDelayMs(
  { everyMs, slowestMs }: Pace,
  history: { readonly unchanged: number; readonly failures: number },
): number {
  const slowed = Math.max(0, history.unchanged - LOOKS_BEFORE_SLOWING)
  return Math.min(slowestMs, everyMs * 2 ** Math.min(10, history.failures + Math.floor(slowed / 3)))
}
