/** The dialog that asks before a run is aborted. */
import { byId } from './dom.ts'
import { callRpc, RpcError } from './rpc.ts'
import type { RunId } from './wire.ts'

/**
 * Connects the abort button of the page with its dialog.
 *
 * @param onAborted Called once the service has said that the run is aborted.
 */
export function enableAborting(runId: RunId, onAborted: () => Promise<void>): void {
  const dialog = byId('abort-dialog', HTMLDialogElement)
  const problem = byId('abort-problem', HTMLParagraphElement)
  const confirm = byId('abort-confirm', HTMLButtonElement)
  byId('abort', HTMLButtonElement).addEventListener('click', () => {
    problem.textContent = ''
    dialog.showModal()
    byId('abort-reason', HTMLTextAreaElement).focus()
  })
  byId('abort-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close())
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  byId('abort-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    if (confirm.getAttribute('aria-disabled') !== 'true') void submit()
  })

  async function submit(): Promise<void> {
    confirm.setAttribute('aria-disabled', 'true')
    try {
      await abort(runId, byId('abort-reason', HTMLTextAreaElement).value.trim())
      dialog.close()
      await onAborted()
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      problem.textContent = error.message
    } finally {
      confirm.setAttribute('aria-disabled', 'false')
    }
  }
}

async function abort(runId: RunId, reason: string): Promise<void> {
  await callRpc('flyteidl2.workflow.RunService/AbortRun', { runId, ...(reason === '' ? {} : { reason }) })
}
