/**
 * From a request to its caller, or to none.
 *
 * | class | what is believed |
 * |---|---|
 * | `oidc` | the load balancer's identity headers, if `trustForwardedIdentityHeaders` is set |
 * | `open` | a bearer token, else the session cookies, else a proxy's token; `x-amzn-oidc-*` is not looked at |
 * | `internal` | a bearer token |
 *
 * A credential that is present and bad is the answer: no weaker one is tried after it. A proxy's token
 * (`auth.proxyAuth`) says who came through the proxy, so it has to hold also where another one names the caller.
 */
import type { Call } from '../call.ts'
import type { HeaderLines, HttpRequest } from '../http/message.ts'
import type { AccessTokenVerifier } from '../tokens/access-token.ts'
import { isMarkedAsIdToken } from '../tokens/token-kind.ts'
import type { AlbIdentity } from './alb-identity.ts'
import { bearerOf } from './bearer-credentials.ts'
import { callerOfAccessToken } from './claims.ts'
import type { ProxyCredentials } from './proxy-credentials.ts'
import { type ResolvedCaller, resolvedCaller, SecretToken } from './resolved-caller.ts'
import type { SessionCallerReader } from './session-caller.ts'

/**
 * Establishes the caller, or undefined if no credential was sent.
 *
 * @throws {ServiceError} with status 401 for a credential that does not hold; `keys_unavailable` if that
 *   cannot be found out.
 */
export type CallerResolver = (request: HttpRequest, call: Call) => Promise<ResolvedCaller | undefined>

export interface CallerResolverDeps {
  readonly verifyAccessToken: AccessTokenVerifier
  /** Null means that forwarded identity headers are not trusted: then they are not even read. */
  readonly albIdentity: AlbIdentity | null
  /** Null, or left out, where people are not signed in by this deployment itself: cookies are not even read. */
  readonly sessionCaller?: SessionCallerReader | null
  /** Null, or left out, where there is no identity-aware proxy in front: its header is not even read. */
  readonly proxyCredentials?: ProxyCredentials | null
}

/**
 * Makes the resolver.
 *
 * In class `oidc` the load balancer's session decides alone, and a bearer token that comes along is not read:
 * the listener sends every `authorization: Bearer` another way before it looks at a session, and a session
 * must never be traded for a token in a header that the listener does not know. Where forwarded headers are
 * not trusted that class proves nothing, so there a bearer token is read as in class `open`.
 */
export function createCallerResolver(deps: CallerResolverDeps): CallerResolver {
  const { verifyAccessToken, albIdentity, sessionCaller = null, proxyCredentials = null } = deps

  async function resolve(request: HttpRequest, call: Call): Promise<ResolvedCaller | undefined> {
    if (request.access === 'oidc' && albIdentity !== null) {
      const caller = await albIdentity(request.headers)
      return caller && resolvedCaller(caller)
    }
    const outer = request.access === 'internal' ? undefined : await callerOfProxy(request.headers)
    const header = bearerOf(request.headers)
    if (header === undefined) {
      const session = request.access === 'internal' ? undefined : await sessionCaller?.(request, call)
      return session ? resolvedCaller(session) : outer
    }
    const verified = await verifyAccessToken(header.token)
    const caller = callerOfAccessToken(verified, header.source)
    return resolvedCaller(caller, { token: new SecretToken(header.token), verified })
  }

  async function callerOfProxy(headers: HeaderLines): Promise<ResolvedCaller | undefined> {
    const token = proxyCredentials?.tokenOf(headers)
    if (token === undefined || !proxyCredentials) return undefined
    const verified = await proxyCredentials.verify(token)
    const caller = callerOfAccessToken(verified, 'proxy-bearer')
    // Neither an ID token nor an assertion of the proxy is anything to ask userinfo with.
    if (!proxyCredentials.isClients || isMarkedAsIdToken(verified.claims)) return resolvedCaller(caller)
    return resolvedCaller(caller, { token: new SecretToken(token), verified })
  }

  return async (request, call) => {
    const resolved = await resolve(request, call)
    call.notes.caller = resolved?.caller.source ?? 'nobody'
    if (resolved) call.notes.callerKind = resolved.caller.kind
    return resolved
  }
}
