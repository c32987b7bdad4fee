import { describe, expect, it } from 'vitest'
import { BoundedMap } from '../../../../functions/shared/identity/bounded-map.ts'

describe('a bounded map', () => {
  it('never holds more than its bound', () => {
    const map = new BoundedMap<number, number>(10)
    for (let entry = 0; entry < 1_000; entry += 1) map.set(entry, entry)
    expect(map.size).toBe(10)
    expect(map.get(999)).toBe(999)
    expect(map.get(989)).toBeUndefined()
  })

  it('forgets what was longest unused', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.get('a')
    map.set('c', 3)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
  })

  it('replaces an entry without forgetting another', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    expect([map.get('a'), map.get('b')]).toEqual([3, 2])
  })
})
