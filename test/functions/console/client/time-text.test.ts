import { describe, expect, it } from 'vitest'
import { durationText, relativeTime } from '../../../../functions/console/client/time-text.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('a time', () => {
  const rows = [
    [-5 * MINUTE, 'just now'],
    [0, 'just now'],
    [9.9 * SECOND, 'just now'],
    [45 * SECOND, '45 seconds ago'],
    [MINUTE, '1 minute ago'],
    [59.9 * MINUTE, '59 minutes ago'],
    [3 * HOUR, '3 hours ago'],
    [DAY, 'yesterday'],
    [40 * DAY, '40 days ago'],
  ] as const
  for (const [agoMs, text] of rows) {
    it(`${agoMs} ms ago is ${text}`, () => {
      expect(relativeTime(1e12, 1e12 + agoMs)).toBe(text)
    })
  }
})

describe('a duration', () => {
  const rows = [
    [0, '0.0 s'],
    [4249, '4.2 s'],
    [9_999, '9.9 s'],
    [59_999, '59 s'],
    [MINUTE, '1 min'],
    [3 * MINUTE + 5 * SECOND, '3 min 5 s'],
    [2 * HOUR + 10 * MINUTE, '2 h 10 min'],
    [2 * DAY, '2 d'],
  ] as const
  for (const [durationMs, text] of rows) {
    it(`of ${durationMs} ms is ${text}`, () => {
      expect(durationText(durationMs)).toBe(text)
    })
  }
})
