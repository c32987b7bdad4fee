/** The pages of the device flow: type the code, look at who asks, decide. */
import { html } from '../../shared/html/html.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { ENGINE_ROUTES } from '../engine/configuration.ts'
import type { SignedInPerson } from '../session-reader.ts'
import { pageResponse } from './page.ts'
import { nameOf } from './person-name.ts'
import { scopeList } from './scopes.ts'

const PATH = ENGINE_ROUTES.code_verification

export interface CodeForm {
  readonly person: SignedInPerson
  /** What the field starts with. */
  readonly userCode: string
  /** Whether the last code was none that is waited for. */
  readonly refused: boolean
}

/** Asks for the code on the device. */
export function codePage(request: HttpRequest, { person, userCode, refused }: CodeForm): HttpResponse {
  const problem = refused
    ? html`<p class="problem" role="alert">No device waits with this code. Look at the device again: a code works once, for ten minutes.</p>`
    : undefined
  const main = html`<h1>Connect a device</h1>
<p>You are signed in as <strong>${nameOf(person)}</strong>.</p>
${problem}
<form method="post" action="${PATH}">
<label for="user_code">The code on the device</label>
<input class="code" type="text" id="user_code" name="user_code" value="${userCode}" maxlength="16" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus>
<div class="actions"><button class="primary">Go on</button></div>
</form>`
  return pageResponse({ request, status: refused ? 400 : 200, title: 'Connect a device', main })
}

export interface DeviceQuestion {
  readonly person: SignedInPerson
  readonly clientName: string
  readonly clientId: string
  readonly scope: string
  readonly userCode: string
  /** Names this question; the answer is taken from nobody else, and once. */
  readonly question: string
}

/** Shows who asks for what, and asks whether that is meant. */
export function confirmPage(request: HttpRequest, asked: DeviceQuestion): HttpResponse {
  const main = html`<h1>Connect this device?</h1>
<p>It will act as <strong>${nameOf(asked.person)}</strong>.</p>
<dl>
<div><dt>Program</dt><dd>${asked.clientName} <code>${asked.clientId}</code></dd></div>
<div><dt>It may</dt><dd>${scopeList(asked.scope)}</dd></div>
<div><dt>Code</dt><dd><code>${asked.userCode}</code></dd></div>
</dl>
<p class="soft">Go on only if the device is in front of you and shows this very code. If somebody sent you here, do not.</p>
<form method="post" action="${PATH}">
<input type="hidden" name="question" value="${asked.question}">
<div class="actions">
<button class="primary" name="decision" value="allow">Connect it</button>
<button class="quiet" name="decision" value="deny">Do not connect it</button>
</div>
</form>`
  return pageResponse({ request, status: 200, title: 'Connect this device?', main })
}

/** Says that it is done, or that it is not. */
export function decidedPage(request: HttpRequest, isAllowed: boolean): HttpResponse {
  const title = isAllowed ? 'The device is connected' : 'The device is not connected'
  const sentence = isAllowed
    ? 'It goes on by itself in a few seconds. You can close this page.'
    : 'It has been told so. You can close this page.'
  const main = html`<h1>${title}</h1>
<p>${sentence}</p>`
  return pageResponse({ request, status: 200, title, main })
}
