/** How often an address, or a client at an address, may ask. Counted in the store, for all instances together. */
import { type Clock, epochSeconds } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HttpRequest } from '../shared/http/message.ts'
import { type GrantStore, grantKey } from '../shared/stores/grant-store.ts'

/** What is counted apart from each other. */
export type Limited = 'authorize' | 'token' | 'device' | 'guess'

interface Limit {
  readonly windowSeconds: number
  /** For everything that comes from one address. */
  readonly perAddress: number
  /** For one client, or one person, at one address: nobody can use up what somebody elsewhere needs. */
  readonly perParty: number
}

export const LIMITS: Readonly<Record<Limited, Limit>> = {
  authorize: { windowSeconds: 60, perAddress: 120, perParty: 120 },
  token: { windowSeconds: 60, perAddress: 600, perParty: 300 },
  device: { windowSeconds: 60, perAddress: 60, perParty: 30 },
  // 34 bits of user code, ten guesses in ten minutes.
  guess: { windowSeconds: 600, perAddress: 30, perParty: 10 },
}

/** What a refused secret counts: a dozen of them, and the client waits for the next minute. */
export const REFUSED_SECRET_WEIGHT = 25

export interface RateLimit {
  /**
   * Counts a request.
   *
   * @throws {ServiceError} `rate_limited` with `retry-after`, once there were too many in this window.
   */
  readonly count: (what: Limited, request: HttpRequest, party: string) => Promise<void>
  /** Counts a request more heavily afterwards; never refuses. */
  readonly addWeight: (what: Limited, request: HttpRequest, party: string, weight: number) => Promise<void>
}

/** Makes it. */
export function createRateLimit({ store, now }: { store: GrantStore; now: Clock }): RateLimit {
  function window(what: Limited) {
    const { windowSeconds } = LIMITS[what]
    const start = Math.floor(epochSeconds(now()) / windowSeconds) * windowSeconds
    return { start, end: start + windowSeconds }
  }

  function add(what: Limited, who: string, by: number): Promise<number> {
    const { start, end } = window(what)
    return store.count(grantKey(`${what}\n${start}\n${who}`), { by, expiresAtEpochSeconds: end + 60 })
  }

  return {
    async count(what, request, party) {
      const address = addressOf(request)
      const { perAddress, perParty } = LIMITS[what]
      const [ofAddress, ofParty] = await Promise.all([
        add(what, address, 1),
        add(what, `${address}\n${party}`, 1),
      ])
      if (ofAddress <= perAddress && ofParty <= perParty) return
      const seconds = Math.max(1, window(what).end - epochSeconds(now()))
      throw new ServiceError('rate_limited', { headers: { 'retry-after': String(seconds) } })
    },
    async addWeight(what, request, party, weight) {
      await add(what, `${addressOf(request)}\n${party}`, weight)
    },
  }
}

/** The address that the load balancer saw: it writes it at the end of what a client may have sent. */
function addressOf({ headers }: HttpRequest): string {
  const lines = headers['x-forwarded-for'] ?? []
  return lines.at(-1)?.split(',').at(-1)?.trim() ?? 'unknown'
}
