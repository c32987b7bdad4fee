/** Both session stores over the Auth table, with a client of their own. */
import type { SessionStores } from '../lazy-session-stores.ts'
import { createDynamoDbClient } from './client.ts'
import { createDynamoDbEndedSessionStore } from './ended-session-store.ts'
import { createDynamoDbRefreshStore, type RefreshStoreDeps } from './refresh-store.ts'

/** Makes them. */
export function createDynamoDbSessionStores(deps: Omit<RefreshStoreDeps, 'client'>): SessionStores {
  const store = { ...deps, client: createDynamoDbClient() }
  return {
    refreshStore: createDynamoDbRefreshStore(store),
    endedStore: createDynamoDbEndedSessionStore(store),
  }
}
