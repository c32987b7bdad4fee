/** The pages of signing in and out. */
import type { ServiceError } from '../shared/errors.ts'
import { cardPage } from '../shared/html/card-page.ts'
import { type Html, html } from '../shared/html/html.ts'
import { DONE_SIGN } from '../shared/html/mark.ts'
import { refusalResponse } from '../shared/html/refusal.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'

/** Says that the person is signed out. */
export function signedOutPage(request: HttpRequest, setCookies: readonly string[] = []): HttpResponse {
  return cardPage({
    request,
    status: 200,
    title: 'You are signed out',
    above: DONE_SIGN,
    body: html`<p>Your session here has ended. You can close this page.</p>
<p><a class="button" href="/login">Sign in again</a></p>`,
    headers: cookieHeaders(setCookies),
  })
}

/** Says that the person is signed in, and goes on to where they wanted to go. */
export function signedInPage(
  request: HttpRequest,
  target: string,
  setCookies: readonly string[],
): HttpResponse {
  return cardPage({
    request,
    status: 200,
    title: 'You are signed in',
    body: html`<p>One moment, and you are where you wanted to go.</p>
<p><a class="button" href="${target}">Go on</a></p>`,
    goOnTo: target,
    headers: cookieHeaders(setCookies),
  })
}

/** Says that the person is signed out here, and goes on to the provider. */
export function signingOutPage(
  request: HttpRequest,
  providerUrl: string,
  setCookies: readonly string[],
): HttpResponse {
  return cardPage({
    request,
    status: 200,
    title: 'Signing you out',
    body: html`<p>You are signed out here. One moment, and you are signed out at your identity provider as well.</p>
<p><a class="button" href="${providerUrl}">Go on</a></p>`,
    goOnTo: providerUrl,
    headers: cookieHeaders(setCookies),
  })
}

/** Asks before signing out: the request came from another site, or from a browser that does not say. */
export function askToSignOutPage(request: HttpRequest): HttpResponse {
  return cardPage({ request, status: 403, title: 'Do you want to sign out?', body: signOutForm() })
}

function signOutForm(): Html {
  return html`<p>Another page led here. Your session goes on until you say so.</p>
<form class="actions" method="post" action="/logout"><button class="primary" type="submit">Sign out</button><a class="button quiet" href="/v2">Stay signed in</a></form>`
}

interface Advice {
  readonly title: string
  readonly whatToDo: string
  readonly action?: { readonly label: string; readonly href: string }
}

const AGAIN = { label: 'Sign in', href: '/login' } as const

const ADVICE: Partial<Record<ServiceError['reason'], Advice>> = {
  redirect_refused: {
    title: 'This link leads elsewhere',
    whatToDo: 'Whoever made it may mean you no good. Open the first page instead.',
    action: { label: 'Open the first page', href: '/v2' },
  },
  sign_in_unknown: {
    title: 'This sign-in cannot go on',
    whatToDo: 'Start again. If you use the back button or a bookmark, leave the sign-in page out of it.',
    action: AGAIN,
  },
  sign_in_denied: {
    title: 'You were not signed in',
    whatToDo:
      'Try again, perhaps as somebody else. If you should have access, ask whoever runs your identity provider.',
    action: AGAIN,
  },
  session_too_large: {
    title: 'Your sign-in is too large',
    whatToDo:
      'Tell the operators: the provider puts too many claims into your tokens, most often the list of groups.',
  },
  provider_refused: {
    title: 'The identity provider refused',
    whatToDo:
      'Tell the operators: the client’s id, secret, scopes or redirect URI may not be what is registered.',
  },
  provider_issuer_mismatch: {
    title: 'Signing in does not work right now',
    whatToDo:
      'Tell the operators: auth.userAuth.openId.issuerUrl has to be the issuer in the provider’s own document.',
  },
  secret_unavailable: {
    title: 'Signing in does not work right now',
    whatToDo:
      'Try again in a moment. If it stays, tell the operators: a secret is missing, or is not made as signing in needs it.',
    action: { label: 'Try again', href: '/login' },
  },
  cross_site_request: {
    title: 'Do you want to sign out?',
    whatToDo: 'Another page asked for it. Your session goes on.',
    action: { label: 'Open the first page', href: '/v2' },
  },
}

const BY_STATUS: Readonly<Record<number, Advice>> = {
  400: { title: 'This sign-in cannot go on', whatToDo: 'Start again.', action: AGAIN },
  401: { title: 'You are not signed in', whatToDo: 'Sign in to go on.', action: AGAIN },
  404: {
    title: 'There is nothing here',
    whatToDo: 'The address may have a typing mistake, or the page has moved.',
    action: { label: 'Open the first page', href: '/v2' },
  },
  503: {
    title: 'Signing in does not work right now',
    whatToDo: 'This passes by itself most of the time. Try again in a moment.',
    action: { label: 'Try again', href: '/login' },
  },
}

/** For somebody who believes by now that they are signed out. */
const NOT_SIGNED_OUT: Advice = {
  title: 'You are not signed out',
  whatToDo: 'Your session goes on. Try again in a moment, or remove the cookies of this site.',
  action: { label: 'Try again', href: '/logout' },
}

const UNEXPECTED: Advice = {
  title: 'Something went wrong on our side',
  whatToDo: 'Try again in a moment. If it stays, tell the operators the request id below.',
}

/**
 * Answers a refusal: a page if the request accepts one, else the sentence alone. Nothing received is repeated,
 * except the request's id, which is plain.
 */
export function errorPage(error: ServiceError, request: HttpRequest, publicUrl: string): HttpResponse {
  return refusalResponse({ error, request, publicUrl, page: (headers) => page(error, request, headers) })
}

function page(
  error: ServiceError,
  request: HttpRequest,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const { title, whatToDo, action } = adviceOn(error, request)
  const button = action && html`<p><a class="button" href="${action.href}">${action.label}</a></p>`
  const body = html`<p>${error.message}</p>
<p class="soft">${whatToDo}</p>
${button}
<p class="fine">Request <code>${request.requestId}</code></p>`
  return cardPage({ request, status: error.status, title, body, headers })
}

function adviceOn({ reason, status }: ServiceError, { path }: HttpRequest): Advice {
  if (path === '/logout' && status >= 500) return NOT_SIGNED_OUT
  return ADVICE[reason] ?? BY_STATUS[status] ?? UNEXPECTED
}

function cookieHeaders(setCookies: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return setCookies.length === 0 ? {} : { 'set-cookie': setCookies }
}
