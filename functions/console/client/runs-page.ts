/** The runs page: the newest runs, kept up to date, with the chart above them. */
import { type ChartCard, createChartCard } from './chart-card.ts'
import { byId, element } from './dom.ts'
import { runAddress } from './filters.ts'
import { changesBetween } from './merge-runs.ts'
import { clearNotice, clearProblem, showFailure, showNotice } from './notices.ts'
import { refreshTimes } from './parts.ts'
import { currentFilters, loadProjects, watchFilters } from './place.ts'
import { type Outcome, type Poll, startPoll } from './poll.ts'
import { viewRun } from './run-view.ts'
import { createRunsList, type Part, type RunsList } from './runs-list.ts'
import { startSampleRun } from './sample-run.ts'

const TIMES_EVERY_MS = 10_000
const LOOK_EVERY_MS = 5_000
const LOOK_AT_LEAST_EVERY_MS = 60_000

/** What the page consists of. */
interface Page {
  readonly list: RunsList
  readonly chart: ChartCard
  /** Undefined until everything is there for the first time. */
  poll: Poll | undefined
}

/** Sets the page up, and shows what there is. */
export async function startRunsPage(): Promise<void> {
  const viewer = byId('main', HTMLElement).dataset.subject ?? ''
  const page: Page = {
    list: createRunsList(viewer, (part) => void loadAgain(page, part)),
    chart: createChartCard(viewer),
    poll: undefined,
  }
  page.list.showWaiting()
  watchFilters(() => changeFilters(page))
  connectControls(page)
  setInterval(() => refreshTimes(Date.now()), TIMES_EVERY_MS)
  const before = currentFilters()
  // All at once: the projects that the page came with are the right ones nearly always.
  const projects = loadProjects().catch(() => undefined)
  const [loaded] = await Promise.all([page.list.load('newest'), page.chart.load(), projects])
  if (currentFilters().project !== before.project) changeFilters(page)
  page.poll = startPoll({
    everyMs: LOOK_EVERY_MS,
    slowestMs: LOOK_AT_LEAST_EVERY_MS,
    look: () => look(page),
  })
  if (loaded?.outcome === 'stop') page.poll.setOn(false)
}

/** What somebody asked for: a message that was there is done with if it works. */
async function loadAgain({ list, poll }: Page, part: Part): Promise<void> {
  poll?.postpone()
  const loaded = await list.load(part)
  if (loaded?.outcome === 'changed' || loaded?.outcome === 'same') clearNotice()
  if (loaded?.outcome === 'stop') poll?.setOn(false)
}

/** One look of the poll: says in words what changed, for those who cannot see it. */
async function look({ list, chart }: Page): Promise<Outcome> {
  const loaded = await list.load('newest')
  if (loaded?.outcome === 'changed' && loaded.before && loaded.after) {
    byId('changes', HTMLParagraphElement).textContent = changesBetween(loaded.before, loaded.after)
    void chart.load()
  }
  if (loaded?.outcome === 'changed' || loaded?.outcome === 'same') clearProblem()
  return loaded?.outcome ?? 'same'
}

function changeFilters(page: Page): void {
  page.list.highlight(undefined)
  page.list.showWaiting()
  void loadAgain(page, 'newest')
  void page.chart.load()
}

function connectControls(page: Page): void {
  enable('refresh', () => {
    void loadAgain(page, 'newest')
    void page.chart.load()
  })
  enable('older', () => void loadAgain(page, 'older'))
  enable('start', () => void start(page))
  enable('live', (live) => {
    const isOn = live.getAttribute('aria-pressed') !== 'true'
    live.setAttribute('aria-pressed', String(isOn))
    page.poll?.setOn(isOn)
  })
}

function enable(id: string, onClick: (pressed: HTMLButtonElement) => void): void {
  const control = byId(id, HTMLButtonElement)
  control.addEventListener('click', () => onClick(control))
  control.disabled = false
}

async function start(page: Page): Promise<void> {
  const startButton = byId('start', HTMLButtonElement)
  // A disabled button would lose the focus of who pressed it.
  if (startButton.getAttribute('aria-disabled') === 'true') return
  startButton.setAttribute('aria-disabled', 'true')
  showNotice('busy', 'Starting a sample run …')
  try {
    const run = viewRun(await startSampleRun(currentFilters()))
    page.list.highlight(run.name)
    page.poll?.postpone()
    const loaded = await page.list.load('newest')
    if (loaded?.outcome === 'failed' || loaded?.outcome === 'stop') return
    const address = run.who.kind === 'person' && run.who.detail !== '' ? ` (${run.who.detail})` : ''
    const open = element('a', { class: 'button quiet', href: runAddress(run) }, 'Open the run')
    showNotice('good', `Run ${run.name} is recorded as made by ${run.who.name}${address}.`, open)
    void page.chart.load()
  } catch (error) {
    showFailure(error, () => void start(page))
  } finally {
    startButton.setAttribute('aria-disabled', 'false')
  }
}
