/** Messages above the list, read out by screen readers as they appear. */
import { button, byId, element } from './dom.ts'
import { RpcError } from './rpc.ts'

/** Shows a message in place of the one before it. */
export function showNotice(tone: 'good' | 'busy' | 'problem', text: string, action?: HTMLElement): void {
  const notice = element('div', { class: `notice ${tone}` }, element('p', {}, text), action)
  byId('notice', HTMLDivElement).replaceChildren(notice)
}

/** Takes the message away. */
export function clearNotice(): void {
  byId('notice', HTMLDivElement).replaceChildren()
}

/** Shows why something failed, with a way on: signing in again, or another try. */
export function showFailure(error: unknown, retry: () => void): void {
  if (!(error instanceof RpcError)) {
    showNotice('problem', 'Something on this page went wrong.', button('Reload', 'quiet', reload))
    throw error
  }
  const isSignedOut = error.failure === 'signed-out'
  const action = isSignedOut
    ? button('Sign in again', 'primary', reload)
    : button('Try again', 'quiet', retry)
  showNotice('problem', error.message, action)
}

/** The load balancer asks for a new sign-in when the page is loaded without a session. */
function reload(): void {
  location.reload()
}
