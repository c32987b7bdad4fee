/** The script of the first page: fetches the newest runs, starts a sample run, opens details. */
import { byId, element } from './dom.ts'
import { clearNotice, showFailure, showNotice } from './notices.ts'
import { refreshTimes } from './parts.ts'
import { currentPlace, loadProjects, type Place, watchPlace } from './place.ts'
import { callRpc } from './rpc.ts'
import { closeDetailsOnBackdrop, openRunDetails } from './run-details.ts'
import { type RunView, viewRun } from './run-view.ts'
import { noRuns, runsSkeleton, runsTable } from './runs-table.ts'
import { startSampleRun } from './sample-run.ts'
import type { ListRunsResponse } from './wire.ts'

const PAGE_SIZE = 20
const TIMES_EVERY_MS = 20_000

interface Listed {
  readonly place: Place
  readonly runs: readonly RunView[]
  /** Where older runs go on; empty at the end. */
  readonly token: string
}

const list = byId('runs', HTMLDivElement)
const refreshButton = byId('refresh', HTMLButtonElement)
const startButton = byId('start', HTMLButtonElement)
const olderButton = byId('older', HTMLButtonElement)

let listed: Listed | undefined
let highlighted: string | undefined
/** Only the latest request may write: answers can overtake each other. */
let latestRequest = 0

async function fetchPage(place: Place, token: string): Promise<Listed> {
  const message = {
    projectId: { name: place.project, domain: place.domain },
    request: { limit: PAGE_SIZE, token, sortByFields: [{ key: 'created_at', direction: 'DESCENDING' }] },
  }
  const response = await callRpc<ListRunsResponse>('flyteidl2.workflow.RunService/ListRuns', message)
  const runs = (response.runs ?? []).flatMap(({ action }) => (action ? [viewRun(action)] : []))
  return { place, runs, token: response.token ?? '' }
}

/** Fetches the newest runs again, or goes on where the list ends. */
async function load(what: 'newest' | 'older'): Promise<boolean> {
  const place = currentPlace()
  const before = what === 'older' ? listed : undefined
  latestRequest += 1
  const request = latestRequest
  list.setAttribute('aria-busy', 'true')
  try {
    const page = await fetchPage(place, before?.token ?? '')
    if (request !== latestRequest) return false
    listed = { ...page, runs: [...(before?.runs ?? []), ...page.runs] }
    show(listed)
    return true
  } catch (error) {
    if (request === latestRequest) showFailure(error, () => void loadAgain(what))
    return false
  } finally {
    if (request === latestRequest) list.setAttribute('aria-busy', 'false')
  }
}

async function loadAgain(what: 'newest' | 'older'): Promise<void> {
  if (await load(what)) clearNotice()
}

function show({ place, runs, token }: Listed): void {
  const where = `${place.project} / ${place.domain}`
  const onOpen = (name: string) => void openRunDetails(place, name)
  byId('runs-place', HTMLParagraphElement).textContent = where
  const content = runsTable({ runs, highlighted, nowMs: Date.now(), onOpen })
  list.replaceChildren(runs.length === 0 ? noRuns(where) : content)
  olderButton.hidden = token === ''
}

async function start(): Promise<void> {
  setBusy(true)
  showNotice('busy', 'Starting a sample run …')
  try {
    const action = await startSampleRun(currentPlace())
    const run = viewRun(action)
    highlighted = run.name
    const address = run.who.kind === 'person' && run.who.detail !== '' ? ` (${run.who.detail})` : ''
    if (await load('newest'))
      showNotice('good', `Run ${run.name} is recorded as made by ${run.who.name}${address}.`)
    list.querySelector('tr.new')?.scrollIntoView({ block: 'nearest' })
  } catch (error) {
    showFailure(error, () => void start())
  } finally {
    setBusy(false)
  }
}

/** A disabled button would lose the focus of who pressed it. */
function setBusy(isBusy: boolean): void {
  startButton.setAttribute('aria-disabled', String(isBusy))
}

function changePlace(): void {
  highlighted = undefined
  listed = undefined
  list.replaceChildren(runsSkeleton())
  void loadAgain('newest')
}

async function begin(): Promise<void> {
  list.replaceChildren(runsSkeleton())
  watchPlace(changePlace)
  closeDetailsOnBackdrop()
  refreshButton.addEventListener('click', () => void loadAgain('newest'))
  olderButton.addEventListener('click', () => void loadAgain('older'))
  startButton.addEventListener('click', () => {
    if (startButton.getAttribute('aria-disabled') !== 'true') void start()
  })
  setInterval(() => refreshTimes(Date.now()), TIMES_EVERY_MS)
  refreshButton.disabled = false
  startButton.disabled = false
  const before = currentPlace()
  // Both at once: the projects that the page came with are the right ones nearly always.
  const projects = loadProjects().catch(() => undefined)
  await Promise.all([load('newest'), projects])
  if (currentPlace().project !== before.project) await load('newest')
}

void begin().catch((error: unknown) => {
  list.replaceChildren(element('p', { class: 'soft' }, 'The page could not be set up.'))
  throw error
})
