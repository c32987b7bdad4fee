/** The way to the sign-in, for somebody whose session ended while they looked at a page of ours. */
import { cardPage } from '../../shared/html/card-page.ts'
import { html } from '../../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { NEVER_STORED } from '../oauth-answer.ts'
import type { SessionReader } from '../session-reader.ts'

/**
 * Sends a browser to a sign-in. A form gets a page that goes on by itself: a redirect from here to the provider would
 * be one that the policy of the form's page does not allow, and browsers stop there without a word.
 */
export function toSignIn(request: HttpRequest, location: string): HttpResponse {
  if (request.method !== 'POST') {
    const headers = { location, ...NEVER_STORED, 'referrer-policy': 'no-referrer' }
    return { status: 303, headers, body: '' }
  }
  return cardPage({
    request,
    status: 200,
    title: 'You have to sign in again',
    body: html`<p>Your session ended meanwhile. One moment, and you can sign in; then you are asked once more.</p>
<p><a class="button" href="${location}">Sign in</a></p>`,
    goOnTo: location,
  })
}

/**
 * Where a form may lead on the way to a sign-in, as a source of a policy; undefined where that is a page of its own.
 * The load balancer answers a form of somebody who is not signed in itself, with a redirect to the provider, and where
 * that leads on to is known to nobody here.
 */
export function signInTarget({ signInUrl }: SessionReader, publicUrl: string): string | undefined {
  return signInUrl === undefined ? new URL(publicUrl).protocol : undefined
}
