import { describe, expect, it } from 'vitest'
import {
  axisOf,
  binsOf,
  countRuns,
  type Range,
  summaryOf,
} from '../../../../functions/console/client/chart-data.ts'
import { type RunView, viewRun } from '../../../../functions/console/client/run-view.ts'

const NOW_MS = new Date(2027, 0, 15, 14, 30).getTime()
const HOUR_MS = 3_600_000

interface Made {
  readonly by?: string
  readonly phase?: string
  readonly agoMs?: number
}

function run({ by = 'ada', phase = 'SUCCEEDED', agoMs = 0 }: Made): RunView {
  const startTime = new Date(NOW_MS - agoMs).toISOString()
  return viewRun({
    metadata: { executedBy: { user: { id: { subject: by }, spec: { firstName: by } } } },
    status: { phase: `ACTION_PHASE_${phase}`, startTime },
  })
}

describe('the bins of a range', () => {
  const rows: readonly [Range, number, string, string][] = [
    ['24h', 24, '14:00', '15 Jan, 14:00'],
    ['7d', 7, '15 Jan', 'Fri 15 Jan'],
    ['30d', 30, '15 Jan', 'Fri 15 Jan'],
  ]
  for (const [range, count, label, longLabel] of rows) {
    it(`${range} are ${count}, without a gap, and the last one is now`, () => {
      const bins = binsOf(range, NOW_MS)
      expect(bins).toHaveLength(count)
      expect(bins.slice(1).map(({ fromMs }) => fromMs)).toEqual(
        bins.slice(0, -1).map(({ untilMs }) => untilMs),
      )
      expect(bins.at(-1)).toMatchObject({ label, longLabel })
      expect(NOW_MS).toBeGreaterThanOrEqual(bins.at(-1)?.fromMs ?? Number.NaN)
      expect(NOW_MS).toBeLessThan(bins.at(-1)?.untilMs ?? Number.NaN)
    })
  }
})

describe('runs, counted', () => {
  const bins = binsOf('24h', NOW_MS)

  it('by outcome, in a steady order, without what did not happen', () => {
    const runs = [run({ phase: 'RUNNING' }), run({ phase: 'FAILED' }), run({ phase: 'QUEUED' }), run({})]
    const { series, total } = countRuns(runs, bins, 'outcome')
    expect(series.map(({ label, total: count }) => [label, count])).toEqual([
      ['Succeeded', 1],
      ['Failed', 1],
      ['In progress', 2],
    ])
    expect(total).toBe(4)
  })

  it('each in the bin of its start', () => {
    const { series } = countRuns([run({}), run({ agoMs: HOUR_MS }), run({ agoMs: HOUR_MS })], bins, 'outcome')
    expect(series[0]?.counts.slice(-3)).toEqual([0, 2, 1])
  })

  it('not at all if they lie outside, or never began', () => {
    const runs = [run({ agoMs: 30 * HOUR_MS }), run({ agoMs: -2 * HOUR_MS }), viewRun({})]
    expect(countRuns(runs, bins, 'outcome')).toMatchObject({ series: [], total: 0 })
  })

  it('by person, those with the most first, and one colour for all who are left', () => {
    const runs = 'aaabbbccdeffgh'.split('').map((by) => run({ by }))
    const { series } = countRuns(runs, bins, 'person')
    expect(series.map(({ label, total }) => `${label}${total}`)).toEqual([
      'a3',
      'b3',
      'c2',
      'f2',
      'd1',
      'Others3',
    ])
    expect(new Set(series.map(({ colour }) => colour)).size).toBe(6)
  })

  it('keep two people of one name apart', () => {
    const named = (subject: string) =>
      viewRun({
        metadata: { executedBy: { user: { id: { subject }, spec: { firstName: 'Ada' } } } },
        status: { startTime: new Date(NOW_MS).toISOString() },
      })
    expect(countRuns([named('1'), named('2')], bins, 'person').series).toHaveLength(2)
  })

  it('are said in a sentence', () => {
    expect(summaryOf(countRuns([], bins, 'outcome'))).toBe('No runs in this time.')
    expect(summaryOf(countRuns([run({})], bins, 'outcome'))).toBe('1 run: Succeeded 1.')
    expect(summaryOf(countRuns([run({}), run({ by: 'grace' })], bins, 'person'))).toBe(
      '2 runs: ada 1, grace 1.',
    )
  })
})

describe('the axis', () => {
  const rows: readonly [highest: number, top: number, step: number][] = [
    [0, 1, 1],
    [1, 1, 1],
    [4, 4, 1],
    [7, 8, 2],
    [9, 10, 5],
    [23, 30, 10],
    [199, 200, 50],
    [1000, 1000, 500],
  ]
  for (const [highest, top, step] of rows) {
    it(`for ${highest} goes to ${top} by ${step}`, () => expect(axisOf(highest)).toEqual({ top, step }))
  }
})
