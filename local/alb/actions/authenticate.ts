import type { Answer } from '../answer.ts'
import { AlbError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { finishLogin, IDP_RESPONSE_PATH, type LoginDeps, startLogin } from '../oidc/login.ts'
import type { Refresh } from '../oidc/refresh.ts'
import type { HeaderField } from '../request.ts'
import { type FoundSession, readSession, type Session, writeSession } from '../session.ts'
import type { SigningKeys } from '../signing-keys.ts'
import type { AuthenticateOidcAction } from './parse.ts'

const IDENTITY_PREFIX = 'x-amzn-oidc-'
/** The signature is made anew for each request, so it need not live longer than one. */
const SIGNED_LIFETIME_SECONDS = 120

export interface AuthenticateDeps extends LoginDeps {
  readonly refresh: Refresh
  readonly keys: SigningKeys
  readonly loadBalancerArn: string
}

/**
 * Runs an authenticate-oidc action. It answers itself at `/oauth2/idpresponse`, where a login has to begin
 * and where access is denied; otherwise the request goes on.
 *
 * With a session the three `x-amzn-oidc-*` headers are those of the session, and whatever the client sent
 * under that prefix is gone. Where `allow` lets a request without a session pass, the client's headers are
 * left as they are: nothing documented says that they are removed, so a function must not believe them.
 */
export async function authenticate(
  action: AuthenticateOidcAction,
  exchange: Exchange,
  deps: AuthenticateDeps,
): Promise<Answer | undefined> {
  if (exchange.request.path === IDP_RESPONSE_PATH) return finishLogin(exchange, deps)
  const nowSeconds = Math.floor(deps.now() / 1000)
  const stored = readSession(action, exchange, { seal: deps.seal, nowSeconds })
  const current = await refreshIfDue(action, stored, exchange, deps)
  if (current.kind === 'valid') {
    exchange.headers = withIdentity(action, current.session, exchange.headers, deps)
    return undefined
  }
  // A cookie that does not open counts as none, so that a changed key does not lock people out.
  if (current.kind === 'invalid') exchange.errorReason = 'AuthInvalidCookie'
  if (action.onUnauthenticated === 'allow') return undefined
  // A session that has run out is renewed at the provider even where anonymous requests are denied.
  const denied = action.onUnauthenticated === 'deny' && current.kind !== 'expired'
  if (denied) throw new AlbError(401, exchange.errorReason)
  return startLogin(action, exchange, deps)
}

async function refreshIfDue(
  action: AuthenticateOidcAction,
  stored: FoundSession,
  exchange: Exchange,
  deps: AuthenticateDeps,
): Promise<FoundSession> {
  if (stored.kind !== 'valid') return stored
  const { refreshToken, accessTokenExpiresAt } = stored.session
  const nowMs = deps.now()
  const accessTokenHolds = accessTokenExpiresAt === undefined || accessTokenExpiresAt * 1000 > nowMs
  // Without a refresh token the session is kept, with its old access token, until its own timeout.
  if (accessTokenHolds || refreshToken === undefined) return stored
  try {
    const session = await deps.refresh(action, stored.session)
    writeSession(action, exchange, session, { seal: deps.seal, nowMs })
    return { kind: 'valid', session }
  } catch (error) {
    if (!(error instanceof AlbError)) throw error
    exchange.errorReason = error.reason
    return { kind: 'expired' }
  }
}

function withIdentity(
  action: AuthenticateOidcAction,
  session: Session,
  headers: readonly HeaderField[],
  deps: AuthenticateDeps,
): HeaderField[] {
  const exp = Math.floor(deps.now() / 1000) + SIGNED_LIFETIME_SECONDS
  const header = { iss: action.issuer, client: action.clientId, signer: deps.loadBalancerArn, exp }
  const data = deps.keys.sign(header, { ...session.claims, exp, iss: action.issuer })
  return [
    ...headers.filter(([name]) => !name.startsWith(IDENTITY_PREFIX)),
    ['x-amzn-oidc-accesstoken', session.accessToken],
    // Header values are kept one unit a byte, as Node reads them.
    ['x-amzn-oidc-identity', Buffer.from(session.subject, 'utf8').toString('latin1')],
    ['x-amzn-oidc-data', data],
  ]
}
