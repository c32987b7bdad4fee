/**
 * What was redeemed for an answer that never came to be is given back: a code or refresh token is not lost to a key
 * that could not sign, or a database that did not answer, once the client asks again.
 */
import type { KoaContextWithOIDC } from 'oidc-provider'
import Provider from 'oidc-provider'
import type { GrantKey, GrantKind, GrantStore } from '../../shared/stores/grant-store.ts'

export interface Redemptions {
  /** Redeems a record for the request that is under way; false if it is absent or was redeemed before. */
  readonly redeem: (kind: GrantKind, key: GrantKey) => Promise<boolean>
  /** Runs around each request: gives back what was redeemed, if the answer is that of a failure on our side. */
  readonly middleware: (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
}

/** Makes them. */
export function createRedemptions(store: GrantStore): Redemptions {
  const redeemed = new WeakMap<object, { readonly kind: GrantKind; readonly key: GrantKey }[]>()

  return {
    async redeem(kind, key) {
      if (!(await store.consume(kind, key))) return false
      const { ctx } = Provider
      if (ctx !== undefined) redeemed.set(ctx, [...(redeemed.get(ctx) ?? []), { kind, key }])
      return true
    },
    async middleware(ctx, next) {
      await next()
      if (ctx.status < 500) return
      // Nobody was given anything for them. One that cannot be given back costs the person a sign-in, as before.
      const released = (redeemed.get(ctx) ?? []).map(({ kind, key }) => store.release(kind, key))
      await Promise.allSettled(released)
    },
  }
}
