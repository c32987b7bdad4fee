import { describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { lazySessionCaller } from '../../../../functions/shared/session/lazy-session-caller.ts'
import { requestWith } from '../../../support/identity-fixture.ts'

const ADA: Caller = {
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ada',
  clientId: undefined,
  scopes: [],
  profile: {},
  source: 'session',
  expiresAtEpochSeconds: undefined,
}

describe('the code that knows sessions', () => {
  for (const [what, headers] of [
    ['no cookie', {}],
    ['cookies of others', { cookie: ['theme=dark', 'AWSELBAuthSessionCookie-0=x'] }],
    ['a bearer token', { authorization: 'Bearer x' }],
  ] as const) {
    it(`is not loaded for a request with ${what}`, async () => {
      const caller = lazySessionCaller(() => Promise.reject(new Error('it was loaded')))
      expect(await caller(requestWith(headers), newCall())).toBeUndefined()
    })
  }

  for (const cookie of ['flyte_idt=x', 'theme=dark; flyte_idt_1=x', 'flyte_idt=']) {
    it(`is asked about ${cookie}`, async () => {
      const caller = lazySessionCaller(async () => async () => ADA)
      expect(await caller(requestWith({ cookie }), newCall())).toBe(ADA)
    })
  }

  it('is loaded once, and again after a load that failed', async () => {
    let loads = 0
    const caller = lazySessionCaller(async () => {
      loads += 1
      if (loads === 1) throw new Error('the file cannot be read')
      return async () => ADA
    })
    const ask = () => caller(requestWith({ cookie: 'flyte_idt=x' }), newCall())
    await expect(ask()).rejects.toThrow('cannot be read')
    expect(await Promise.all([ask(), ask()])).toEqual([ADA, ADA])
    expect(loads).toBe(2)
  })
})
