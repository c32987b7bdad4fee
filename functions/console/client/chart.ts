/** The picture of runs over time: stacked bars, with a table of the same for those who do not see it. */
import { axisOf, type ChartData, type Series, summaryOf } from './chart-data.ts'
import { element } from './dom.ts'

const SVG = 'http://www.w3.org/2000/svg'
const HEIGHT = 136
const MARGIN = { top: 8, right: 4, bottom: 24, left: 32 }
/** Labels closer than this run into each other. */
const LABEL_WIDTH = 56

type Attributes = Readonly<Record<string, string | number>>

function svg(tag: string, attributes: Attributes, ...children: readonly (Node | string)[]): SVGElement {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  made.append(...children)
  return made
}

/** Draws the chart for a width in pixels. */
export function chartPicture(data: ChartData, width: number): SVGElement {
  const highest = Math.max(1, ...data.bins.map((_, i) => sumAt(data.series, i)))
  const { top, step } = axisOf(highest)
  const plot = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom }
  const y = (count: number) => MARGIN.top + plot.height * (1 - count / top)
  const summary = `Runs over time. ${summaryOf(data)}`
  return svg(
    'svg',
    {
      class: 'plot',
      role: 'img',
      'aria-label': summary,
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
    },
    ...gridLines({ top, step, width, y }),
    ...data.bins.flatMap((_, i) => bar(data, i, { plotWidth: plot.width, y })),
    ...binLabels(data, plot.width),
  )
}

function sumAt(series: readonly Series[], bin: number): number {
  return series.reduce((sum, { counts }) => sum + (counts[bin] ?? 0), 0)
}

function gridLines(axis: {
  top: number
  step: number
  width: number
  y: (count: number) => number
}): SVGElement[] {
  const counts = Array.from({ length: axis.top / axis.step + 1 }, (_, i) => i * axis.step)
  return counts.flatMap((count) => {
    const at = Math.round(axis.y(count)) + 0.5
    return [
      svg('line', { class: 'grid', x1: MARGIN.left, x2: axis.width - MARGIN.right, y1: at, y2: at }),
      svg('text', { class: 'tick', x: MARGIN.left - 8, y: at + 4, 'text-anchor': 'end' }, String(count)),
    ]
  })
}

function bar(
  { bins, series }: ChartData,
  i: number,
  { plotWidth, y }: { plotWidth: number; y: (count: number) => number },
): SVGElement[] {
  const slot = plotWidth / bins.length
  const width = Math.min(48, Math.max(2, slot * 0.68))
  const x = MARGIN.left + slot * (i + 0.5) - width / 2
  let below = 0
  return series.flatMap(({ counts, label, colour }) => {
    const count = counts[i] ?? 0
    if (count === 0) return []
    const [bottom, top] = [y(below), y(below + count)]
    below += count
    const title = svg('title', {}, `${bins[i]?.longLabel}: ${label} ${count}`)
    return [
      svg('rect', { class: colour, x, y: top, width, height: Math.max(1, bottom - top - 1), rx: 2 }, title),
    ]
  })
}

function binLabels({ bins }: ChartData, plotWidth: number): SVGElement[] {
  const slot = plotWidth / bins.length
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / slot))
  return bins.flatMap(({ label }, i) => {
    // Counted from the end, so that the newest one always has its label.
    if ((bins.length - 1 - i) % every !== 0) return []
    const x = MARGIN.left + slot * (i + 0.5)
    const isLast = i === bins.length - 1 && slot < LABEL_WIDTH
    const at = isLast ? { x: MARGIN.left + plotWidth, 'text-anchor': 'end' } : { x, 'text-anchor': 'middle' }
    return [svg('text', { class: 'tick', y: HEIGHT - 6, ...at }, label)]
  })
}

/** What the colours mean, with the number of each. */
export function chartLegend({ series }: ChartData): HTMLElement {
  const items = series.map(({ label, colour, total }) =>
    element(
      'li',
      {},
      element('span', { class: `swatch ${colour}`, 'aria-hidden': 'true' }),
      label,
      element('span', { class: 'soft' }, String(total)),
    ),
  )
  return element('ul', { class: 'legend' }, ...items)
}

/** The same numbers to read, behind a summary that opens. */
export function chartTable({ bins, series }: ChartData): HTMLElement {
  const head = ['Time', ...series.map(({ label }) => label), 'All']
  const rows = bins.map(({ longLabel }, i) => {
    const counts = [...series.map(({ counts: all }) => all[i] ?? 0), sumAt(series, i)]
    const cells = counts.map((count) => element('td', {}, String(count)))
    return element('tr', {}, element('th', { scope: 'row' }, longLabel), ...cells)
  })
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Runs over time as a table' },
    element(
      'table',
      { class: 'plain' },
      element('thead', {}, element('tr', {}, ...head.map((name) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...rows),
    ),
  )
}
