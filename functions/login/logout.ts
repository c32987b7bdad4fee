/**
 * `/logout`: out here, at the load balancer, and at the provider.
 *
 *   POST, or GET of our own site ─► every cookie expired, session ended ─► provider's end_session_endpoint
 *   provider ─► GET /logout?state=… ─► where the person wanted to go, or the signed-out page
 *   GET from elsewhere ─► a page that asks
 */
import { epochSeconds } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { SIGNED_IN_COOKIE } from '../shared/session/cookie-names.ts'
import { createCookieWriter, type ReceivedCookies } from '../shared/session/cookies.ts'
import { isFromOwnPage } from '../shared/session/own-page.ts'
import type { CookieKeys } from '../shared/session/secure-cookie.ts'
import { type ReceivedSession, readSession } from '../shared/session/session-cookies.ts'
import { clearedSession, hasSession, openJar } from '../shared/session/session-reader.ts'
import { redirectTo } from './answers.ts'
import type { LoginDeps } from './deps.ts'
import { askToSignOutPage, signedOutPage, signingOutPage } from './pages.ts'
import { redirectParameter } from './redirect-target.ts'
import {
  beginTransaction,
  endTransaction,
  endTransactions,
  findTransaction,
  transactionsOf,
} from './transaction.ts'

/** A longer hint would make an address that servers refuse. */
const MAX_HINT_LENGTH = 4_096
const MAX_FORM_BYTES = 16 * 1024
/** Pieces of the load balancer's session cookie. */
const LOAD_BALANCER_PIECES = 4
/** Other cookies of Flyte's that a sign-in may have left. */
const OTHER_COOKIES = ['flyte_csrf_state', 'flyte_redirect_location', 'flyte_auth_code', SIGNED_IN_COOKIE]
/** What a browser says when a person asked for it: a page of ours or of a sister host, or typing it in. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'same-site', 'none'])

/**
 * Makes the step.
 *
 * @throws {ServiceError} `cross_site_request` for a POST that no page of ours sent; `redirect_refused`;
 *   `secret_unavailable`; `store_…` if the session cannot be ended, so that nobody believes it was.
 */
export function createLogout(deps: LoginDeps): PathHandler {
  return async (request) => {
    const parameters = parametersOf(request)
    const { jar, received, keys } = await transactionsOf(deps, request)
    const state = parameters.get('state')
    const returned = state === null ? undefined : findTransaction(jar, state, 'logout')
    if (state !== null && returned !== undefined) {
      const setCookies = endTransaction(jar, state)
      return returned.target === signedOutUrl(deps)
        ? signedOutPage(request, setCookies)
        : redirectTo(request, returned.target, setCookies)
    }
    const redirectUrl = redirectParameter(parameters)
    const target =
      redirectUrl === undefined || redirectUrl === ''
        ? signedOutUrl(deps)
        : deps.resolveRedirect(redirectUrl, deps.publicUrlOf(request))
    if (!isAskedForHere(request, deps)) return answerStranger(deps, request, received)
    return signOut(deps, { request, keys, received, jar, target })
  }
}

function parametersOf(request: HttpRequest): URLSearchParams {
  if (request.method !== 'POST') return new URLSearchParams(request.query)
  if (request.body.length > MAX_FORM_BYTES) throw new ServiceError('request_too_large')
  return new URLSearchParams(Buffer.from(request.body).toString('utf8') || request.query)
}

function isAskedForHere(request: HttpRequest, { isOwnOrigin }: LoginDeps): boolean {
  if (request.method === 'POST') return isFromOwnPage(request, isOwnOrigin)
  // A HEAD request changes nothing, and a browser also loads what a person may be about to type.
  if (request.method !== 'GET' || request.headers['sec-purpose'] !== undefined) return false
  const sites = request.headers['sec-fetch-site'] ?? []
  return sites.length > 0 && sites.every((site) => OWN_SITES.has(site))
}

/** Another site, or a browser that does not say, signs nobody out; but whoever is not signed in may be told so. */
function answerStranger(deps: LoginDeps, request: HttpRequest, received: ReceivedCookies): HttpResponse {
  if (request.method === 'POST') throw new ServiceError('cross_site_request')
  const isSignedIn = hasSession(received) || received.has(`${deps.loadBalancerCookie}-0`)
  return isSignedIn ? askToSignOutPage(request) : signedOutPage(request)
}

async function signOut(
  deps: LoginDeps,
  options: {
    readonly request: HttpRequest
    readonly keys: CookieKeys
    readonly received: ReceivedCookies
    readonly jar: Parameters<typeof endTransactions>[0]
    readonly target: string
  },
): Promise<HttpResponse> {
  const { request, keys, received, jar, target } = options
  const session = receivedSession(deps, keys, received)
  await endSession(deps, session)
  const cleared = [
    ...clearedSession(deps, keys, received),
    ...endTransactions(jar, received),
    ...clearedOthers(deps),
  ]
  const { checks, setCookies } = beginTransaction({
    jar,
    received: new Map(),
    purpose: 'logout',
    target,
    random: deps.random,
  })
  const providerUrl = await endSessionUrl(deps, session, checks.state)
  if (providerUrl === undefined) {
    return target === signedOutUrl(deps)
      ? signedOutPage(request, cleared)
      : redirectTo(request, target, cleared)
  }
  const cookies = [...cleared, ...setCookies]
  // Browsers hold a form to its page's policy through every redirect, and the provider's are not known here.
  return request.method === 'POST'
    ? signingOutPage(request, providerUrl, cookies)
    : redirectTo(request, providerUrl, cookies)
}

/** A session that cannot be read has nothing to end but its cookies. */
function receivedSession(
  deps: LoginDeps,
  keys: CookieKeys,
  received: ReceivedCookies,
): ReceivedSession | undefined {
  try {
    return readSession(openJar(deps, keys, received))
  } catch (error) {
    if (error instanceof ServiceError && error.reason === 'session_unreadable') return undefined
    throw error
  }
}

/** Ends it for copies of its cookies too. */
async function endSession(deps: LoginDeps, session: ReceivedSession | undefined): Promise<void> {
  const id = session?.record.id
  if (id === undefined) return
  await deps.ended.end({ issuer: deps.provider.issuer, id }, epochSeconds(deps.now()))
}

/** Undefined if the provider has no such place, or cannot be asked for it: out of here is better than in. */
async function endSessionUrl(
  deps: LoginDeps,
  session: ReceivedSession | undefined,
  state: string,
): Promise<string | undefined> {
  const hint = session?.idToken
  try {
    const client = await deps.client()
    return await client.endSessionUrl({
      ...(hint === undefined || hint.length > MAX_HINT_LENGTH ? {} : { id_token_hint: hint }),
      post_logout_redirect_uri: signedOutUrl(deps),
      state,
    })
  } catch (error) {
    if (error instanceof ServiceError && error.status === 503) return undefined
    throw error
  }
}

/** The load balancer's cookies are of the host alone, and Flyte's have been of either. */
function clearedOthers({ loadBalancerCookie, settings }: LoginDeps): string[] {
  const pieces = Array.from({ length: LOAD_BALANCER_PIECES }, (_, index) => `${loadBalancerCookie}-${index}`)
  const ofHost = createCookieWriter({ ...settings.cookie, domain: null })
  const others = createCookieWriter(settings.cookie)
  return [...[loadBalancerCookie, ...pieces].flatMap(ofHost.expire), ...OTHER_COOKIES.flatMap(others.expire)]
}

function signedOutUrl({ publicUrl }: LoginDeps): string {
  return `${publicUrl}/logout`
}
