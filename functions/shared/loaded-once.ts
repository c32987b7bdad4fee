/** What a cold start can do without, loaded when it is first asked for. */

/**
 * Makes a function that loads at its first call and gives the same value to every later one; calls that come
 * meanwhile share the load. A load that fails rejects those who waited for it, and the next call tries again.
 */
export function loadedOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
}
