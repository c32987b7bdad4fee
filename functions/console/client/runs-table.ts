/** The list of runs. */
import { element } from './dom.ts'
import { runAddress } from './filters.ts'
import { phasePart, timePart, whoPart } from './parts.ts'
import { type Course, type RunView, runDurationMs } from './run-view.ts'
import { durationText } from './time-text.ts'

const COLUMNS = ['Run', 'Made by', 'Status', 'Started', 'Duration']

export interface RunsTableOptions {
  readonly runs: readonly RunView[]
  /** The name of the run to point out. */
  readonly highlighted: string | undefined
  readonly nowMs: number
}

/**
 * Shows the runs in a table. Rows that say what they said before stay as they are, with the focus and the selection
 * in them; a list that is the same in all is not touched.
 */
export function showRuns(list: HTMLElement, options: RunsTableOptions): void {
  const body = list.querySelector('tbody') ?? makeTable(list)
  const before = new Map([...body.rows].map((row) => [row.dataset.run ?? '', row]))
  const rows = options.runs.map((run) => {
    const made = runRow(run, run.name === options.highlighted, options.nowMs)
    const known = before.get(run.name)
    return known !== undefined && known.dataset.shown === made.dataset.shown ? known : made
  })
  const isSame = rows.length === body.rows.length && rows.every((row, i) => row === body.rows[i])
  if (!isSame) replaceRows(body, rows)
}

/** Moving a row takes the focus from it: it is put back. */
function replaceRows(body: HTMLTableSectionElement, rows: readonly HTMLTableRowElement[]): void {
  const focused = document.activeElement?.closest<HTMLTableRowElement>('tbody tr')?.dataset.run
  body.replaceChildren(...rows)
  const row = focused === undefined ? undefined : rows.find(({ dataset }) => dataset.run === focused)
  row?.querySelector('a')?.focus({ preventScroll: true })
}

/** Makes the table. The roles are spelled out because narrow screens lay the cells out as cards. */
function makeTable(list: HTMLElement): HTMLTableSectionElement {
  const heads = COLUMNS.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name))
  const body = element('tbody', { role: 'rowgroup' })
  list.replaceChildren(
    element(
      'table',
      { role: 'table', 'aria-labelledby': 'runs-title' },
      element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)),
      body,
    ),
  )
  return body
}

function runRow(run: RunView, isNew: boolean, nowMs: number): HTMLTableRowElement {
  const shown = JSON.stringify([run, isNew])
  const attributes = {
    role: 'row',
    class: isNew ? 'new' : undefined,
    'data-run': run.name,
    'data-shown': shown,
  }
  return element(
    'tr',
    attributes,
    cell(
      'cell-run',
      element('span', { class: 'task' }, run.task),
      element('a', { class: 'link mono', href: runAddress(run) }, run.name),
    ),
    cell('cell-who', whoPart(run.who)),
    cell('cell-phase', phasePart(run.phase)),
    cell('cell-started', timePart(run.startedAtMs, nowMs)),
    cell('cell-duration', durationPart(run, nowMs)),
  )
}

/** The time that a run took; while it goes on, counted on by `refreshTimes`. */
export function durationPart(run: Course, nowMs: number): Node | string {
  const durationMs = runDurationMs(run, nowMs)
  if (durationMs === undefined) return '–'
  const goesOn = run.endedAtMs === undefined && run.phase.tone === 'active'
  const since = goesOn ? String(run.startedAtMs) : undefined
  return element('span', { 'data-since': since }, durationText(durationMs))
}

function cell(className: string, ...children: readonly (Node | string)[]): HTMLElement {
  return element('td', { role: 'cell', class: className }, ...children)
}

/** What stands in place of the table while it is fetched for the first time. */
export function runsSkeleton(): HTMLElement {
  const bar = () => element('div', { class: 'skeleton' })
  return element('div', { 'aria-hidden': 'true' }, bar(), bar(), bar())
}

/** What stands in place of the table when there are no runs. */
export function noRuns(place: string, isFiltered: boolean): HTMLElement {
  const [title, text] = isFiltered
    ? ['No runs like that', `Nothing in ${place} matches the filters.`]
    : ['No runs yet', `Nothing has run in ${place}. A sample run shows how one looks, and who made it.`]
  return element(
    'div',
    { class: 'empty' },
    element('p', { class: 'empty-title' }, title),
    element('p', { class: 'soft' }, text),
  )
}
