/** The page of one run: its details and actions, kept up to date until it has ended, and aborting it. */
import { enableAborting } from './abort-dialog.ts'
import { showActions } from './actions-card.ts'
import { button, byId, element } from './dom.ts'
import { queryOf } from './filters.ts'
import { type ActionsOfRun, fetchActions } from './list-actions.ts'
import { clearProblem, noteSignedIn, showFailure, showNotice } from './notices.ts'
import { phasePart, refreshTimes } from './parts.ts'
import { type Outcome, type Poll, startPoll } from './poll.ts'
import { callRpc, RpcError } from './rpc.ts'
import { detailsOf } from './run-details.ts'
import { viewRun } from './run-view.ts'
import type { ActionDetails, GetRunDetailsResponse, RunId } from './wire.ts'

const TIMES_EVERY_MS = 1_000

/** Shows the run that the address names, and goes on looking at it. */
export async function startRunPage(): Promise<void> {
  const runId = runOfAddress()
  const { project, domain, name } = runId
  byId('trail', HTMLAnchorElement).search = queryOf({ project, domain, status: '', owner: '' })
  byId('run-name', HTMLParagraphElement).textContent = name
  if (name === '') return showMissing('The address names no run.')
  let shown = ''
  let poll: Poll | undefined

  async function load(): Promise<Outcome> {
    const area = byId('run', HTMLDivElement)
    try {
      const [action, actions] = await Promise.all([fetchRun(runId), fetchActions(runId)])
      noteSignedIn()
      const text = JSON.stringify([action, actions])
      const isChanged = text !== shown
      if (isChanged) show(action, actions, shown !== '')
      shown = text
      clearProblem()
      if (hasEnded(action)) return 'stop'
      return isChanged ? 'changed' : 'same'
    } catch (error) {
      if (error instanceof RpcError && error.failure === 'not-found') return missing(error)
      showFailure(error, () => void load())
      const isFinal = error instanceof RpcError && ['signed-out', 'not-allowed'].includes(error.failure)
      return isFinal ? 'stop' : 'failed'
    } finally {
      area.setAttribute('aria-busy', 'false')
    }
  }

  enableAborting(runId, async () => {
    await load()
    poll?.setOn(false)
    showNotice('good', 'The run is aborted, and your name is with it.')
  })
  setInterval(() => refreshTimes(Date.now()), TIMES_EVERY_MS)
  if ((await load()) !== 'stop') poll = startPoll({ everyMs: 3_000, slowestMs: 30_000, look: load })
}

function runOfAddress(): Required<Omit<RunId, 'org'>> {
  const query = new URLSearchParams(location.search)
  const [project = '', domain = '', name = ''] = ['project', 'domain', 'name'].map(
    (key) => query.get(key) ?? '',
  )
  return { project, domain, name }
}

async function fetchRun(runId: RunId): Promise<ActionDetails> {
  const method = 'flyteidl2.workflow.RunService/GetRunDetails'
  const response = await callRpc<GetRunDetailsResponse>(method, { runId })
  return response.details?.action ?? {}
}

function hasEnded(action: ActionDetails): boolean {
  return ['good', 'bad', 'ended'].includes(viewRun(action).phase.tone)
}

function show(action: ActionDetails, actions: ActionsOfRun, isUpdate: boolean): void {
  const run = viewRun(action)
  document.title = `${run.task} · Flyte`
  byId('run-title', HTMLHeadingElement).textContent = run.task
  byId('run-phase', HTMLSpanElement).replaceChildren(phasePart(run.phase))
  byId('abort', HTMLButtonElement).hidden = hasEnded(action)
  byId('run', HTMLDivElement).replaceChildren(...detailsOf(action, Date.now()))
  showActions(actions, hasEnded(action), Date.now())
  if (!isUpdate) return
  const inside = byId('actions-summary', HTMLParagraphElement).textContent
  const sentence = `${run.task}: ${run.phase.label.toLowerCase()}.`
  byId('changes', HTMLParagraphElement).textContent = [sentence, inside].filter(Boolean).join(' ')
}

function missing({ message }: RpcError): Outcome {
  showMissing(message)
  return 'stop'
}

function showMissing(why: string): void {
  byId('run-title', HTMLHeadingElement).textContent = 'There is no such run'
  byId('abort', HTMLButtonElement).hidden = true
  const back = button('Back to the runs', 'primary', () => byId('trail', HTMLAnchorElement).click())
  byId('run', HTMLDivElement).replaceChildren(
    element('section', { class: 'card empty' }, element('p', {}, why), element('p', {}, back)),
  )
  byId('run', HTMLDivElement).setAttribute('aria-busy', 'false')
}
