import { describe, expect, it } from 'vitest'
import { rowsOf, summaryOf } from '../../../../functions/console/client/action-tree.ts'
import type { Action } from '../../../../functions/console/client/wire.ts'

function action(name: string, parent?: string, more: Action['metadata'] = {}): Action {
  return {
    id: { run: { project: 'p', domain: 'd', name: 'r' }, name },
    metadata: { task: { shortName: `task_${name}` }, ...(parent === undefined ? {} : { parent }), ...more },
    status: { phase: 'ACTION_PHASE_SUCCEEDED', attempts: 1, startTime: '2026-01-02T03:04:05Z' },
  }
}

/** The rows as a person sees them: indented names. */
const drawn = (actions: readonly Action[]) =>
  rowsOf(actions).map(({ name, depth }) => `${'  '.repeat(depth)}${name}`)

describe('the actions of a run', () => {
  it('are below the action that asked for them, oldest first', () => {
    const actions = [
      action('a0'),
      action('one', 'a0'),
      action('two', 'a0'),
      action('below', 'one'),
      action('last', 'one'),
    ]
    expect(drawn(actions)).toEqual(['a0', '  one', '    below', '    last', '  two'])
  })

  it('are named by their task, trace or condition, and by themselves otherwise', () => {
    const rows = rowsOf([
      action('a0'),
      action('t', 'a0', { trace: { name: 'step' } }),
      action('c', 'a0', { condition: { name: 'approve' }, group: 'gates' }),
      { id: { name: 'n' }, metadata: { trace: {}, parent: 'a0' } },
    ])
    expect(rows.map(({ label, kind, group }) => [label, kind, group])).toEqual([
      ['task_a0', 'Task', ''],
      ['step', 'Trace', ''],
      ['approve', 'Condition', 'gates'],
      ['n', 'Trace', ''],
    ])
  })

  it('say which action they were asked for by, for those who cannot see the tree', () => {
    const rows = rowsOf([action('a0'), action('one', 'a0'), action('below', 'one')])
    expect(rows.map(({ parent }) => parent)).toEqual([undefined, 'task_a0', 'task_one'])
  })

  it('are all there when a parent is missing, because the list was cut or came late', () => {
    expect(drawn([action('a0'), action('orphan', 'gone'), action('below', 'orphan')])).toEqual([
      'a0',
      '  orphan',
      '    below',
    ])
  })

  it('are all there once when the service says something impossible', () => {
    const circle = [action('a0'), action('one', 'two'), action('two', 'one'), action('self', 'self')]
    expect(
      rowsOf(circle)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['a0', 'one', 'self', 'two'])
    expect(drawn([action('x', 'y'), action('y', 'x')])).toHaveLength(2)
    expect(rowsOf([{}, {}])).toHaveLength(1)
  })

  it('are counted in words', () => {
    const running = { ...action('two', 'a0'), status: { phase: 'ACTION_PHASE_RUNNING' } }
    expect(summaryOf(rowsOf([action('a0'), action('one', 'a0'), running]))).toBe(
      '3 actions: 2 succeeded, 1 running',
    )
    expect(summaryOf(rowsOf([action('a0')]))).toBe('1 action: 1 succeeded')
  })
})
