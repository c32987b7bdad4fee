/** How many requests of each kind a window holds, counted by a store in memory. */
import { describe, expect, it } from 'vitest'
import {
  createRateLimit,
  LIMITS,
  type Limited,
  REFUSED_SECRET_WEIGHT,
} from '../../../functions/authorization-server/rate-limit.ts'
import type { GrantStore } from '../../../functions/shared/stores/grant-store.ts'
import { NOW_MS, requestWith } from '../../support/identity-fixture.ts'

function limiter() {
  const totals = new Map<string, number>()
  const time = { nowMs: NOW_MS }
  const count: GrantStore['count'] = async (counter, { by }) => {
    totals.set(counter, (totals.get(counter) ?? 0) + by)
    return totals.get(counter) ?? 0
  }
  return { time, limit: createRateLimit({ store: { count } as GrantStore, now: () => time.nowMs }) }
}

const from = (address: string) => requestWith({ 'x-forwarded-for': address })

for (const what of Object.keys(LIMITS) as Limited[]) {
  const { windowSeconds, perAddress, perParty } = LIMITS[what]

  describe(`requests of the kind "${what}"`, () => {
    it(`are answered ${perParty} times in ${windowSeconds} seconds to one party, and then refused with a time`, async () => {
      const { limit } = limiter()
      for (let n = 0; n < perParty; n += 1) await limit.count(what, from('198.51.100.1'), 'one')
      const refusal = await limit.count(what, from('198.51.100.1'), 'one').catch((thrown) => thrown)
      expect(refusal).toMatchObject({ reason: 'rate_limited', status: 429 })
      const seconds = Number(refusal.headers['retry-after'])
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(windowSeconds)
    })

    it(`are answered ${perAddress} times to one address, whoever they say they are`, async () => {
      const { limit } = limiter()
      for (let n = 0; n < perAddress; n += 1) await limit.count(what, from('198.51.100.2'), `party-${n}`)
      await expect(limit.count(what, from('198.51.100.2'), 'another')).rejects.toMatchObject({
        reason: 'rate_limited',
      })
      await limit.count(what, from('198.51.100.3'), 'another')
    })

    it('are answered again in the next window', async () => {
      const { limit, time } = limiter()
      await limit.addWeight(what, from('198.51.100.4'), 'one', perParty)
      await expect(limit.count(what, from('198.51.100.4'), 'one')).rejects.toMatchObject({ status: 429 })
      time.nowMs += windowSeconds * 1000
      await limit.count(what, from('198.51.100.4'), 'one')
    })
  })
}

it('a dozen refused secrets fill the window of a client', () => {
  expect(REFUSED_SECRET_WEIGHT * 12).toBeGreaterThanOrEqual(LIMITS.token.perParty)
})
