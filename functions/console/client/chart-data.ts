/** Runs counted over time, by outcome or by who made them. No DOM in here. */
import type { RunView, Tone } from './run-view.ts'

export type Range = '24h' | '7d' | '30d'
export type Grouping = 'outcome' | 'person'

/** One colour of the chart. */
export interface Series {
  readonly key: string
  readonly label: string
  /** The class of its colour. */
  readonly colour: string
  /** One count a bin. */
  readonly counts: readonly number[]
  readonly total: number
}

export interface Bin {
  readonly fromMs: number
  readonly untilMs: number
  /** Short, for the axis. */
  readonly label: string
  /** In full, for the table and for tooltips. */
  readonly longLabel: string
}

export interface ChartData {
  readonly bins: readonly Bin[]
  readonly series: readonly Series[]
  readonly total: number
}

const OUTCOMES: readonly { label: string; colour: string; tones: readonly Tone[] }[] = [
  { label: 'Succeeded', colour: 'fill-good', tones: ['good'] },
  { label: 'Failed', colour: 'fill-bad', tones: ['bad'] },
  { label: 'Aborted', colour: 'fill-ended', tones: ['ended'] },
  { label: 'In progress', colour: 'fill-active', tones: ['waiting', 'active'] },
]

/** More people than this share the last colour. */
const MAX_PEOPLE = 5

/** The bins of a range that ends now, on the reader's own calendar: whole hours, or whole days. */
export function binsOf(range: Range, nowMs: number): readonly Bin[] {
  const now = new Date(nowMs)
  const [year, month, day, hour] = [now.getFullYear(), now.getMonth(), now.getDate(), now.getHours()]
  const isHourly = range === '24h'
  const count = { '24h': 24, '7d': 7, '30d': 30 }[range]
  // Through the calendar, because a day can have 23 hours.
  const start = (back: number) =>
    isHourly ? new Date(year, month, day, hour - back) : new Date(year, month, day - back)
  return Array.from({ length: count }, (_, i) => {
    const from = start(count - 1 - i)
    return { fromMs: from.getTime(), untilMs: start(count - 2 - i).getTime(), ...labelsOf(from, isHourly) }
  })
}

function labelsOf(from: Date, isHourly: boolean): Pick<Bin, 'label' | 'longLabel'> {
  const day = from.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  if (!isHourly) {
    const weekday = from.toLocaleDateString('en-GB', { weekday: 'short' })
    return { label: day, longLabel: `${weekday} ${day}` }
  }
  const hour = `${String(from.getHours()).padStart(2, '0')}:00`
  return { label: hour, longLabel: `${day}, ${hour}` }
}

/** Counts runs. What lies outside of the bins is left out; a series without a run is as well. */
export function countRuns(runs: readonly RunView[], bins: readonly Bin[], by: Grouping): ChartData {
  const placed = runs.flatMap((run) => {
    const { startedAtMs } = run
    if (startedAtMs === undefined) return []
    const bin = bins.findIndex(({ fromMs, untilMs }) => startedAtMs >= fromMs && startedAtMs < untilMs)
    return bin < 0 ? [] : [{ run, bin }]
  })
  const groups = by === 'outcome' ? groupByOutcome(placed) : groupByPerson(placed)
  const series = groups.map(({ members, ...group }): Series => {
    const counts = bins.map((_, i) => members.filter(({ bin }) => bin === i).length)
    return { ...group, counts, total: members.length }
  })
  return { bins, series: series.filter(({ total }) => total > 0), total: placed.length }
}

interface Placed {
  readonly run: RunView
  readonly bin: number
}

interface Group extends Pick<Series, 'key' | 'label' | 'colour'> {
  readonly members: readonly Placed[]
}

function groupByOutcome(placed: readonly Placed[]): readonly Group[] {
  return OUTCOMES.map(({ label, colour, tones }) => ({
    key: label,
    label,
    colour,
    members: placed.filter(({ run }) => tones.includes(run.phase.tone)),
  }))
}

/** Those with the most runs have a colour each; with the same number, by name. */
function groupByPerson(placed: readonly Placed[]): readonly Group[] {
  const people = new Map<string, { label: string; members: Placed[] }>()
  for (const one of placed) {
    const { kind, subject, name } = one.run.who
    const key = `${kind}:${subject}`
    const known = people.get(key) ?? { label: name, members: [] }
    known.members.push(one)
    people.set(key, known)
  }
  const sorted = [...people].sort(
    ([, a], [, b]) => b.members.length - a.members.length || a.label.localeCompare(b.label),
  )
  const first = sorted.slice(0, MAX_PEOPLE).map(([key, one], i) => ({ key, ...one, colour: `fill-${i}` }))
  const rest = sorted.slice(MAX_PEOPLE).flatMap(([, { members }]) => members)
  return [...first, { key: 'others', label: 'Others', colour: 'fill-ended', members: rest }]
}

/** The chart in a sentence: what somebody hears who does not see it. */
export function summaryOf({ series, total }: ChartData): string {
  if (total === 0) return 'No runs in this time.'
  const parts = series.map(({ label, total: count }) => `${label} ${count}`)
  return `${total} ${total === 1 ? 'run' : 'runs'}: ${parts.join(', ')}.`
}

/** The top of the axis, and the step between its lines: whole numbers that are easy to read. */
export function axisOf(highest: number): { readonly top: number; readonly step: number } {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, highest / 4)))
  const steps = [1, 2, 5, 10].map((factor) => factor * power)
  const step = steps.find((one) => one * 4 >= highest) ?? 10 * power
  return { top: Math.max(1, Math.ceil(highest / step)) * step, step }
}
