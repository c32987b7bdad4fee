/** The card with the chart: its choices, its data, and drawing it anew when either or the width changes. */
import { chartLegend, chartPicture, chartTable } from './chart.ts'
import { binsOf, type ChartData, countRuns, type Grouping, type Range } from './chart-data.ts'
import { byId, element } from './dom.ts'
import { apiFilters, type RunFilters, since } from './filters.ts'
import { fetchRuns, MAX_PAGE } from './list-runs.ts'
import { currentFilters } from './place.ts'
import { RpcError } from './rpc.ts'
import type { RunView } from './run-view.ts'

/** So many runs are counted; with more of them, the newest. */
const MAX_RUNS = 1_000

const RANGES: Readonly<Record<Range, string>> = {
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
}

export interface ChartCard {
  /** Fetches and draws. Never rejects: the list tells what is wrong with the service. */
  readonly load: () => Promise<void>
}

interface Counted {
  readonly runs: readonly RunView[]
  readonly isAll: boolean
  readonly range: Range
}

/** Makes the card that is on the page already. @param viewer The subject of whoever looks. */
export function createChartCard(viewer: string): ChartCard {
  const area = byId('chart', HTMLDivElement)
  const picture = element('div', { class: 'chart-picture' })
  const legend = element('div', {})
  const foot = element('div', { class: 'chart-foot' }, legend)
  const table = element('details', { class: 'as-table' }, element('summary', {}, 'As a table'))
  foot.append(table)
  let counted: Counted | undefined
  let latest = 0
  let drawnWidth = 0

  function draw(): void {
    if (counted === undefined) return
    const data = countRuns(counted.runs, binsOf(counted.range, Date.now()), chosen<Grouping>('by'))
    byId('chart-summary', HTMLParagraphElement).textContent = headline(data, counted)
    legend.replaceChildren(chartLegend(data))
    table.replaceChildren(table.firstElementChild ?? '', chartTable(data))
    area.replaceChildren(picture, foot)
    // Only on the page does it have a width.
    drawPicture(data)
  }

  function drawPicture(data: ChartData): void {
    drawnWidth = picture.clientWidth
    if (drawnWidth > 0) picture.replaceChildren(chartPicture(data, drawnWidth))
  }

  async function load(): Promise<void> {
    latest += 1
    const request = latest
    const range = chosen<Range>('range')
    area.setAttribute('aria-busy', 'true')
    const found = await countedRuns(currentFilters(), range, viewer)
    if (request !== latest) return
    area.setAttribute('aria-busy', 'false')
    if (found !== undefined) counted = found
    else if (counted === undefined)
      area.replaceChildren(element('p', { class: 'soft' }, 'Not known right now.'))
    draw()
  }

  for (const input of document.querySelectorAll<HTMLInputElement>('.choice input')) {
    input.addEventListener('change', () => (input.name === 'range' ? void load() : draw()))
  }
  new ResizeObserver(() => {
    if (picture.clientWidth !== drawnWidth) draw()
  }).observe(area)
  return { load }
}

function chosen<Value extends string>(name: string): Value {
  return document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value as Value
}

/** The runs of a range; undefined if the service does not tell. */
async function countedRuns(filters: RunFilters, range: Range, viewer: string): Promise<Counted | undefined> {
  const fromMs = binsOf(range, Date.now())[0]?.fromMs ?? 0
  const wanted = [...apiFilters(filters, viewer), since(fromMs)]
  let runs: readonly RunView[] = []
  let token = ''
  try {
    do {
      const page = await fetchRuns(filters, { filters: wanted, limit: MAX_PAGE, token })
      runs = [...runs, ...page.runs]
      token = page.token
    } while (token !== '' && runs.length < MAX_RUNS)
  } catch (error) {
    if (error instanceof RpcError) return undefined
    throw error
  }
  return { runs, isAll: token === '', range }
}

function headline({ total }: ChartData, { isAll, range }: Counted): string {
  if (total === 0) return `No runs in ${RANGES[range]}`
  return `${isAll ? '' : 'The newest '}${total} ${total === 1 ? 'run' : 'runs'} in ${RANGES[range]}`
}
