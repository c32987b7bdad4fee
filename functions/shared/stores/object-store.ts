/** Objects in a bucket, for what is too large for the database or is read by tasks. */

/** Reads and writes whole objects. A failure is a `ServiceError` `storage_unavailable`. */
export interface ObjectStore {
  /** Writes an object, replacing one of the same URI. */
  readonly put: (uri: string, bytes: Uint8Array) => Promise<void>
  /** Reads an object; undefined if there is none. */
  readonly find: (uri: string) => Promise<Uint8Array | undefined>
}

/** Makes the real store at the first use only: its client is the largest part of a cold start, and rarely needed. */
export function lazyObjectStore(load: () => Promise<ObjectStore>): ObjectStore {
  let loading: Promise<ObjectStore> | undefined
  const store = () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  return {
    put: async (uri, bytes) => (await store()).put(uri, bytes),
    find: async (uri) => (await store()).find(uri),
  }
}
