/** A limit on how long several steps may take together. */
export interface TimeBudget {
  /** Aborts when the budget is used up. */
  readonly signal: AbortSignal
  /** Waits for a step, or rejects with the signal's reason when the budget is used up. */
  readonly within: <T>(step: Promise<T>) => Promise<T>
  /** Has to be called at the end, or the timer stays. */
  readonly end: () => void
}

export function startTimeBudget(limitMs: number): TimeBudget {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('out of time', 'TimeoutError')), limitMs)
  const usedUp = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true })
  })
  // Nobody may be waiting when it rejects.
  usedUp.catch(() => undefined)
  return {
    signal: controller.signal,
    within: (step) => Promise.race([step, usedUp]),
    end: () => clearTimeout(timer),
  }
}
