/** The details of one run, in a dialog over the list. */
import { button, byId, element } from './dom.ts'
import { phasePart, whoPart } from './parts.ts'
import type { Place } from './place.ts'
import { callRpc, RpcError } from './rpc.ts'
import { type RunView, runDurationMs, viewIdentity, viewRun } from './run-view.ts'
import { durationText } from './time-text.ts'
import type { ActionDetails, GetRunDetailsResponse } from './wire.ts'

const SOURCES: Readonly<Record<string, string>> = {
  RUN_SOURCE_WEB: 'Web page',
  RUN_SOURCE_CLI: 'Command line',
  RUN_SOURCE_SCHEDULE_TRIGGER: 'Schedule',
}

/** Opens the dialog and fills it as soon as the service has answered. */
export async function openRunDetails(place: Place, name: string): Promise<void> {
  const dialog = byId('details', HTMLDialogElement)
  const waiting = element('p', { class: 'soft' }, 'Fetching the details …')
  const body = element('div', { class: 'details-body', 'aria-live': 'polite' }, waiting)
  dialog.replaceChildren(detailsHead(dialog, name), body)
  dialog.showModal()
  // If another run was opened meanwhile, this body is no longer on the page.
  body.replaceChildren(...(await detailsContent(place, name)))
}

/** Closes the dialog on a click beside it, as people expect. */
export function closeDetailsOnBackdrop(): void {
  const dialog = byId('details', HTMLDialogElement)
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
}

function detailsHead(dialog: HTMLDialogElement, name: string): HTMLElement {
  const title = element('h2', { id: 'details-title', class: 'mono', tabindex: '-1', autofocus: true }, name)
  const close = button('Close', 'quiet', () => dialog.close())
  return element('div', { class: 'details-head' }, title, close)
}

async function detailsContent(place: Place, name: string): Promise<readonly Node[]> {
  try {
    const method = 'flyteidl2.workflow.RunService/GetRunDetails'
    const response = await callRpc<GetRunDetailsResponse>(method, { runId: { ...place, name } })
    return contentOf(response.details?.action ?? {}, Date.now())
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return [element('div', { class: 'notice problem', role: 'alert' }, element('p', {}, error.message))]
  }
}

function contentOf(action: ActionDetails, nowMs: number): readonly Node[] {
  const run = viewRun(action)
  const trouble = troubleOf(action)
  return [
    element(
      'div',
      { class: 'executed-by' },
      element('p', { class: 'eyebrow' }, 'Executed by'),
      whoPart(run.who),
    ),
    ...(trouble ? [trouble] : []),
    element('dl', { class: 'facts wide' }, ...factsOf(action, run, nowMs).flatMap(fact)),
  ]
}

function troubleOf({ errorInfo, abortInfo }: ActionDetails): HTMLElement | undefined {
  if (errorInfo) {
    return element('div', { class: 'notice problem' }, element('pre', {}, errorInfo.message ?? ''))
  }
  if (!abortInfo) return undefined
  const by = abortInfo.abortedBy ? ` by ${viewIdentity(abortInfo.abortedBy).name}` : ''
  return element(
    'div',
    { class: 'notice problem' },
    element('p', {}, `Aborted${by}: ${abortInfo.reason ?? ''}`),
  )
}

/** Code that may be long gets a line of its own. */
type Fact = readonly [term: string, value: Node | string | undefined, width?: 'long']

function factsOf(action: ActionDetails, run: RunView, nowMs: number): readonly Fact[] {
  const { id, metadata, status } = action
  const durationMs = runDurationMs(run, nowMs)
  const container = action.task?.taskTemplate?.container
  const taskId = metadata?.task?.id
  return [
    ['Status', phasePart(run.phase)],
    ['Subject', code(run.who.subject)],
    ['Kind', { person: 'Person', application: 'Application', nobody: 'Not recorded' }[run.who.kind]],
    ['Project', id?.run?.project],
    ['Domain', id?.run?.domain],
    ['Task', code([taskId?.name, taskId?.version].filter(Boolean).join(' · '))],
    ['Type', metadata?.task?.taskType],
    ['Started', exactTime(run.startedAtMs)],
    ['Ended', exactTime(run.endedAtMs)],
    ['Duration', durationMs === undefined ? undefined : durationText(durationMs)],
    ['Attempts', String(status?.attempts ?? 0)],
    ['Started from', SOURCES[metadata?.source ?? '']],
    ['Image', code(container?.image), 'long'],
    ['Command', code([...(container?.command ?? []), ...(container?.args ?? [])].join(' ')), 'long'],
  ]
}

function fact([term, value, width]: Fact): HTMLElement[] {
  if (value === undefined || value === '') return []
  return [element('div', { class: width }, element('dt', {}, term), element('dd', {}, value))]
}

function code(text: string | undefined): HTMLElement | undefined {
  return text ? element('code', {}, text) : undefined
}

function exactTime(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toLocaleString()
}
