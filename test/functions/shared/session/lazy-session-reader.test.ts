import { describe, expect, it } from 'vitest'
import { lazySessionReader } from '../../../../functions/shared/session/lazy-session-reader.ts'
import type { LiveSession } from '../../../../functions/shared/session/session-reader.ts'
import { requestWith } from '../../../support/identity-fixture.ts'

const SESSION = { idToken: 'the token' } as LiveSession

describe('the code that reads sessions', () => {
  for (const [what, headers] of [
    ['no cookie', {}],
    ['cookies of others', { cookie: ['theme=dark', '__Host-flyte_authorize_x=1'] }],
  ] as const) {
    it(`is not loaded for a request with ${what}`, async () => {
      const read = lazySessionReader(() => Promise.reject(new Error('it was loaded')))
      expect(await read(requestWith(headers))).toBeUndefined()
    })
  }

  it('is loaded once, and again after a load that failed', async () => {
    let loads = 0
    const read = lazySessionReader(async () => {
      loads += 1
      if (loads === 1) throw new Error('the file cannot be read')
      return async () => SESSION
    })
    const ask = () => read(requestWith({ cookie: 'flyte_idt=x' }))
    await expect(ask()).rejects.toThrow('cannot be read')
    expect(await Promise.all([ask(), ask()])).toEqual([SESSION, SESSION])
    expect(loads).toBe(2)
  })
})
