/** Calls what is due, when it is due. */
import type { Recurrence } from './schedule-expression.ts'

/** Something that is due again and again. */
export interface Due {
  readonly recurrence: Recurrence
  /** Called once for each time; what it rejects with is nobody's. */
  readonly call: (scheduledMs: number) => Promise<void>
}

export interface ScheduleClock {
  /** Adds something, or replaces what had its key. What was due before that is not made up for. */
  set(key: string, due: Due): void
  delete(key: string): void
  close(): void
}

/** Timers count no longer than this, and a machine that slept is noticed after it. */
const LONGEST_WAIT_MS = 30_000

/** Makes a clock. @param now The time, for tests; timers are the system's. */
export function createScheduleClock(now: () => number = Date.now): ScheduleClock {
  const all = new Map<string, Due & { nextMs: number }>()
  let timer: NodeJS.Timeout | undefined

  const next = ({ recurrence }: Due, afterMs: number) => recurrence.next(afterMs) ?? Number.POSITIVE_INFINITY

  const look = (): void => {
    const nowMs = now()
    for (const one of all.values()) {
      if (one.nextMs > nowMs) continue
      const scheduledMs = one.nextMs
      // What a machine slept through is called once, for the first of the times.
      one.nextMs = next(one, nowMs)
      one.call(scheduledMs).catch(() => {})
    }
    wait()
  }

  const wait = (): void => {
    clearTimeout(timer)
    const soonest = Math.min(...[...all.values()].map(({ nextMs }) => nextMs))
    if (soonest === Number.POSITIVE_INFINITY) return
    timer = setTimeout(look, Math.min(Math.max(0, soonest - now()), LONGEST_WAIT_MS))
  }

  return {
    set(key, due) {
      all.set(key, { ...due, nextMs: next(due, now()) })
      wait()
    },
    delete(key) {
      all.delete(key)
      wait()
    },
    close() {
      all.clear()
      clearTimeout(timer)
    },
  }
}
