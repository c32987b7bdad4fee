/** The list of runs. */
import { button, element } from './dom.ts'
import { phasePart, timePart, whoPart } from './parts.ts'
import { type RunView, runDurationMs } from './run-view.ts'
import { durationText } from './time-text.ts'

const COLUMNS = ['Run', 'Made by', 'Status', 'Started', 'Duration']

export interface RunsTableOptions {
  readonly runs: readonly RunView[]
  /** The name of the run to point out. */
  readonly highlighted: string | undefined
  readonly nowMs: number
  readonly onOpen: (name: string) => void
}

/** Makes the table. The roles are spelled out because narrow screens lay the cells out as cards. */
export function runsTable({ runs, highlighted, nowMs, onOpen }: RunsTableOptions): HTMLElement {
  const heads = COLUMNS.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name))
  const rows = runs.map((run) => runRow(run, { isNew: run.name === highlighted, nowMs, onOpen }))
  return element(
    'table',
    { role: 'table', 'aria-labelledby': 'runs-title' },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)),
    element('tbody', { role: 'rowgroup' }, ...rows),
  )
}

interface RowOptions extends Pick<RunsTableOptions, 'nowMs' | 'onOpen'> {
  readonly isNew: boolean
}

function runRow(run: RunView, { isNew, nowMs, onOpen }: RowOptions): HTMLElement {
  const durationMs = runDurationMs(run, nowMs)
  const open = button(run.name, 'link mono', () => onOpen(run.name))
  open.setAttribute('aria-haspopup', 'dialog')
  return element(
    'tr',
    { role: 'row', class: isNew ? 'new' : undefined, 'data-run': run.name },
    cell('cell-run', element('span', { class: 'task' }, run.task), open),
    cell('cell-who', whoPart(run.who)),
    cell('cell-phase', phasePart(run.phase)),
    cell('cell-started', timePart(run.startedAtMs, nowMs)),
    cell('cell-duration', durationMs === undefined ? '–' : durationText(durationMs)),
  )
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
export function noRuns(place: string): HTMLElement {
  return element(
    'div',
    { class: 'empty' },
    element('p', { class: 'empty-title' }, 'No runs yet'),
    element(
      'p',
      { class: 'soft' },
      `Nothing has run in ${place}. A sample run shows how one looks, and who made it.`,
    ),
  )
}
