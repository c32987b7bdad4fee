/**
 * The signals of a call, as Connect makes them (`protocol/signals.js`), at a smaller price.
 *
 * Connect gives each call two controllers, links them by listeners and aborts both when the call has ended, with an
 * error made for the occasion. Here a call without a deadline has one controller and no listener, and all calls
 * that have ended share one reason. The bundles put it in the place of Connect's; a test compares the two.
 */
import { Code, ConnectError } from '@connectrpc/connect'

/** The signal of what is never aborted. */
export const NEVER_ABORTED: AbortSignal = new AbortController().signal

/** Why the signal of a call aborts once it has been answered: the web's default, without a stack. */
const ENDED = Object.assign(new Error('This operation was aborted'), { name: 'AbortError' })

/** A signal that aborts when the time is up, `deadline_exceeded`. `cleanup` has to be called at the end. */
export function createDeadlineSignal(timeoutMs: number | undefined): {
  signal: AbortSignal
  cleanup: () => void
} {
  if (timeoutMs === undefined) return { signal: NEVER_ABORTED, cleanup: () => undefined }
  const controller = new AbortController()
  const abort = () => controller.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded))
  if (timeoutMs <= 0) abort()
  const timer = timeoutMs > 0 ? setTimeout(abort, timeoutMs) : undefined
  return { signal: controller.signal, cleanup: () => clearTimeout(timer) }
}

/** A controller that aborts with the first of the signals that does, for the same reason. Absent signals are fine. */
export function createLinkedAbortController(
  ...signals: readonly (AbortSignal | undefined)[]
): Pick<AbortController, 'signal' | 'abort'> {
  const controller = new AbortController()
  const linked = signals.filter((signal) => signal !== undefined && signal !== NEVER_ABORTED)
  const abort = (reason: unknown = ENDED) => {
    if (!controller.signal.aborted) controller.abort(reason)
    for (const signal of linked) signal?.removeEventListener('abort', follow)
  }
  function follow(this: AbortSignal) {
    abort(getAbortSignalReason(this))
  }
  for (const signal of linked) {
    if (signal?.aborted) {
      follow.call(signal)
      break
    }
    signal?.addEventListener('abort', follow)
  }
  return { signal: controller.signal, abort }
}

/** Why a signal was aborted; undefined if it was not. */
export function getAbortSignalReason(signal: AbortSignal): unknown {
  return signal.aborted ? (signal.reason ?? ENDED) : undefined
}
