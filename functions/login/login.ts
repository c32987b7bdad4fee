/** `GET /login`: straight on with a session that holds, else to the provider. */
import type { Call } from '../shared/call.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { clearedSession, type LiveSession } from '../shared/session/session-reader.ts'
import { redirectTo } from './answers.ts'
import type { LoginDeps } from './deps.ts'
import { redirectParameter } from './redirect-target.ts'
import { beginTransaction, transactionsOf } from './transaction.ts'

const MAX_IDP_LENGTH = 256

/**
 * Makes the step.
 *
 * A session whose ID token expired is refreshed. One that is over, ended or unreadable makes way for a new sign-in;
 * while it cannot be found out what it is, the answer is that.
 */
export function createLogin(deps: LoginDeps): PathHandler {
  return async (request, call) => {
    const parameters = new URLSearchParams(request.query)
    const base = deps.publicUrlOf(request)
    const target = deps.resolveRedirect(redirectParameter(parameters), base)
    if (base !== deps.publicUrl) return redirectTo(request, canonicalLogin(deps, parameters, target))
    const session = await liveSession(deps, request)
    if (session !== undefined) {
      call.notes.signIn = 'present'
      return redirectTo(request, target, session.setCookies)
    }
    return toProvider(deps, request, call, { target, idp: idpParameter(deps, parameters) })
  }
}

async function liveSession(deps: LoginDeps, request: HttpRequest): Promise<LiveSession | undefined> {
  try {
    return await deps.readSession(request)
  } catch (error) {
    const isOver = error instanceof ServiceError && error.status === 401
    if (isOver) return undefined
    throw error
  }
}

async function toProvider(
  deps: LoginDeps,
  request: HttpRequest,
  call: Call,
  { target, idp }: { target: string; idp: Readonly<Record<string, string>> },
): Promise<HttpResponse> {
  const { random } = deps
  const [{ jar, received, keys }, client] = await Promise.all([transactionsOf(deps, request), deps.client()])
  const { checks, setCookies } = beginTransaction({ jar, received, purpose: 'login', target, random })
  const location = await client.authorizationUrl(checks, {
    redirectUri: `${deps.publicUrl}/callback`,
    scopes: deps.scopes,
    more: idp,
  })
  call.notes.signIn = 'started'
  // What is left of an old session would only take up room among the cookies.
  const leftovers = clearedSession(deps, keys, received).filter((line) =>
    received.has(line.split('=', 1)[0] ?? ''),
  )
  return redirectTo(request, location, [...leftovers, ...setCookies])
}

/** What a request may say to the provider; nothing that this deployment says itself. */
function idpParameter(
  { idpQueryParameter }: LoginDeps,
  parameters: URLSearchParams,
): Readonly<Record<string, string>> {
  const value = idpQueryParameter === null ? null : parameters.get(idpQueryParameter)
  if (idpQueryParameter === null || value === null || value.length > MAX_IDP_LENGTH) return {}
  return { [idpQueryParameter]: value }
}

/**
 * The provider sends people back to the canonical host, so they start from there too. They come back to the host
 * they started from only if the session is going to be known there.
 */
function canonicalLogin(deps: LoginDeps, parameters: URLSearchParams, target: string): string {
  const { publicUrl, settings } = deps
  const url = new URL(target)
  const isKnownThere = isCovered(url.hostname, settings.cookie.domain)
  const onCanonical = new URL(`${url.pathname}${url.search}${url.hash}`, publicUrl).href
  const query = new URLSearchParams({
    redirect_url: isKnownThere ? target : onCanonical,
    ...idpParameter(deps, parameters),
  })
  return `${publicUrl}/login?${query}`
}

function isCovered(host: string, domain: string | null): boolean {
  return domain !== null && (host === domain || host.endsWith(`.${domain}`))
}
