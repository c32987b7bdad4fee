/** Logs that others wrote, in groups of streams. */
import type { EpochMs } from '../clock.ts'
import { loadedOnce } from '../loaded-once.ts'

export interface LogEvent {
  readonly timestampMs: EpochMs
  readonly message: string
}

export interface NewestEvents {
  /** Oldest first. */
  readonly events: readonly LogEvent[]
  /** Whether the stream may have older ones. */
  readonly hasOlder: boolean
}

/**
 * Reads logs. Failures are `ServiceError`s: `logs_unavailable`; `logs_unreadable` where there is no such group, or
 * this deployment may not read it.
 */
export interface LogStore {
  /** The first streams, in order, whose name is this one or is below it (`name/...`); 50 at most. */
  readonly streamsAt: (group: string, name: string) => Promise<readonly string[]>
  /** The newest events of a stream: at least so many bytes of messages, if there are. */
  readonly newest: (
    stream: { readonly group: string; readonly name: string },
    minimumBytes: number,
  ) => Promise<NewestEvents>
}

/** Makes the real store at the first use only; see `lazyObjectStore`. */
export function lazyLogStore(load: () => Promise<LogStore>): LogStore {
  const store = loadedOnce(load)
  return {
    streamsAt: async (group, name) => (await store()).streamsAt(group, name),
    newest: async (stream, minimumBytes) => (await store()).newest(stream, minimumBytes),
  }
}
