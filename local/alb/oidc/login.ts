import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { AuthenticateOidcAction } from '../actions/parse.ts'
import { type Answer, found } from '../answer.ts'
import { readCookies, setCookie } from '../cookies.ts'
import { AlbError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { HttpCall } from '../http-call.ts'
import type { Seal } from '../seal.ts'
import { isSecure, type Session, writeSession } from '../session.ts'
import type { MapUrl, Now } from '../types.ts'
import { readIdToken } from './id-token.ts'
import { requestTokens, requestUserinfo, type Tokens } from './provider.ts'

/** Where the identity provider sends the browser back to; never reaches a function. */
export const IDP_RESPONSE_PATH = '/oauth2/idpresponse'

const NONCE_COOKIE = 'AWSALBAuthNonce'
const STATE_PURPOSE = 'login-state'
/** After this the answer of the provider is refused; fixed in the load balancer. */
const LOGIN_TIMEOUT_SECONDS = 15 * 60

/** What a login keeps between its two halves, sealed in the `state` parameter. */
interface LoginState {
  readonly nonce: string
  readonly configurationId: string
  /** Path and query to return to; the origin is that of the request that ends the login. */
  readonly target: string
  readonly startedAt: number
}

export interface LoginDeps {
  readonly seal: Seal
  readonly now: Now
  readonly http: HttpCall
  readonly mapUrl: MapUrl
  /** The action a login began with, by its configuration id. */
  readonly findConfiguration: (id: string) => AuthenticateOidcAction | undefined
}

/**
 * Sends the browser to the identity provider. The request's method and body are lost: it comes back as GET.
 *
 * @throws {AlbError} 401 `AuthMissingHostHeader` if there is no origin to come back to
 */
export function startLogin(action: AuthenticateOidcAction, exchange: Exchange, deps: LoginDeps): Answer {
  const { request } = exchange
  const nonce = randomBytes(16).toString('base64url')
  const state: LoginState = {
    nonce,
    configurationId: action.configurationId,
    target: request.query === '' ? request.path : `${request.path}?${request.query}`,
    startedAt: deps.now(),
  }
  const location = new URL(deps.mapUrl(action.authorizationEndpoint))
  const parameters = {
    ...action.extraParams,
    client_id: action.clientId,
    redirect_uri: redirectUri(exchange),
    response_type: 'code',
    scope: action.scope,
    state: deps.seal.close(STATE_PURPOSE, state),
  }
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value)
  exchange.setCookies.push(nonceCookie(exchange, nonce, LOGIN_TIMEOUT_SECONDS, deps))
  return found(location.href)
}

/**
 * Ends a login: checks state and nonce, exchanges the code, reads the claims, sets the session cookies and
 * sends the browser back to where it wanted to go.
 *
 * @throws {AlbError} 401 for a state or nonce that is missing, wrong or too old, for a missing code, for a
 *   token response without ID token, and where the provider denied access; 561 for any other error of the
 *   provider; 500 if it cannot be reached or the claims are too large
 */
export async function finishLogin(exchange: Exchange, deps: LoginDeps): Promise<Answer> {
  const parameters = new URLSearchParams(exchange.request.query)
  const { action, state } = openState(parameters, exchange, deps)
  const code = readCode(parameters)
  const redirect = redirectUri(exchange)
  const grant = { grant_type: 'authorization_code', code, redirect_uri: redirect }
  const tokens = await requestTokens(action, grant, deps.http)
  if (tokens.idToken === undefined) throw new AlbError(401, 'AuthInvalidTokenResponse')
  const nowMs = deps.now()
  const nowSeconds = Math.floor(nowMs / 1000)
  const subject = readIdToken(tokens.idToken, action, nowSeconds)
  const session = await openSession(action, tokens, {
    subject,
    nowSeconds,
    expiresAt: nowSeconds + action.sessionTimeoutSeconds,
    http: deps.http,
  })
  writeSession(action, exchange, session, { seal: deps.seal, nowMs })
  exchange.setCookies.push(nonceCookie(exchange, '', 0, deps))
  return found(`${exchange.publicOrigin}${state.target}`)
}

/**
 * Makes a session of tokens, with claims from userinfo.
 *
 * @throws {AlbError} 561 `AuthInvalidUserinfoResponse` if userinfo speaks of somebody else than `subject`
 *   (OpenID Connect Core 5.3.2), and everything that {@link requestUserinfo} throws
 */
export async function openSession(
  action: AuthenticateOidcAction,
  tokens: Tokens,
  context: {
    readonly subject: string
    readonly nowSeconds: number
    readonly expiresAt: number
    readonly http: HttpCall
  },
): Promise<Session> {
  const claims = await requestUserinfo(action, tokens.accessToken, context.http)
  if (claims.sub !== context.subject) throw new AlbError(561, 'AuthInvalidUserinfoResponse')
  const lifetime = tokens.expiresInSeconds
  return {
    subject: context.subject,
    claims,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    accessTokenExpiresAt: lifetime === undefined ? undefined : context.nowSeconds + lifetime,
    expiresAt: context.expiresAt,
  }
}

function openState(
  parameters: URLSearchParams,
  exchange: Exchange,
  deps: LoginDeps,
): { action: AuthenticateOidcAction; state: LoginState } {
  const sealed = parameters.get('state')
  if (!sealed) throw new AlbError(401, 'AuthMissingStateParam')
  const state = deps.seal.open(STATE_PURPOSE, sealed) as LoginState | undefined
  const action = state && deps.findConfiguration(state.configurationId)
  const inTime = state && deps.now() - state.startedAt <= LOGIN_TIMEOUT_SECONDS * 1000
  if (!state || !action || !inTime) throw new AlbError(401, 'AuthInvalidStateParam')
  const nonce = readCookies(exchange.request.headers).get(NONCE_COOKIE)
  if (!nonce) throw new AlbError(401, 'AuthMissingAWSALBAuthNonce')
  if (!sameText(nonce, state.nonce)) throw new AlbError(401, 'AuthInvalidAWSALBAuthNonce')
  return { action, state }
}

function readCode(parameters: URLSearchParams): string {
  const error = parameters.get('error')
  if (error === 'access_denied') throw new AlbError(401, 'AuthMissingCodeParam')
  if (error !== null) throw new AlbError(561, 'AuthMissingCodeParam')
  const code = parameters.get('code')
  if (!code) throw new AlbError(401, 'AuthMissingCodeParam')
  return code
}

function redirectUri(exchange: Exchange): string {
  if (exchange.publicOrigin === undefined) throw new AlbError(401, 'AuthMissingHostHeader')
  return `${exchange.publicOrigin}${IDP_RESPONSE_PATH}`
}

function nonceCookie(exchange: Exchange, value: string, lifetimeSeconds: number, deps: LoginDeps): string {
  return setCookie(NONCE_COOKIE, value, lifetimeSeconds, { nowMs: deps.now(), secure: isSecure(exchange) })
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
