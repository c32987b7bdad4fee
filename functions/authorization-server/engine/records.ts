/**
 * The engine's storage: its models as records of the grant store.
 *
 * A refusal is thrown as the engine's own error, because it is the engine that tells the client.
 */
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { type GrantKind, type GrantStore, grantKey } from '../../shared/stores/grant-store.ts'
import type { Redemptions } from './redemptions.ts'
import type { RefreshAnswers } from './refresh-answers.ts'

export interface RecordsDeps {
  readonly store: GrantStore
  readonly refreshAnswers: RefreshAnswers
  readonly redemptions: Redemptions
  readonly now: Clock
}

const STORED: ReadonlySet<string> = new Set([
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'Grant',
  'Interaction',
] satisfies GrantKind[])

/** How much longer a record is kept than it works, so that a client is told `expired_token` for a while. */
const KEPT_AFTER_EXPIRY_SECONDS = 600

/**
 * Makes the factory. Only what spans requests is stored: the engine's own sessions are not, because who is signed
 * in is asked anew each time; access tokens are not, because they carry their own proof.
 */
export function createRecords(deps: RecordsDeps): AdapterFactory {
  return (model) => (STORED.has(model) ? storedModel(model as GrantKind, deps) : NOTHING_STORED)
}

const NOTHING_STORED: Adapter = {
  upsert: async () => undefined,
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
}

function storedModel(kind: GrantKind, deps: RecordsDeps): Adapter {
  const { store, refreshAnswers, redemptions, now } = deps
  return {
    ...NOTHING_STORED,
    async upsert(id, { jti: _id, kind: _kind, ...value }, expiresIn) {
      const expiresAtEpochSeconds = epochSeconds(now()) + (expiresIn ?? 0) + KEPT_AFTER_EXPIRY_SECONDS
      if (kind === 'DeviceCode') await keepUserCode(deps, id, String(value.userCode), expiresAtEpochSeconds)
      await store.put(kind, grantKey(id), { value, expiresAtEpochSeconds })
    },
    async find(id) {
      const record = await store.get(kind, grantKey(id))
      if (record === undefined) return undefined
      const { value, consumedAtEpochSeconds: consumed } = record
      if (kind === 'RefreshToken' && consumed !== undefined) {
        const isOver = await refreshAnswers.isReuse({ token: id, consumedAtEpochSeconds: consumed, value })
        if (!isOver) return undefined
      }
      const used = consumed === undefined ? {} : { consumed }
      return { ...value, ...used, jti: id, kind } as AdapterPayload
    },
    async consume(id) {
      // Of two redemptions at the same moment one arrives here second. It gets nothing, and it takes nothing from
      // the first: that one has proven the same things.
      if (!(await redemptions.redeem(kind, grantKey(id)))) throw new errors.InvalidGrant('already redeemed')
    },
    destroy: (id) => store.delete(kind, grantKey(id)),
    // Every use of a code or refresh token looks up its grant first, and revocation deletes that: nothing else has
    // to be found and deleted.
    revokeByGrantId: async () => undefined,
  }
}

async function keepUserCode(
  { store }: RecordsDeps,
  deviceCode: string,
  userCode: string,
  expiresAtEpochSeconds: number,
): Promise<void> {
  const value = { deviceKey: grantKey(deviceCode) }
  const isNew = await store.create('UserCode', grantKey(userCode), { value, expiresAtEpochSeconds })
  // One in some billions; the device asks again.
  if (!isNew) throw new errors.TemporarilyUnavailable('ask again')
}
