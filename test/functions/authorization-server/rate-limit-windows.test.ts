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

describe('an address', () => {
  const same: readonly [string, string, string][] = [
    ['on another port', '198.51.100.9:1024', '198.51.100.9:2048'],
    ['with its port or without', '198.51.100.9', '198.51.100.9:2048'],
    ['of IPv6 on another port', '[2001:db8:1:2::1]:1024', '[2001:db8:1:2::1]:2048'],
    ['elsewhere in the same network of IPv6', '2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6'],
    ['written in another way', '2001:0db8:0001:0002:0:0:0:1', '2001:DB8:1:2::'],
    ['behind another one that the client wrote', '198.51.100.9', '203.0.113.1, 198.51.100.9'],
  ]
  const different: readonly [string, string, string][] = [
    ['one more', '198.51.100.9', '198.51.100.10'],
    ['of another network of IPv6', '2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['of another network with zeros in its name', '2001:db8::1', '2001:db8:0:1::1'],
    ['of IPv4 as IPv6 writes it', '::ffff:198.51.100.9', '::ffff:198.51.100.10'],
  ]
  const isCountedWith = async (one: string, other: string) => {
    const { limit } = limiter()
    await limit.addWeight('token', from(one), 'a client', LIMITS.token.perParty)
    return limit.count('token', from(other), 'a client').then(
      () => false,
      () => true,
    )
  }
  for (const [name, one, other] of same) {
    it(`is the same ${name}`, async () => expect(await isCountedWith(one, other)).toBe(true))
  }
  for (const [name, one, other] of different) {
    it(`is another one, ${name}`, async () => expect(await isCountedWith(one, other)).toBe(false))
  }
})

it('a person is the same wherever they guess from, and a client is not', async () => {
  const { limit } = limiter()
  const { perParty } = LIMITS.guess
  for (let n = 0; n < perParty; n += 1) await limit.count('guess', from(`198.51.100.${n}`), 'ada')
  await expect(limit.count('guess', from('198.51.100.99'), 'ada')).rejects.toMatchObject({ status: 429 })
  await limit.count('guess', from('198.51.100.99'), 'grace')
})

it('a dozen refused secrets fill the window of a client', () => {
  expect(REFUSED_SECRET_WEIGHT * 12).toBeGreaterThanOrEqual(LIMITS.token.perParty)
})
