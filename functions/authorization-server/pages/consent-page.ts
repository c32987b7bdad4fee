/** Asks a person whether a client may act for them. */
import { cardPage } from '../../shared/html/card-page.ts'
import { html } from '../../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { CALLBACK_PATH } from '../engine/configuration.ts'
import type { SignedInPerson } from '../session-reader.ts'
import { personLine } from './person-line.ts'
import { scopeList } from './scopes.ts'

export interface ConsentQuestion {
  readonly interaction: string
  /** Says whom the question was put to; the answer has to bring it back. */
  readonly asked: string
  readonly clientName: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly person: SignedInPerson
  readonly setCookies: readonly string[]
  /** Where the form may lead beside that client: see `signInTarget`. */
  readonly signInTarget: string | undefined
}

/**
 * Answers with the question. Its form names the interaction in the address as well: whom the load balancer has sign in
 * again comes back to that, without the form.
 */
export function consentPage(request: HttpRequest, question: ConsentQuestion): HttpResponse {
  const { clientName, clientId, person, scope, setCookies } = question
  const { protocol, host } = new URL(question.redirectUri)
  return cardPage({
    request,
    status: 200,
    title: `Let ${clientName} act for you?`,
    body: html`${personLine(person)}
<p>If you allow it, <strong>${clientName}</strong> may:</p>
${scopeList(scope)}
<dl class="facts">
<dt>Program</dt><dd><code>${clientId}</code></dd>
<dt>You go on to</dt><dd><code>${host === '' ? protocol : host}</code></dd>
</dl>
<form method="post" action="${CALLBACK_PATH}?interaction=${question.interaction}">
<input type="hidden" name="interaction" value="${question.interaction}">
<input type="hidden" name="asked" value="${question.asked}">
<p class="soft">Allow it only if you started this yourself, just now.</p>
<div class="actions">
<button class="quiet" name="decision" value="deny">Do not allow</button>
<button class="primary" name="decision" value="allow">Allow</button>
</div>
</form>`,
    formTarget: formTargetOf(question),
    headers: setCookies.length === 0 ? {} : { 'set-cookie': setCookies },
  })
}

/**
 * Where the answer leads, as sources of a policy. Beside the client that is anything over https: its page may lead on to
 * another origin at once, and browsers stop there without a word. A source has no words for an IPv6 address.
 */
function formTargetOf({ redirectUri, signInTarget }: ConsentQuestion): string {
  const { origin, protocol, hostname } = new URL(redirectUri)
  const client = protocol === 'https:' || hostname.startsWith('[') ? protocol : origin
  return [...new Set([client, signInTarget, 'https:'])].filter((source) => source !== undefined).join(' ')
}
