/**
 * The grace for an answer that got lost: a refresh token that was just redeemed gives the same successor once more,
 * to the same client, as long as that successor has not been used.
 *
 *   redeemed, answer kept ──► asked again within the grace ──► the same answer
 *                        └──► asked again later, or after the successor was used ──► the family is revoked
 *
 * The answer is sealed with a key made from the redeemed token: the store alone does not give it away.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { KoaContextWithOIDC } from 'oidc-provider'
import Provider from 'oidc-provider'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { RandomBytes } from '../../shared/random.ts'
import { type GrantStore, grantKey } from '../../shared/stores/grant-store.ts'
import type { JwtObject } from '../../shared/tokens/jwt.ts'

/** How long a client has to notice that it got no answer. */
export const REFRESH_GRACE_SECONDS = 30

/** A refresh token that was redeemed before. */
export interface RedeemedToken {
  readonly token: string
  readonly consumedAtEpochSeconds: number
  readonly value: JwtObject
}

export interface RefreshAnswers {
  /**
   * Whether presenting the token again is a reuse, which ends the family. Within the grace it is not; then the
   * kept answer, if there is one, goes to the client that the token belongs to.
   */
  readonly isReuse: (redeemed: RedeemedToken) => Promise<boolean>
  /** Runs around each request: keeps the answers of refreshes, and gives them again. */
  readonly middleware: (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>
}

export interface RefreshAnswersDeps {
  readonly store: GrantStore
  readonly now: Clock
  readonly random: RandomBytes
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** Makes them. */
export function createRefreshAnswers({ store, now, random }: RefreshAnswersDeps): RefreshAnswers {
  /** The answers that are given again, by the request that gets them. */
  const again = new WeakMap<object, JwtObject>()

  async function keptAnswer(token: string): Promise<JwtObject | undefined> {
    const record = await store.get('RefreshAnswer', grantKey(token))
    return typeof record?.value.sealed === 'string' ? unseal(token, record.value.sealed) : undefined
  }

  function keepAnswer(token: string, answer: JwtObject): Promise<void> {
    return store.put('RefreshAnswer', grantKey(token), {
      value: { sealed: seal(token, answer, random(IV_BYTES)) },
      expiresAtEpochSeconds: epochSeconds(now()) + REFRESH_GRACE_SECONDS + 1,
    })
  }

  return {
    async isReuse({ token, consumedAtEpochSeconds, value }) {
      const { ctx } = Provider
      // Elsewhere a redeemed token is just that: it can be taken back, and looked into.
      if (ctx?.oidc.route !== 'token') return true
      if (epochSeconds(now()) > consumedAtEpochSeconds + REFRESH_GRACE_SECONDS) return true
      const answer = await keptAnswer(token)
      // The first redemption is still under way, or never came to an answer.
      if (answer === undefined) return false
      const successor = await store.get('RefreshToken', grantKey(String(answer.refresh_token)))
      if (successor?.consumedAtEpochSeconds !== undefined) return true
      const isAlive = (await store.get('Grant', grantKey(String(value.grantId)))) !== undefined
      if (ctx.oidc.client?.clientId === value.clientId && isAlive) again.set(ctx, answer)
      return false
    },
    async middleware(ctx, next) {
      await next()
      const answer = again.get(ctx)
      if (answer !== undefined) {
        ctx.status = 200
        ctx.body = answer
        return
      }
      const redeemed = ctx.oidc?.entities.RotatedRefreshToken
      if (redeemed === undefined || ctx.status !== 200) return
      // The client has its answer; one that cannot be given again is no reason to take it back.
      await keepAnswer(redeemed.jti, ctx.body as JwtObject).catch(() => undefined)
    },
  }
}

function sealingKey(token: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', token, '', 'refresh answer', 32))
}

function seal(token: string, answer: JwtObject, iv: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', sealingKey(token), iv)
  const sealed = [cipher.update(JSON.stringify(answer)), cipher.final()]
  return Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString('base64url')
}

function unseal(token: string, sealed: string): JwtObject | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(token), bytes.subarray(0, IV_BYTES))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    const plain = [decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]
    return JSON.parse(Buffer.concat(plain).toString('utf8')) as JwtObject
  } catch {
    return undefined
  }
}
