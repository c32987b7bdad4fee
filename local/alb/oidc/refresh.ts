import { createHash } from 'node:crypto'
import type { AuthenticateOidcAction } from '../actions/parse.ts'
import { AlbError } from '../errors.ts'
import type { HttpCall } from '../http-call.ts'
import type { Session } from '../session.ts'
import type { Now } from '../types.ts'
import { readIdToken } from './id-token.ts'
import { openSession } from './login.ts'
import { requestTokens } from './provider.ts'

/** Renews the claims of a session whose access token has expired. */
export type Refresh = (action: AuthenticateOidcAction, session: Session) => Promise<Session>

/** How long the outcome of a refresh serves requests that still carry the old cookie. */
const REMEMBER_MS = 10_000
const MAX_REMEMBERED = 1000

/**
 * Makes a refresher. Requests that carry the same refresh token share one call: a provider that rotates
 * refresh tokens would take the second call for theft, and a page makes several requests at once.
 *
 * The refresh rejects with an {@link AlbError} whose reason says what the provider did; its status is not
 * for the client, who is sent to log in again.
 */
export function createRefresh(deps: { readonly http: HttpCall; readonly now: Now }): Refresh {
  const recent = new Map<string, { readonly at: number; readonly outcome: Promise<Session> }>()
  return (action, session) => {
    const now = deps.now()
    const key = createHash('sha256')
      .update(session.refreshToken ?? '')
      .digest('base64url')
    const known = recent.get(key)
    if (known && now - known.at < REMEMBER_MS) return known.outcome
    const outcome = refresh(action, session, deps)
    recent.delete(key)
    recent.set(key, { at: now, outcome })
    const oldest = recent.keys().next().value
    if (recent.size > MAX_REMEMBERED && oldest !== undefined) recent.delete(oldest)
    return outcome
  }
}

async function refresh(
  action: AuthenticateOidcAction,
  session: Session,
  deps: { readonly http: HttpCall; readonly now: Now },
): Promise<Session> {
  const refreshToken = session.refreshToken ?? ''
  const grant = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const tokens = await requestTokens(action, grant, deps.http)
  const nowSeconds = Math.floor(deps.now() / 1000)
  // A refresh may come without an ID token; one that comes has to be about the same person.
  const subject =
    tokens.idToken === undefined ? session.subject : readIdToken(tokens.idToken, action, nowSeconds)
  if (subject !== session.subject) throw new AlbError(561, 'AuthInvalidIdToken')
  const renewed = { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken }
  const { expiresAt } = session
  return openSession(action, renewed, { subject, nowSeconds, expiresAt, http: deps.http })
}
