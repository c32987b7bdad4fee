/** Session stores that are made at their first use: whoever has no session yet needs none of them. */

import { loadedOnce } from '../loaded-once.ts'
import type { EndedSessionStore, RefreshStore } from './session-store.ts'

/** Both stores, as one module makes them. */
export interface SessionStores {
  readonly refreshStore: RefreshStore
  readonly endedStore: EndedSessionStore
}

/** Makes stores that load the real ones when they are first asked something; a load that fails is tried again. */
export function lazySessionStores(load: () => Promise<SessionStores>): SessionStores {
  const stores = loadedOnce(load)
  return {
    refreshStore: {
      claim: async (...given) => (await stores()).refreshStore.claim(...given),
      look: async (...given) => (await stores()).refreshStore.look(...given),
      complete: async (...given) => (await stores()).refreshStore.complete(...given),
      refuse: async (...given) => (await stores()).refreshStore.refuse(...given),
      release: async (...given) => (await stores()).refreshStore.release(...given),
    },
    endedStore: {
      end: async (...given) => (await stores()).endedStore.end(...given),
      endedAt: async (...given) => (await stores()).endedStore.endedAt(...given),
      useOnce: async (...given) => (await stores()).endedStore.useOnce(...given),
    },
  }
}
