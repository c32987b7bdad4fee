/** A value that is fetched from elsewhere and kept: fetched once for everybody, and kept on while the other side is down. */
import type { Clock } from '../clock.ts'

export interface Refreshed<T> {
  /**
   * The value, loaded if there is none or it is no longer fresh. While loading fails, the last value is
   * given until it is too old. Rejects or throws with what loading failed with if there is nothing to give.
   */
  readonly get: () => T | Promise<T>
  /** The value, loaded now; whoever asks meanwhile gets the same load. Rejects if loading fails. */
  readonly reload: () => Promise<T>
}

export interface RefreshedOptions<T> {
  readonly load: () => Promise<T>
  readonly now: Clock
  /** How long a value is given without asking again. */
  readonly freshMs: number
  /** How long a value is given while it cannot be loaded again. */
  readonly staleMs: number
  /** How long nothing is asked after a failure. */
  readonly pauseMs: number
}

/** Keeps one value. Time is read from `now` alone; there are no timers. */
export function createRefreshed<T>({
  load,
  now,
  freshMs,
  staleMs,
  pauseMs,
}: RefreshedOptions<T>): Refreshed<T> {
  let kept: { readonly value: T; readonly loadedAtMs: number } | undefined
  let failed: { readonly error: unknown; readonly atMs: number } | undefined
  let loading: Promise<T> | undefined

  async function loadOnce(): Promise<T> {
    try {
      const value = await load()
      kept = { value, loadedAtMs: now() }
      failed = undefined
      return value
    } catch (error) {
      failed = { error, atMs: now() }
      throw error
    } finally {
      loading = undefined
    }
  }

  function reload(): Promise<T> {
    loading ??= loadOnce()
    return loading
  }

  function keptOrThrow(error: unknown): T {
    if (kept !== undefined && now() - kept.loadedAtMs < staleMs) return kept.value
    throw error
  }

  return {
    reload,
    get() {
      if (kept !== undefined && now() - kept.loadedAtMs < freshMs) return kept.value
      const isPaused = failed !== undefined && now() - failed.atMs < pauseMs
      if (isPaused && loading === undefined) return keptOrThrow(failed?.error)
      return reload().catch(keptOrThrow)
    },
  }
}
