import { describe, expect, it } from 'vitest'
import { nextDelayMs } from '../../../../functions/console/client/pace.ts'

const pace = { everyMs: 5_000, slowestMs: 60_000 }

describe('the time to the next look', () => {
  const rows: readonly [string, unchanged: number, failures: number, delayMs: number][] = [
    ['at first', 0, 0, 5_000],
    ['when nothing happened a few times', 6, 0, 5_000],
    ['when nothing happened for a while', 9, 0, 10_000],
    ['when nothing happened for long', 12, 0, 20_000],
    ['when nothing ever happens', 10_000, 0, 60_000],
    ['after a failure', 0, 1, 10_000],
    ['after more failures', 0, 3, 40_000],
    ['after many failures', 0, 1_000, 60_000],
  ]
  for (const [title, unchanged, failures, delayMs] of rows) {
    it(`is ${delayMs} ms ${title}`, () => expect(nextDelayMs(pace, { unchanged, failures })).toBe(delayMs))
  }
})
