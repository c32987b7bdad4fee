/** The card with the actions of a run. */
import { type ActionRow, rowsOf, summaryOf } from './action-tree.ts'
import { byId, element } from './dom.ts'
import type { ActionsOfRun } from './list-actions.ts'
import { phasePart, timePart } from './parts.ts'
import { durationPart } from './runs-table.ts'

const COLUMNS = ['Action', 'Status', 'Attempts', 'Started', 'Duration']
/** Deeper ones are not indented any further. */
const MAX_INDENT = 6

/** Shows the actions; in their place what it means that there are none beside the run itself. */
export function showActions({ actions, isCut }: ActionsOfRun, hasEnded: boolean, nowMs: number): void {
  const rows = rowsOf(actions)
  const more = isCut ? `. These are the first ${rows.length}; the command line lists all` : ''
  byId('actions-summary', HTMLParagraphElement).textContent =
    rows.length > 1 ? `${summaryOf(rows)}${more}` : ''
  byId('actions', HTMLDivElement).replaceChildren(
    rows.length > 1 ? tableOf(rows, nowMs) : noActions(hasEnded),
  )
  byId('actions-card', HTMLElement).hidden = false
}

function tableOf(rows: readonly ActionRow[], nowMs: number): HTMLElement {
  const heads = COLUMNS.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name))
  return element(
    'table',
    { role: 'table', 'aria-labelledby': 'actions-title' },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)),
    element('tbody', { role: 'rowgroup' }, ...rows.map((row) => rowPart(row, nowMs))),
  )
}

function rowPart(row: ActionRow, nowMs: number): HTMLElement {
  const { kind, name, group, parent } = row
  const about = [kind === 'Task' ? '' : kind, group === '' ? '' : `in ${group}`].filter(Boolean).join(' ')
  return element(
    'tr',
    { role: 'row', 'data-action': name },
    cell(
      `cell-run depth depth-${Math.min(row.depth, MAX_INDENT)}`,
      element('span', { class: 'task' }, row.label),
      element('span', { class: 'mono soft' }, name),
      about === '' ? undefined : element('span', { class: 'soft about' }, about),
      parent === undefined ? undefined : element('span', { class: 'sr' }, `, asked for by ${parent}`),
    ),
    cell('cell-phase', phasePart(row.phase)),
    cell('cell-attempts', row.attempts === 0 ? '–' : String(row.attempts)),
    cell('cell-started', timePart(row.startedAtMs, nowMs)),
    cell('cell-duration', durationPart(row, nowMs)),
  )
}

function cell(className: string, ...children: readonly (Node | string | undefined)[]): HTMLElement {
  return element('td', { role: 'cell', class: className }, ...children)
}

function noActions(hasEnded: boolean): HTMLElement {
  const text = hasEnded
    ? 'Its task did all the work by itself.'
    : 'Tasks, traces and conditions appear here as the run asks for them.'
  return element(
    'div',
    { class: 'empty' },
    element('p', { class: 'empty-title' }, hasEnded ? 'No other actions' : 'No other actions yet'),
    element('p', { class: 'soft' }, text),
  )
}
