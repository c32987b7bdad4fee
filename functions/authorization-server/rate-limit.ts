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
  /** For one client at one address: nobody can use up what somebody elsewhere needs. */
  readonly perParty: number
  /** That the party has proven who it is: it is counted wherever it comes from, because nobody else can use that up. */
  readonly isProven?: true
}

export const LIMITS: Readonly<Record<Limited, Limit>> = {
  authorize: { windowSeconds: 60, perAddress: 120, perParty: 120 },
  token: { windowSeconds: 60, perAddress: 600, perParty: 300 },
  device: { windowSeconds: 60, perAddress: 60, perParty: 30 },
  // 34 bits of user code, ten guesses in ten minutes.
  guess: { windowSeconds: 600, perAddress: 30, perParty: 10, isProven: true },
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
  /** Counts a request more heavily for its party afterwards, or with -1 not at all; never refuses. */
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

  const partyAt = (what: Limited, address: string, party: string) =>
    LIMITS[what].isProven ? `\n${party}` : `${address}\n${party}`

  return {
    async count(what, request, party) {
      const address = addressOf(request)
      const { perAddress, perParty } = LIMITS[what]
      const [ofAddress, ofParty] = await Promise.all([
        add(what, address, 1),
        add(what, partyAt(what, address, party), 1),
      ])
      if (ofAddress <= perAddress && ofParty <= perParty) return
      const seconds = Math.max(1, window(what).end - epochSeconds(now()))
      throw new ServiceError('rate_limited', { headers: { 'retry-after': String(seconds) } })
    },
    async addWeight(what, request, party, weight) {
      await add(what, partyAt(what, addressOf(request), party), weight)
    },
  }
}

/** The address that the load balancer saw: it writes it at the end of what a client may have sent. */
function addressOf({ headers }: HttpRequest): string {
  const lines = headers['x-forwarded-for'] ?? []
  const address = lines.at(-1)?.split(',').at(-1)?.trim() ?? 'unknown'
  return networkOf(WITH_PORT.exec(address)?.slice(1).join('') ?? address)
}

/** A load balancer may be told to write the port of the client as well, which is another one for each connection. */
const WITH_PORT = /^(?:([\d.]+)|\[([^\]]+)\]):\d+$/

/** Whoever has one address of IPv6 has a network of 2^64 to ask from: it counts as one. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = [], tail] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - head.length - tail.length)
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...(tail ?? [])]
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
