/** A refusal, as a page for people and as JSON for programs. */
import type { ServiceError } from '../../shared/errors.ts'
import { cardPage } from '../../shared/html/card-page.ts'
import { html } from '../../shared/html/html.ts'
import { acceptsHtml } from '../../shared/html/refusal.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/message.ts'
import { oauthErrorResponse } from '../oauth-answer.ts'

interface Advice {
  readonly title: string
  readonly whatToDo: string
}

const BY_STATUS: Readonly<Record<number, Advice>> = {
  400: {
    title: 'This sign-in cannot go on',
    whatToDo: 'Go back to the program that sent you here, and start the sign-in again from there.',
  },
  401: { title: 'You are not signed in', whatToDo: 'Start again from the program that sent you here.' },
  403: {
    title: 'This cannot be done from here',
    whatToDo: 'Start again from the program that sent you here, in this browser.',
  },
  429: { title: 'Too many attempts', whatToDo: 'Then go back, and try again.' },
  503: {
    title: 'This does not work right now',
    whatToDo: 'It passes by itself most of the time. Try again in a moment.',
  },
}

const UNEXPECTED: Advice = {
  title: 'Something went wrong on our side',
  whatToDo: 'Try again in a moment. If it stays, tell the operators the request id below.',
}

/** Answers a refusal: a page if the request accepts one, else JSON. Nothing received is repeated. */
export function errorPage(error: ServiceError, request: HttpRequest): HttpResponse {
  return refusalPage(request, error.status, sentenceOf(error), error.headers) ?? oauthErrorResponse(error)
}

/** Who has to wait is told for how long. */
function sentenceOf({ message, headers }: ServiceError): string {
  const seconds = Number(headers['retry-after'])
  if (!(seconds > 0)) return message
  const minutes = Math.ceil(seconds / 60)
  return `That was too often in a short time. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`
}

/** The page of a refusal, or undefined if the request accepts none. */
export function refusalPage(
  request: HttpRequest,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse | undefined {
  if (!acceptsHtml(request)) return undefined
  const { title, whatToDo } = BY_STATUS[status] ?? UNEXPECTED
  const body = html`<p>${sentence}</p>
<p class="soft">${whatToDo}</p>
<p class="fine">Request <code>${request.requestId}</code></p>`
  return cardPage({ request, status, title, body, headers: { ...headers, vary: 'accept' } })
}
