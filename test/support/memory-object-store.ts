/** A bucket in memory. */
import type { ObjectStore } from '../../functions/shared/stores/object-store.ts'

/** Makes one; `contents` is what is in it, by URI. */
export function memoryObjectStore(): {
  readonly store: ObjectStore
  readonly contents: Map<string, Uint8Array>
} {
  const contents = new Map<string, Uint8Array>()
  const store: ObjectStore = {
    put: async (uri, bytes) => void contents.set(uri, bytes),
    find: async (uri) => contents.get(uri),
  }
  return { store, contents }
}
