/** Schedules, which call this deployment back at the times that they name. */
import type { EpochMs } from '../clock.ts'
import { loadedOnce } from '../loaded-once.ts'

/** What is called back, and when. Times of the expressions are as EventBridge Scheduler reads them. */
export interface Schedule {
  /** Up to 64 letters, digits, `-`, `_` and `.`; one schedule a name. */
  readonly name: string
  /** For people who look at the list of schedules. */
  readonly description: string
  /** `rate(...)` or `cron(...)`. */
  readonly expression: string
  /** An IANA time zone. */
  readonly timeZone: string
  /** When a rate calls for the first time; undefined for a cron expression, which says so itself. */
  readonly startsAtMs: EpochMs | undefined
  /** The event. `<aws.scheduler.scheduled-time>` in it becomes the time that the call was due. */
  readonly input: string
}

/**
 * The schedules of a deployment. Failures are `ServiceError`s: `request_invalid` for an expression that the scheduler
 * does not know, `scheduler_unavailable`.
 */
export interface ScheduleStore {
  /** Makes a schedule, or gives it this form if it is there. */
  readonly put: (schedule: Schedule) => Promise<void>
  /** Removes a schedule; one that is not there is removed already. */
  readonly remove: (name: string) => Promise<void>
}

/** Makes the real store at the first use only: most instances never see a trigger. */
export function lazyScheduleStore(load: () => Promise<ScheduleStore>): ScheduleStore {
  const store = loadedOnce(load)
  return {
    put: async (schedule) => (await store()).put(schedule),
    remove: async (name) => (await store()).remove(name),
  }
}
