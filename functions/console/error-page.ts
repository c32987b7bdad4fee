/** A refusal, as a page for people and as a sentence for programs. */
import type { ServiceError } from '../shared/errors.ts'
import { type Html, html } from '../shared/html/html.ts'
import { refusalResponse } from '../shared/html/refusal.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { type Advice, adviceOn } from './advice.ts'
import { pageResponse } from './document.ts'
import { signOutForm } from './sign-out.ts'

/**
 * Answers a refusal: a page if the request accepts one, else the sentence alone. Every 401 carries the challenge
 * of RFC 9728. What was received is not repeated, except the request's id, which is escaped and plain.
 *
 * @param publicUrl The deployment's public URL, without a trailing slash.
 */
export function errorPage(error: ServiceError, request: HttpRequest, publicUrl: string): HttpResponse {
  return refusalResponse({ error, request, publicUrl, page: (headers) => page(error, request, headers) })
}

function page(
  error: ServiceError,
  request: HttpRequest,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const advice = adviceOn(error, request)
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
${waysOn(advice)}
<p class="fine">Request <code>${request.requestId}</code></p>
</section>
</main>`,
    script: false,
    headers,
  })
}

function waysOn({ action, offersSignOut }: Advice): Html {
  if (offersSignOut === undefined) return html`<p><a class="button primary" href="/v2">${action}</a></p>`
  return html`<div class="actions">${signOutForm('alb-claims')}<a class="button quiet" href="/v2">${action}</a></div>`
}
