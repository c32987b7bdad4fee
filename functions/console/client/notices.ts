/** Messages above what a page shows, read out by screen readers as they appear. */
import { button, byId, element } from './dom.ts'
import { RpcError } from './rpc.ts'

const SIGNED_IN_AGAIN = 'flyte-signed-in-again'

/** Shows a message in place of the one before it. */
export function showNotice(
  tone: 'good' | 'busy' | 'problem',
  text: string,
  ...more: (Node | undefined)[]
): void {
  const notice = element('div', { class: `notice ${tone}` }, element('p', {}, text), ...more)
  byId('notice', HTMLDivElement).replaceChildren(notice)
}

/** Takes the message away. */
export function clearNotice(): void {
  byId('notice', HTMLDivElement).replaceChildren()
}

/** Takes the message away if it was about a problem, which is over. */
export function clearProblem(): void {
  if (byId('notice', HTMLDivElement).querySelector('.problem') !== null) clearNotice()
}

/** Shows why something failed, with a way on: signing in again, or another try; neither where it would not help. */
export function showFailure(error: unknown, retry: () => void): void {
  if (!(error instanceof RpcError)) {
    showNotice(
      'problem',
      'Something on this page went wrong.',
      button('Reload', 'quiet', () => location.reload()),
    )
    throw error
  }
  if (error.failure === 'signed-out') showSignedOut(error)
  else showNotice('problem', error.message, wayOn(error, retry))
}

/** Another try does not help somebody who may not: who they are here is the question then. */
function wayOn({ failure }: RpcError, retry: () => void): HTMLElement {
  return failure === 'not-allowed' ? whoYouAre() : button('Try again', 'quiet', retry)
}

/** A session that works ends the memory of signing in again. */
export function noteSignedIn(): void {
  sessionStorage.removeItem(SIGNED_IN_AGAIN)
}

/** Offers to sign in again, once: if that changed nothing, the reason is told instead. */
function showSignedOut({ reason, message }: RpcError): void {
  if (sessionStorage.getItem(SIGNED_IN_AGAIN) === null) {
    showNotice('problem', message, button('Sign in again', 'primary', signInAgain))
    return
  }
  noteSignedIn()
  showNotice('problem', `You are signed in, and the service does not accept it. ${reason}`, whoYouAre())
}

/**
 * Where the page names no path for it, the load balancer asks for a new sign-in when the page is loaded without a
 * session. The filters may have changed the page's own address since.
 */
function signInAgain(): void {
  sessionStorage.setItem(SIGNED_IN_AGAIN, 'yes')
  const path = document.querySelector('main')?.dataset.signIn ?? ''
  const here = `${location.pathname}${location.search}`
  if (path === '') location.reload()
  else location.assign(`${path}?${new URLSearchParams({ redirect_url: here })}`)
}

function whoYouAre(): HTMLElement {
  return element('a', { class: 'button quiet', href: '/v2/whoami' }, 'Who am I here?')
}
