/** Both session stores over the Auth table. */
import type { SessionStores } from '../lazy-session-stores.ts'
import { createDynamoDbClient } from './client.ts'
import { createDynamoDbEndedSessionStore } from './ended-session-store.ts'
import { createDynamoDbRefreshStore, type RefreshStoreDeps } from './refresh-store.ts'

/** Makes them, with a client of their own unless one is given. */
export function createDynamoDbSessionStores({
  client = createDynamoDbClient(),
  ...deps
}: Omit<RefreshStoreDeps, 'client'> & Partial<Pick<RefreshStoreDeps, 'client'>>): SessionStores {
  const store = { ...deps, client }
  return {
    refreshStore: createDynamoDbRefreshStore(store),
    endedStore: createDynamoDbEndedSessionStore(store),
  }
}
