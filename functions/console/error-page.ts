/** A refusal, as a page for people and as a sentence for programs. */
import type { ServiceError } from '../shared/errors.ts'
import { html } from '../shared/html/html.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import { bearerChallenge } from '../shared/http/challenge.ts'
import { type HttpRequest, type HttpResponse, textResponse } from '../shared/http/message.ts'
import { pageResponse } from './document.ts'

interface Advice {
  readonly title: string
  readonly whatToDo: string
  /** What the button says; it always leads to the first page. */
  readonly action: string
}

const SIGN_IN_AGAIN: Advice = {
  title: 'You are not signed in',
  whatToDo:
    'Sign in again. If that leads back here, the sign-in of this deployment needs a look by its operators.',
  action: 'Sign in',
}

const ADVICE: Readonly<Record<number, Advice>> = {
  401: SIGN_IN_AGAIN,
  403: {
    title: 'This page cannot be reached this way',
    whatToDo: 'Open it at the address of the load balancer, which signs you in first.',
    action: 'Open the first page',
  },
  404: {
    title: 'There is nothing here',
    whatToDo: 'The address may have a typing mistake, or the page has moved.',
    action: 'Open the first page',
  },
  405: {
    title: 'This page can only be read',
    whatToDo: 'Open it in the usual way, without sending anything to it.',
    action: 'Open the first page',
  },
  503: {
    title: 'Your sign-in cannot be checked right now',
    whatToDo: 'This passes by itself most of the time. Try again in a moment.',
    action: 'Try again',
  },
}

const UNEXPECTED: Advice = {
  title: 'Something went wrong on our side',
  whatToDo: 'Try again in a moment. If it stays, tell the operators the request id below.',
  action: 'Try again',
}

/**
 * Answers a refusal: a page if the request accepts one, else the sentence alone. Every 401 carries the challenge
 * of RFC 9728. What was received is not repeated, except the request's id, which is escaped and plain.
 *
 * @param publicUrl The deployment's public URL, without a trailing slash.
 */
export function errorPage(error: ServiceError, request: HttpRequest, publicUrl: string): HttpResponse {
  const headers = {
    ...error.headers,
    ...(error.status === 401 ? { 'www-authenticate': bearerChallenge(publicUrl, error) } : {}),
    vary: 'accept',
  }
  const response = acceptsHtml(request) ? page(error, request, headers) : sentence(error, request, headers)
  return request.method === 'HEAD' ? { ...response, body: '' } : response
}

function page(
  error: ServiceError,
  request: HttpRequest,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const advice = ADVICE[error.status] ?? UNEXPECTED
  return pageResponse({
    request,
    status: error.status,
    title: advice.title,
    main: html`<main class="message">
<section class="card">
<p class="eyebrow">${error.status}</p>
<h1>${advice.title}</h1>
<p>${error.message}</p>
<p class="soft">${advice.whatToDo}</p>
<p><a class="button primary" href="/v2">${advice.action}</a></p>
<p class="fine">Request <code>${request.requestId}</code></p>
</section>
</main>`,
    script: false,
    headers,
  })
}

function sentence(
  error: ServiceError,
  request: HttpRequest,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const common = { ...securityHeaders(request), 'cache-control': 'no-store', ...headers }
  return textResponse(error.status, `${error.message}\n`, common)
}

function acceptsHtml(request: HttpRequest): boolean {
  return (request.headers.accept ?? []).some((line) => /\btext\/html\b/i.test(line))
}
