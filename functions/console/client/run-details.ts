/** The details of one run, as cards. */
import { element } from './dom.ts'
import { queryOf } from './filters.ts'
import { phasePart, timePart, whoPart } from './parts.ts'
import { type RunView, viewIdentity, viewRun } from './run-view.ts'
import { durationPart } from './runs-table.ts'
import type { ActionDetails, EnrichedIdentity } from './wire.ts'

const SOURCES: Readonly<Record<string, string>> = {
  RUN_SOURCE_WEB: 'Web page',
  RUN_SOURCE_CLI: 'Command line',
  RUN_SOURCE_SCHEDULE_TRIGGER: 'Schedule',
}

const KINDS = { person: 'Person', application: 'Application', nobody: 'Not recorded' } as const

/** Makes the cards: what went wrong if anything did, who made the run, and the facts of it. */
export function detailsOf(action: ActionDetails, nowMs: number): readonly Node[] {
  const run = viewRun(action)
  const trouble = troubleOf(action)
  const columns = element(
    'div',
    { class: 'columns' },
    executedBy(action.metadata?.executedBy, run),
    element(
      'div',
      { class: 'column' },
      card('course', 'Course', factList(courseOf(action, run, nowMs))),
      card('task', 'Task', factList(taskFactsOf(action))),
    ),
  )
  return [...(trouble ? [trouble] : []), columns]
}

/** Everything that the run recorded of its maker. */
function executedBy(identity: EnrichedIdentity | undefined, run: RunView): HTMLElement {
  const spec = identity?.user?.spec
  const { project, domain, who } = run
  const theirs = queryOf({ project, domain, status: '', owner: who.subject })
  const facts = factList([
    ['First name', spec?.firstName],
    ['Last name', spec?.lastName],
    ['E-mail', spec?.email],
    ['User name', spec?.userHandle],
    ['Name', identity?.application?.spec?.name],
    ['Kind', KINDS[who.kind]],
    ['Subject', code(who.subject)],
  ])
  const link =
    who.subject === ''
      ? undefined
      : element('a', { class: 'link', href: `/v2${theirs}` }, `Runs made by ${who.name}`)
  const recorded = identity === undefined ? undefined : asRecorded(identity)
  return card('executed-by', 'Executed by', whoPart(who), facts, link, recorded)
}

/** The message itself, for those who compare. */
function asRecorded(identity: EnrichedIdentity): HTMLElement {
  const text = JSON.stringify(identity, undefined, 2)
  const block = element('pre', { class: 'block', tabindex: '0', 'aria-label': 'executed_by as JSON' }, text)
  return element('details', { class: 'as-table' }, element('summary', {}, 'executed_by as recorded'), block)
}

function troubleOf({ errorInfo, abortInfo }: ActionDetails): HTMLElement | undefined {
  if (errorInfo) {
    const text = element(
      'pre',
      { class: 'block', tabindex: '0', 'aria-label': 'The error' },
      errorInfo.message ?? '',
    )
    return card('error', 'What went wrong', text)
  }
  if (!abortInfo) return undefined
  const by = abortInfo.abortedBy ? [whoPart(viewIdentity(abortInfo.abortedBy))] : []
  const facts = factList([
    ['Aborted by', by[0]],
    ['Reason', abortInfo.reason],
  ])
  return card('aborted', 'Aborted', facts)
}

type Fact = readonly [term: string, value: Node | string | undefined]

function courseOf(action: ActionDetails, run: RunView, nowMs: number): readonly Fact[] {
  return [
    ['Status', phasePart(run.phase)],
    ['Started', run.startedAtMs === undefined ? undefined : started(run.startedAtMs, nowMs)],
    ['Ended', exactTime(run.endedAtMs)],
    ['Duration', durationPart(run, nowMs)],
    ['Attempts', String(action.status?.attempts ?? 0)],
    ['Started from', SOURCES[action.metadata?.source ?? '']],
  ]
}

function started(atMs: number, nowMs: number): HTMLElement {
  return element('span', {}, exactTime(atMs), ' (', timePart(atMs, nowMs), ')')
}

function taskFactsOf({ id, metadata, task }: ActionDetails): readonly Fact[] {
  const container = task?.taskTemplate?.container
  const taskId = metadata?.task?.id
  return [
    ['Project', id?.run?.project],
    ['Domain', id?.run?.domain],
    ['Name', code(taskId?.name)],
    ['Version', code(taskId?.version)],
    ['Type', metadata?.task?.taskType],
    ['Environment', metadata?.environmentName],
    ['Image', code(container?.image)],
    ['Command', code([...(container?.command ?? []), ...(container?.args ?? [])].join(' '))],
  ]
}

function card(id: string, title: string, ...content: readonly (Node | undefined)[]): HTMLElement {
  const heading = element('h2', { id: `${id}-title` }, title)
  return element(
    'section',
    { class: `card stack card-${id}`, 'aria-labelledby': `${id}-title` },
    heading,
    ...content,
  )
}

function factList(facts: readonly Fact[]): HTMLElement {
  return element('dl', { class: 'facts listed' }, ...facts.flatMap(fact))
}

function fact([term, value]: Fact): HTMLElement[] {
  if (value === undefined || value === '') return []
  return [element('div', {}, element('dt', {}, term), element('dd', {}, value))]
}

function code(text: string | undefined): HTMLElement | undefined {
  return text ? element('code', {}, text) : undefined
}

function exactTime(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toLocaleString()
}
