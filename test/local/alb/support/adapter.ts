import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** Keeps what oidc-provider stores in a map of this provider alone. */
export function memoryAdapter(): AdapterFactory {
  const stored = new Map<string, AdapterPayload>()
  const byUid = new Map<string, string>()
  const revoke = (grantId: string) => {
    for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key)
  }
  return (model) => {
    const key = (id: string) => `${model}:${id}`
    const adapter: Adapter = {
      upsert: async (id, payload) => {
        stored.set(key(id), payload)
        if (payload.uid) byUid.set(payload.uid, key(id))
      },
      find: async (id) => stored.get(key(id)),
      findByUid: async (uid) => stored.get(byUid.get(uid) ?? ''),
      findByUserCode: async () => undefined,
      consume: async (id) => {
        const payload = stored.get(key(id))
        if (payload) payload.consumed = true
      },
      destroy: async (id) => {
        stored.delete(key(id))
      },
      revokeByGrantId: async (grantId) => revoke(grantId),
    }
    return adapter
  }
}
