/**
 * What was redeemed for an answer that never came to be is given back: a code or refresh token is not lost to a key
 * that could not sign, or a database that did not answer, once the client asks again; nor is a refresh token to a
 * request that was refused for another reason, such as an audience that is none of ours.
 */
import type { KoaContextWithOIDC } from 'oidc-provider'
import Provider from 'oidc-provider'
import { randomId } from '../../shared/random.ts'
import type { GrantKey, GrantKind, GrantStore } from '../../shared/stores/grant-store.ts'

export interface Redemptions {
  /** Redeems a record for the request that is under way; false if it is absent or was redeemed before. */
  readonly redeem: (kind: GrantKind, key: GrantKey) => Promise<boolean>
  /** Runs around each request: gives back what was redeemed, if nothing was given for it. */
  readonly middleware: (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
}

interface Redemption {
  readonly kind: GrantKind
  readonly key: GrantKey
  readonly name: string
}

/** Makes them. */
export function createRedemptions(store: GrantStore): Redemptions {
  const tried = new WeakMap<object, Redemption[]>()

  return {
    redeem(kind, key) {
      const { ctx } = Provider
      const name = randomId()
      // Noted before it is tried: whether a write that failed was carried out is not known.
      if (ctx !== undefined) tried.set(ctx, [...(tried.get(ctx) ?? []), { kind, key, name }])
      return store.consume(kind, key, name)
    },
    async middleware(ctx, next) {
      await next()
      const inVain = (tried.get(ctx) ?? []).filter(({ kind }) => wasInVain(kind, ctx.status))
      // One that cannot be given back costs the person a sign-in.
      await Promise.allSettled(inVain.map(({ kind, key, name }) => store.release(kind, key, name)))
    },
  }
}

/** A code that was presented with something wrong stays used up: somebody may have it who should not. */
function wasInVain(kind: GrantKind, status: number): boolean {
  return status >= (kind === 'RefreshToken' ? 400 : 500)
}
