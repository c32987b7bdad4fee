/** Objects in a bucket, for what is too large for the database or is read by tasks. */

import { ServiceError } from '../errors.ts'
import { loadedOnce } from '../loaded-once.ts'

/** Reads and writes whole objects. A failure is a `ServiceError` `storage_unavailable`. */
export interface ObjectStore {
  /** Writes an object, replacing one of the same URI. */
  readonly put: (uri: string, bytes: Uint8Array) => Promise<void>
  /**
   * Reads an object; undefined if there is none. One of more than `maxBytes` is not read: `data_too_large`.
   */
  readonly find: (uri: string, maxBytes?: number) => Promise<Uint8Array | undefined>
}

/** The failure of reading an object that is larger than its reader can pass on. */
export function dataTooLarge(bytes: number): ServiceError {
  const megabytes = (bytes / 1_000_000).toFixed(1)
  return new ServiceError('data_too_large', {
    message: `It is ${megabytes} MB of data, and the load balancer passes on 1 MB. Read it from the bucket, at its URI.`,
  })
}

/** Makes the real store at the first use only: its client is the largest part of a cold start, and rarely needed. */
export function lazyObjectStore(load: () => Promise<ObjectStore>): ObjectStore {
  const store = loadedOnce(load)
  return {
    put: async (uri, bytes) => (await store()).put(uri, bytes),
    find: async (uri, maxBytes) => (await store()).find(uri, maxBytes),
  }
}
