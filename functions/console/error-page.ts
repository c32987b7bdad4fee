/** A refusal, as a page for people and as a sentence for programs. */
import type { ServiceError } from '../shared/errors.ts'
import { type Html, html } from '../shared/html/html.ts'
import { refusalResponse } from '../shared/html/refusal.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { BrowserAuth } from '../shared/routes.ts'
import { type Advice, adviceOn } from './advice.ts'
import { pageResponse } from './document.ts'
import { loginAddress } from './sign-in.ts'
import { signOutForm } from './sign-out.ts'

export interface ErrorPageOptions {
  readonly error: ServiceError
  readonly request: HttpRequest
  /** The deployment's public URL, without a trailing slash. */
  readonly publicUrl: string
  /** Who signs people in. */
  readonly signIn: BrowserAuth
}

/**
 * Answers a refusal: a page if the request accepts one, else the sentence alone. Every 401 carries the challenge
 * of RFC 9728. What was received is not repeated, except the request's id, which is escaped and plain, and the
 * address that was asked for, as where to come back to after a sign-in.
 */
export function errorPage(options: ErrorPageOptions): HttpResponse {
  return refusalResponse({ ...options, page: (headers) => page(options, headers) })
}

function page(
  { error, request, signIn }: ErrorPageOptions,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const advice = adviceOn(error, request, signIn)
  return pageResponse({
    request,
    status: error.status,
    title: advice.title,
    main: html`<main id="main" class="message">
<section class="card">
<p class="eyebrow">${error.status}</p>
<h1>${advice.title}</h1>
<p>${advice.why ?? error.message}</p>
<p class="soft">${advice.whatToDo}</p>
${waysOn(advice, request, signIn)}
<p class="fine">Request <code>${request.requestId}</code></p>
</section>
</main>`,
    script: false,
    headers,
  })
}

function waysOn({ action, leadsTo, offersSignOut }: Advice, request: HttpRequest, signIn: BrowserAuth): Html {
  const href = leadsTo === 'sign-in' ? loginAddress(request) : '/v2'
  if (offersSignOut === undefined) return html`<p><a class="button primary" href="${href}">${action}</a></p>`
  const form = signOutForm(signIn === 'service' ? 'session' : 'alb-claims')
  return html`<div class="actions">${form}<a class="button quiet" href="${href}">${action}</a></div>`
}
