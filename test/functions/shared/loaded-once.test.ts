import { describe, expect, it } from 'vitest'
import { loadedOnce } from '../../../functions/shared/loaded-once.ts'

describe('what is loaded once', () => {
  it('is not loaded before somebody asks, and once for everybody who does', async () => {
    let loads = 0
    const get = loadedOnce(async () => ({ number: ++loads }))
    expect(loads).toBe(0)
    const [first, second] = await Promise.all([get(), get()])
    expect([first, second, await get()]).toEqual([{ number: 1 }, { number: 1 }, { number: 1 }])
    expect(second).toBe(first)
  })

  it('is loaded again after a load that failed, which everybody who waited is told', async () => {
    let loads = 0
    const get = loadedOnce(async () => {
      loads += 1
      if (loads === 1) throw new Error('not now')
      return 'loaded'
    })
    const outcomes = await Promise.allSettled([get(), get()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(loads).toBe(1)
    expect(await get()).toBe('loaded')
    expect(loads).toBe(2)
  })
})
