/**
 * Where the local identity provider keeps codes, sessions and grants: in memory, for as long as it runs.
 *
 * One store belongs to one provider, and outlives a change of its keys.
 */
import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAtMs: number
}

/** Makes the adapter of each model over one shared store. */
export function createMemoryAdapter(now: () => number = Date.now): (model: string) => Adapter {
  const entries = new Map<string, Entry>()
  return (model) => memoryAdapter({ model, entries, now })
}

function memoryAdapter(options: { model: string; entries: Map<string, Entry>; now: () => number }): Adapter {
  const { model, entries, now } = options
  const keyOf = (id: string) => `${model}:${id}`
  const find = (key: string) => {
    const entry = entries.get(key)
    if (entry === undefined || entry.expiresAtMs > now()) return entry?.payload
    entries.delete(key)
    return undefined
  }
  const findWhere = (matches: (payload: AdapterPayload) => boolean) => {
    for (const key of entries.keys()) {
      if (!key.startsWith(keyOf(''))) continue
      const payload = find(key)
      if (payload !== undefined && matches(payload)) return payload
    }
    return undefined
  }
  return {
    async upsert(id, payload, expiresInSeconds) {
      const lifetimeMs = expiresInSeconds === undefined ? Number.POSITIVE_INFINITY : expiresInSeconds * 1000
      entries.set(keyOf(id), { payload, expiresAtMs: now() + lifetimeMs })
    },
    find: async (id) => find(keyOf(id)),
    findByUid: async (uid) => findWhere((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => findWhere((payload) => payload.userCode === userCode),
    async consume(id) {
      const payload = find(keyOf(id))
      if (payload !== undefined) payload.consumed = Math.floor(now() / 1000)
    },
    async destroy(id) {
      entries.delete(keyOf(id))
    },
    async revokeByGrantId(grantId) {
      for (const [key, entry] of entries) if (entry.payload.grantId === grantId) entries.delete(key)
    },
  }
}
