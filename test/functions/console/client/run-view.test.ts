import { create, toJson } from '@bufbuild/protobuf'
import { ActionPhase, ActionPhaseSchema } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import { ActionSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { describe, expect, it } from 'vitest'
import { runDurationMs, viewIdentity, viewRun } from '../../../../functions/console/client/run-view.ts'
import type { Action } from '../../../../functions/console/client/wire.ts'

const STARTED_MS = Date.parse('2026-01-02T03:04:05Z')

/** An action as the service sends it: a message in protobuf's own JSON. */
function action(phase: ActionPhase): Action {
  const message = create(ActionSchema, {
    id: { name: 'a0', run: { project: 'flytesnacks', domain: 'development', name: 'r1' } },
    metadata: {
      spec: { case: 'task', value: { id: { name: 'samples.hello', version: '1' }, shortName: 'hello' } },
      executedBy: {
        principal: {
          case: 'user',
          value: {
            id: { subject: 'ada' },
            spec: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
          },
        },
      },
    },
    status: { phase, startTime: { seconds: BigInt(STARTED_MS / 1000), nanos: 0 } },
  })
  return toJson(ActionSchema, message) as Action
}

describe('a run in the list', () => {
  it('has its name, task, maker and time', () => {
    expect(viewRun(action(ActionPhase.RUNNING))).toEqual({
      project: 'flytesnacks',
      domain: 'development',
      name: 'r1',
      task: 'hello',
      who: {
        name: 'Ada Lovelace',
        detail: 'ada@example.com',
        kind: 'person',
        subject: 'ada',
        initials: 'AL',
        hue: expect.stringMatching(/^hue-\d$/),
      },
      phase: { label: 'Running', tone: 'active' },
      startedAtMs: STARTED_MS,
      endedAtMs: undefined,
    })
  })

  it('says every phase there is in words', () => {
    const known = ActionPhaseSchema.values.filter(({ number }) => number !== ActionPhase.UNSPECIFIED)
    const labels = known.map(({ number }) => viewRun(action(number)).phase.label)
    expect(labels).not.toContain('Unknown')
    expect(new Set(labels).size).toBe(labels.length)
  })

  it('with nothing in it is still a row', () => {
    expect(viewRun({})).toMatchObject({
      name: '',
      task: 'unnamed task',
      who: { name: 'Unknown', detail: 'not recorded', kind: 'nobody' },
      phase: { label: 'Unknown' },
      startedAtMs: undefined,
    })
  })

  it('of a phase that is newer than this page says so', () => {
    expect(viewRun({ status: { phase: 'ACTION_PHASE_RECOVERED' } }).phase.label).toBe('Unknown')
  })

  it('with a time that cannot be read has none', () => {
    expect(viewRun({ status: { startTime: 'yesterday' } }).startedAtMs).toBeUndefined()
  })
})

describe('who made a run', () => {
  const people: readonly [string, object, string][] = [
    ['a user name', { userHandle: 'ada', email: 'ada@example.com' }, 'ada'],
    ['an address', { email: 'ada@example.com' }, 'ada@example.com'],
    ['a first name', { firstName: 'Ada' }, 'Ada'],
    ['nothing', {}, 'u-1'],
  ]
  for (const [what, spec, name] of people) {
    it(`is called ${name} if ${what} is known`, () => {
      expect(viewIdentity({ user: { id: { subject: 'u-1' }, spec } })).toMatchObject({ name, kind: 'person' })
    })
  }

  it('is an application by its name, or by its subject', () => {
    const id = { subject: 'reporter' }
    expect(viewIdentity({ application: { id, spec: { name: 'Nightly' } } })).toMatchObject({
      name: 'Nightly',
      detail: 'Application',
    })
    expect(viewIdentity({ application: { id } }).name).toBe('reporter')
  })
})

describe('the duration of a run', () => {
  it('goes on until the run has ended', () => {
    const running = viewRun(action(ActionPhase.RUNNING))
    expect(runDurationMs(running, STARTED_MS + 1500)).toBe(1500)
    expect(runDurationMs({ ...running, endedAtMs: STARTED_MS + 700 }, STARTED_MS + 9000)).toBe(700)
  })

  it('is nothing while the run waits, and never negative', () => {
    expect(runDurationMs(viewRun(action(ActionPhase.QUEUED)), STARTED_MS + 1000)).toBeUndefined()
    expect(runDurationMs(viewRun(action(ActionPhase.RUNNING)), STARTED_MS - 1000)).toBe(0)
    expect(runDurationMs(viewRun({}), 0)).toBeUndefined()
  })
})
