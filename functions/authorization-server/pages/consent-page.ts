/** Asks a person whether a client may act for them. */
import { html } from '../../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { CALLBACK_PATH } from '../engine/configuration.ts'
import type { SignedInPerson } from '../session-reader.ts'
import { pageResponse } from './page.ts'
import { nameOf } from './person-name.ts'
import { scopeList } from './scopes.ts'

export interface ConsentQuestion {
  readonly interaction: string
  readonly clientName: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly person: SignedInPerson
  readonly setCookies: readonly string[]
}

/** Answers with the question. */
export function consentPage(request: HttpRequest, question: ConsentQuestion): HttpResponse {
  const { origin, protocol, host } = new URL(question.redirectUri)
  const main = html`<h1>Let ${question.clientName} act for you?</h1>
<p>You are signed in as <strong>${nameOf(question.person)}</strong>.</p>
<dl>
<div><dt>Program</dt><dd>${question.clientName} <code>${question.clientId}</code></dd></div>
<div><dt>It may</dt><dd>${scopeList(question.scope)}</dd></div>
<div><dt>You will go on to</dt><dd><code>${host === '' ? protocol : host}</code></dd></div>
</dl>
<p class="soft">Allow it only if you started this yourself, just now.</p>
<form method="post" action="${CALLBACK_PATH}">
<input type="hidden" name="interaction" value="${question.interaction}">
<div class="actions">
<button class="primary" name="decision" value="allow">Allow</button>
<button class="quiet" name="decision" value="deny">Do not allow</button>
</div>
</form>`
  return pageResponse({
    request,
    status: 200,
    title: `Let ${question.clientName} act for you?`,
    main,
    formTarget: origin === 'null' ? protocol : origin,
    headers: question.setCookies.length === 0 ? {} : { 'set-cookie': question.setCookies },
  })
}
