/** The actions of a run as a tree, and the tree as rows. No DOM in here. */
import { type RunView, viewRun } from './run-view.ts'
import type { Action } from './wire.ts'

/** One action, where it is in the tree. */
export interface ActionRow {
  readonly name: string
  /** What it is called by people: a task, a trace or a condition. */
  readonly label: string
  readonly kind: 'Task' | 'Trace' | 'Condition'
  /** The group that its parent put it in; empty for none. */
  readonly group: string
  /** 0 for the run itself. */
  readonly depth: number
  /** The label of the action that asked for it; undefined for the run itself. */
  readonly parent: string | undefined
  readonly attempts: number
  readonly phase: RunView['phase']
  readonly startedAtMs: number | undefined
  readonly endedAtMs: number | undefined
}

/** The action that is the run itself. */
const ROOT = 'a0'

/**
 * Orders actions as a tree that is read from top to bottom: each below the one that asked for it, oldest first. One
 * whose parent is not among them is put below the run itself, so that none is lost.
 *
 * @param actions Oldest first.
 */
export function rowsOf(actions: readonly Action[]): readonly ActionRow[] {
  const known = new Set(actions.map(nameOf))
  const children = new Map<string, Action[]>()
  for (const action of actions) {
    if (nameOf(action) === ROOT) continue
    const wanted = action.metadata?.parent ?? ''
    const parent = known.has(wanted) && wanted !== nameOf(action) ? wanted : ROOT
    children.set(parent, [...(children.get(parent) ?? []), action])
  }
  const rows: ActionRow[] = []
  const walked = new Set<string>()
  const walk = (action: Action, depth: number, parent: string | undefined) => {
    if (walked.has(nameOf(action))) return
    walked.add(nameOf(action))
    const row = rowOf(action, depth, parent)
    rows.push(row)
    for (const child of children.get(row.name) ?? []) walk(child, depth + 1, row.label)
  }
  const root = actions.find((action) => nameOf(action) === ROOT)
  if (root) walk(root, 0, undefined)
  // What is left goes round in circles, or has no run above it.
  for (const action of actions) walk(action, 1, root && rows[0]?.label)
  return rows
}

/** How many actions went which way, in words: the most important first. */
export function summaryOf(rows: readonly ActionRow[]): string {
  const counts = new Map<string, number>()
  for (const { phase } of rows) {
    const word = phase.label.toLowerCase()
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const parts = [...counts]
    .toSorted((one, other) => other[1] - one[1])
    .map(([word, count]) => `${count} ${word}`)
  return `${rows.length} action${rows.length === 1 ? '' : 's'}: ${parts.join(', ')}`
}

function rowOf(action: Action, depth: number, parent: string | undefined): ActionRow {
  const { metadata, status } = action
  const { task, phase, startedAtMs, endedAtMs } = viewRun(action)
  const [kind, label] = metadata?.trace
    ? (['Trace', metadata.trace.name] as const)
    : metadata?.condition
      ? (['Condition', metadata.condition.name] as const)
      : (['Task', task] as const)
  return {
    name: nameOf(action),
    label: label || nameOf(action),
    kind,
    group: metadata?.group ?? '',
    depth,
    parent,
    attempts: status?.attempts ?? 0,
    phase,
    startedAtMs,
    endedAtMs,
  }
}

function nameOf({ id }: Action): string {
  return id?.name ?? ''
}
