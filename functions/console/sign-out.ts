/** Signing out of the load balancer's session, and the page after that. */
import type { FunctionSettings } from '../shared/config.ts'
import { ServiceError } from '../shared/errors.ts'
import { type Html, html } from '../shared/html/html.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { OriginMatcher } from '../shared/http/authorized-origins.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { CallerSource } from '../shared/identity/caller.ts'
import { isFromOwnPage } from '../shared/session/own-page.ts'
import { pageResponse } from './document.ts'

/** The load balancer spreads its session over at most this many cookies. */
const SHARDS = 4

/** The button; a session of our own ends elsewhere, and nobody signs out of a token. */
export function signOutForm(source: CallerSource): Html | undefined {
  if (source === 'bearer' || source === 'proxy-bearer') return undefined
  const action = source === 'session' ? '/logout' : '/v2/sign-out'
  return html`<form class="sign-out" method="post" action="${action}"><button type="submit" class="quiet">Sign out</button></form>`
}

export interface SignOutDeps {
  readonly sessionCookieName: FunctionSettings['loadBalancer']['sessionCookieName']
  readonly isOwnOrigin: OriginMatcher
}

/**
 * Expires every piece of the load balancer's session cookie and leads to {@link signedOutPage}. A session there is
 * nothing but its cookies: a copy of them stays good until it times out.
 *
 * @throws {ServiceError} `cross_site_request` unless the browser says that one of our own pages asked for it:
 *   otherwise any site could sign people out.
 */
export function signOut(request: HttpRequest, { sessionCookieName, isOwnOrigin }: SignOutDeps): HttpResponse {
  if (!isFromOwnPage(request, isOwnOrigin)) throw new ServiceError('cross_site_request')
  const shards = Array.from({ length: SHARDS }, (_, index) => `${sessionCookieName}-${index}`)
  return {
    status: 303,
    headers: {
      ...securityHeaders(request),
      location: '/signed-out',
      'cache-control': 'no-store',
      'set-cookie': shards.map((name) => expired(name, request)),
    },
    body: '',
  }
}

/**
 * Where this deployment signs people in itself, its own sign-out knows what there is to end. A form goes on as a form
 * (307), with the same word of the browser for which page asked.
 */
export function toSignOut(request: HttpRequest, status: 303 | 307): HttpResponse {
  const headers = { ...securityHeaders(request), location: '/logout', 'cache-control': 'no-store' }
  return { status, headers, body: '' }
}

/** With the attributes that the load balancer sets; `Secure` only where the browser came by https. */
function expired(name: string, request: HttpRequest): string {
  const isHttps = request.headers['x-forwarded-proto']?.[0] === 'https'
  const secure = isHttps ? '; Secure; SameSite=None' : ''
  return `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly${secure}`
}

/** The page on a rule that asks nobody to sign in: it is there before and after. */
export function signedOutPage(request: HttpRequest, settings: Pick<FunctionSettings, 'auth'>): HttpResponse {
  const provider = new URL(settings.auth.userAuth.openId.baseUrl).host
  return pageResponse({
    request,
    status: 200,
    title: 'Signed out',
    main: html`<main id="main" class="message">
<section class="card">
${DONE}
<h1>You are signed out</h1>
<p>This browser no longer has a session here.</p>
<p class="soft">You may still be signed in at ${provider}: then signing in again asks for no password. On a computer that others use, sign out there as well, or close the browser.</p>
<p><a class="button primary" href="/v2">Sign in again</a></p>
</section>
</main>`,
    script: false,
  })
}

const DONE = html`<svg class="check big" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><circle cx="10" cy="10" r="9"/><path d="m6 10.4 2.7 2.7L14.2 7.6"/></svg>`
