/** The pages of the device flow: type the code, look at who asks, decide. */
import { cardPage } from '../../shared/html/card-page.ts'
import { html } from '../../shared/html/html.ts'
import { DONE_SIGN } from '../../shared/html/mark.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { ENGINE_ROUTES } from '../engine/configuration.ts'
import type { SignedInPerson } from '../session-reader.ts'
import { personLine } from './person-line.ts'
import { scopeList } from './scopes.ts'

const PATH = ENGINE_ROUTES.code_verification

export interface CodeForm {
  readonly person: SignedInPerson
  /** What the field starts with. */
  readonly userCode: string
  /** Whether the last code was none that is waited for. */
  readonly refused: boolean
  /** Where the form may lead: see `signInTarget`. */
  readonly signInTarget: string | undefined
}

/** Asks for the code on the device. */
export function codePage(request: HttpRequest, form: CodeForm): HttpResponse {
  const { person, userCode, refused } = form
  const problem = refused
    ? html`<p class="problem" id="problem" role="alert">No device waits with this code. Look at the device again: a code works once, for ten minutes.</p>`
    : undefined
  const described = refused ? html` aria-invalid="true" aria-describedby="problem"` : undefined
  const body = html`<p>A program on another machine wants to act for you. It shows you a code: type it here, and see who asks.</p>
${personLine(person)}
${problem}
<form method="post" action="${PATH}">
<label>The code on the device
<input class="code" type="text" name="user_code" value="${userCode}" placeholder="XXXX-XXXX" maxlength="16" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus${described}></label>
<div class="actions"><button class="primary">Go on</button></div>
</form>`
  const status = refused ? 400 : 200
  return cardPage({ request, status, title: 'Connect a device', body, ...leadingTo(form) })
}

export interface DeviceQuestion {
  readonly person: SignedInPerson
  readonly clientName: string
  readonly clientId: string
  readonly scope: string
  readonly userCode: string
  /** Names this question; the answer is taken from nobody else, and once. */
  readonly question: string
  /** Where the form may lead: see `signInTarget`. */
  readonly signInTarget: string | undefined
}

/** Shows who asks for what, and asks whether that is meant. */
export function confirmPage(request: HttpRequest, asked: DeviceQuestion): HttpResponse {
  const { person, clientName, clientId, scope, userCode, question } = asked
  const body = html`<p>Compare the code with the one on the device:</p>
<output class="code">${userCode}</output>
${personLine(person)}
<p>Once connected, <strong>${clientName}</strong> on that device may:</p>
${scopeList(scope)}
<dl class="facts">
<dt>Program</dt><dd><code>${clientId}</code></dd>
</dl>
<form method="post" action="${PATH}">
<input type="hidden" name="question" value="${question}">
<p class="soft">Go on only if the device is your own and shows this very code. If somebody sent you here, do not.</p>
<div class="actions">
<button class="quiet" name="decision" value="deny">Do not connect it</button>
<button class="primary" name="decision" value="allow">Connect it</button>
</div>
</form>`
  return cardPage({ request, status: 200, title: 'Connect this device?', body, ...leadingTo(asked) })
}

function leadingTo({ signInTarget: formTarget }: { readonly signInTarget: string | undefined }) {
  return formTarget === undefined ? {} : { formTarget }
}

const NOT_DONE = html`<svg class="sign no" viewBox="0 0 44 44" aria-hidden="true" focusable="false"><circle cx="22" cy="22" r="20"/><path d="m16 16 12 12m0-12L16 28"/></svg>`

/** Says that it is done, or that it is not. */
export function decidedPage(request: HttpRequest, isAllowed: boolean): HttpResponse {
  const sentence = isAllowed
    ? 'It goes on by itself in a few seconds. You can close this page.'
    : 'It has been told so. You can close this page.'
  return cardPage({
    request,
    status: 200,
    above: isAllowed ? DONE_SIGN : NOT_DONE,
    title: isAllowed ? 'The device is connected' : 'The device is not connected',
    body: html`<p>${sentence}</p>`,
  })
}
