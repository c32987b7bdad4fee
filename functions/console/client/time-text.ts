/** Times and durations as people say them. */

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** For example `3 minutes ago`. Clocks differ a little: the near future is now. */
export function relativeTime(atMs: number, nowMs: number): string {
  const agoMs = Math.max(0, nowMs - atMs)
  if (agoMs < 10 * SECOND_MS) return 'just now'
  if (agoMs < MINUTE_MS) return RELATIVE.format(-Math.floor(agoMs / SECOND_MS), 'second')
  if (agoMs < HOUR_MS) return RELATIVE.format(-Math.floor(agoMs / MINUTE_MS), 'minute')
  if (agoMs < DAY_MS) return RELATIVE.format(-Math.floor(agoMs / HOUR_MS), 'hour')
  return RELATIVE.format(-Math.floor(agoMs / DAY_MS), 'day')
}

/** For example `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(durationMs: number): string {
  if (durationMs < 10 * SECOND_MS) return `${(Math.floor(durationMs / 100) / 10).toFixed(1)} s`
  if (durationMs < MINUTE_MS) return `${Math.floor(durationMs / SECOND_MS)} s`
  if (durationMs < HOUR_MS) return twoUnits(durationMs, [MINUTE_MS, 'min'], [SECOND_MS, 's'])
  if (durationMs < DAY_MS) return twoUnits(durationMs, [HOUR_MS, 'h'], [MINUTE_MS, 'min'])
  return twoUnits(durationMs, [DAY_MS, 'd'], [HOUR_MS, 'h'])
}

type Unit = readonly [lengthMs: number, name: string]

function twoUnits(durationMs: number, [largeMs, large]: Unit, [smallMs, small]: Unit): string {
  const rest = Math.floor((durationMs % largeMs) / smallMs)
  const whole = `${Math.floor(durationMs / largeMs)} ${large}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}
