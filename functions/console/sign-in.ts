/** The way to sign in, where this deployment signs people in itself. */
import { acceptsHtml } from '../shared/html/refusal.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { SIGNED_IN_COOKIE } from '../shared/session/cookie-names.ts'
import { readCookies } from '../shared/session/cookies.ts'

export const LOGIN_PATH = '/login'
/** As long as the sign-in takes an address to come back to. */
const MAX_ADDRESS_LENGTH = 1_024

/** The sign-in's address, from where somebody comes back to the page that this request asks for. */
export function loginAddress({ path, query }: Pick<HttpRequest, 'path' | 'query'>): string {
  const whole = query === '' ? path : `${path}?${query}`
  const address = whole.length <= MAX_ADDRESS_LENGTH ? whole : path
  return `${LOGIN_PATH}?${new URLSearchParams({ redirect_url: address })}`
}

/**
 * Whether a request without a session is sent to sign in: a person has to look at the answer, not a script, and they
 * must not have just come from there. A browser that keeps no session would otherwise go round in circles.
 */
export function isSentToSignIn(request: HttpRequest): boolean {
  const modes = request.headers['sec-fetch-mode'] ?? []
  const isNavigation = modes.every((mode) => mode === 'navigate') && acceptsHtml(request)
  return isNavigation && !readCookies(request.headers).has(SIGNED_IN_COOKIE)
}

/** Sends the browser to sign in. */
export function toSignIn(request: HttpRequest): HttpResponse {
  const headers = {
    ...securityHeaders(request),
    location: loginAddress(request),
    'cache-control': 'no-store',
    vary: 'accept, cookie, sec-fetch-mode',
  }
  return { status: 303, headers, body: '' }
}
