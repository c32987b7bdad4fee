/** What the page shows of a run, read from the API's messages. No DOM in here. */
import { hueOf, initialsOf } from '../../shared/html/initials.ts'
import type { Action, EnrichedIdentity } from './wire.ts'

/** Who made a run, in words. */
export interface Who {
  readonly name: string
  /** The address of a person; for an application, that it is one. */
  readonly detail: string
  readonly kind: 'person' | 'application' | 'nobody'
  readonly subject: string
  readonly initials: string
  readonly hue: string
}

export type Tone = 'waiting' | 'active' | 'good' | 'bad' | 'ended'

/** How something goes, and when. */
export interface Course {
  readonly phase: { readonly label: string; readonly tone: Tone }
  readonly startedAtMs: number | undefined
  readonly endedAtMs: number | undefined
}

export interface RunView extends Course {
  readonly project: string
  readonly domain: string
  readonly name: string
  readonly task: string
  readonly who: Who
}

const PHASES: Readonly<Record<string, RunView['phase']>> = {
  ACTION_PHASE_QUEUED: { label: 'Queued', tone: 'waiting' },
  ACTION_PHASE_WAITING_FOR_RESOURCES: { label: 'Waiting for resources', tone: 'waiting' },
  ACTION_PHASE_INITIALIZING: { label: 'Starting', tone: 'active' },
  ACTION_PHASE_RUNNING: { label: 'Running', tone: 'active' },
  ACTION_PHASE_SUCCEEDED: { label: 'Succeeded', tone: 'good' },
  ACTION_PHASE_FAILED: { label: 'Failed', tone: 'bad' },
  ACTION_PHASE_ABORTED: { label: 'Aborted', tone: 'ended' },
  ACTION_PHASE_TIMED_OUT: { label: 'Timed out', tone: 'bad' },
  ACTION_PHASE_PAUSED: { label: 'Paused', tone: 'waiting' },
  // Newer than the service's generated code, which then writes the number.
  10: { label: 'Recovered', tone: 'good' },
}

/** Reads a run as it is shown in the list. */
export function viewRun(action: Action): RunView {
  const { id, metadata, status } = action
  const task = metadata?.task
  return {
    project: id?.run?.project ?? '',
    domain: id?.run?.domain ?? '',
    name: id?.run?.name ?? '',
    task: task?.shortName || task?.id?.name || 'unnamed task',
    who: viewIdentity(metadata?.executedBy),
    phase: PHASES[status?.phase ?? ''] ?? { label: 'Unknown', tone: 'ended' },
    startedAtMs: epochMs(status?.startTime),
    endedAtMs: epochMs(status?.endTime),
  }
}

/** Reads who an identity is about: the best name there is, and the address or kind below it. */
export function viewIdentity(identity: EnrichedIdentity | undefined): Who {
  if (identity?.user) {
    const { id, spec } = identity.user
    const subject = id?.subject ?? ''
    const fullName = [spec?.firstName, spec?.lastName].filter(Boolean).join(' ')
    const name = fullName || spec?.userHandle || spec?.email || subject
    return { ...lettersOf(name, subject), kind: 'person', detail: spec?.email ?? '' }
  }
  if (identity?.application) {
    const { id, spec } = identity.application
    const subject = id?.subject ?? ''
    return { ...lettersOf(spec?.name || subject, subject), kind: 'application', detail: 'Application' }
  }
  return {
    name: 'Unknown',
    subject: '',
    detail: 'not recorded',
    kind: 'nobody',
    initials: '?',
    hue: 'hue-none',
  }
}

/** How long a run took, or has been going on; undefined before it began. */
export function runDurationMs(run: Course, nowMs: number): number | undefined {
  if (run.startedAtMs === undefined || run.phase.tone === 'waiting') return undefined
  return Math.max(0, (run.endedAtMs ?? nowMs) - run.startedAtMs)
}

function lettersOf(name: string, subject: string) {
  return { name, subject, initials: initialsOf(name), hue: hueOf(subject) }
}

function epochMs(time: string | undefined): number | undefined {
  const parsed = Date.parse(time ?? '')
  return Number.isNaN(parsed) ? undefined : parsed
}
