import { describe, expect, it } from 'vitest'
import { changesBetween, type RunsPage, withNewest } from '../../../../functions/console/client/merge-runs.ts'
import { type RunView, viewRun } from '../../../../functions/console/client/run-view.ts'

const run = (name: string, phase = 'ACTION_PHASE_QUEUED'): RunView =>
  viewRun({
    id: { run: { project: 'p', domain: 'd', name } },
    metadata: { task: { shortName: `task_${name}` }, executedBy: { user: { spec: { firstName: 'Ada' } } } },
    status: { phase },
  })
const page = (names: string, token = ''): RunsPage => ({ runs: [...names].map((name) => run(name)), token })
const namesOf = ({ runs }: RunsPage) => runs.map(({ name }) => name).join('')

describe('a newer page in front of an older list', () => {
  const rows: readonly [string, list: RunsPage, newest: RunsPage, names: string, token: string][] = [
    ['is the whole list if nothing is behind it', page('abc', 't'), page('xy'), 'xy', ''],
    ['brings new runs and keeps older ones', page('abcd', 'old'), page('xab', 'new'), 'xabcd', 'old'],
    ['drops what it covers and does not name', page('abcd', 'old'), page('acd', 'new'), 'acd', 'new'],
    ['is the list if it shares no run with it', page('abcd', 'old'), page('xyz', 'new'), 'xyz', 'new'],
    ['ends where it ends if it covers everything', page('abc', 'old'), page('xabc', 'new'), 'xabc', 'new'],
    ['may be empty', page('abc', 'old'), page('', 'new'), '', 'new'],
    ['is the first one', page(''), page('ab', 'new'), 'ab', 'new'],
  ]
  for (const [title, list, newest, names, token] of rows) {
    it(title, () => {
      const merged = withNewest(list, newest)
      expect([namesOf(merged), merged.token]).toEqual([names, token])
    })
  }

  it('says of a run what the page says', () => {
    const newest = { runs: [run('a', 'ACTION_PHASE_FAILED')], token: 't' }
    expect(withNewest(page('ab', 't'), newest).runs.map(({ phase }) => phase.label)).toEqual([
      'Failed',
      'Queued',
    ])
  })
})

describe('changes, in words', () => {
  const before = [run('a'), run('b'), run('c')]
  const rows: readonly [string, RunView[], string][] = [
    ['nothing', before, ''],
    ['one new run', [run('x'), ...before], 'New run of task_x by Ada.'],
    ['several new runs', [run('x'), run('y'), ...before], '2 new runs.'],
    ['another phase', [run('a', 'ACTION_PHASE_SUCCEEDED'), run('b'), run('c')], 'task_a: succeeded.'],
    ['older runs that were fetched', [...before, run('d')], ''],
    ['runs that are gone', [run('b')], ''],
    ['another list altogether', [run('x')], ''],
  ]
  for (const [title, after, text] of rows) {
    it(`${title}: ${text || 'nothing to say'}`, () => expect(changesBetween(before, after)).toBe(text))
  }

  it('are cut short when there are many', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) => run(name))
    const after = many.map(({ name }) => run(name, 'ACTION_PHASE_RUNNING'))
    expect(changesBetween(many, after)).toMatch(/^(?:task_\w: running\. ){3}2 more changes\.$/)
  })
})
