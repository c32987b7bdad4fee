/** What has been started, and is to be stopped in the opposite order. */
export interface Closing {
  add(close: () => unknown): void
  /** Stops everything that was added, once; a failure of one does not keep the others running. */
  all(): Promise<void>
}

export function closingList(): Closing {
  const closers: (() => unknown)[] = []
  let done: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
      await Promise.resolve()
        .then(close)
        .catch(() => {})
    }
  }
  return {
    add: (close) => void closers.push(close),
    all: () => {
      done ??= closeAll()
      return done
    },
  }
}
