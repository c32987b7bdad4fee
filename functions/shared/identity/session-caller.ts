/** Callers who are signed in by this deployment itself, with a session in cookies. */
import type { Call } from '../call.ts'
import type { OriginMatcher } from '../http/authorized-origins.ts'
import type { HttpRequest } from '../http/message.ts'
import { assertOwnPage } from '../session/own-page.ts'
import type { LiveSession, SessionReader } from '../session/session-reader.ts'
import type { Caller } from './caller.ts'
import { fillProfile, profileOfClaims } from './profile.ts'

/**
 * Reads the caller from the session of a request; undefined without one. New cookies go with the answer.
 *
 * @throws {ServiceError} `cross_site_request` for a request that changes something and that none of our pages asked
 *   for; otherwise as {@link SessionReader}.
 */
export type SessionCallerReader = (request: HttpRequest, call: Call) => Promise<Caller | undefined>

/** Makes the reader. */
export function createSessionCaller(deps: {
  readonly readSession: SessionReader
  readonly isOwnOrigin: OriginMatcher
  readonly clientId: string
}): SessionCallerReader {
  return async (request, call) => {
    const session = await deps.readSession(request)
    if (session === undefined) return undefined
    call.responseCookies.push(...session.setCookies)
    assertOwnPage(request, deps.isOwnOrigin)
    return callerOfSession(session, deps.clientId)
  }
}

/**
 * The caller of a session. The ID token says who it is; its profile is completed from what userinfo said at the
 * sign-in, which the reader has found to be about the same subject.
 */
export function callerOfSession({ verified, received }: LiveSession, clientId: string): Caller {
  const { issuer, subject, claims, expiresAtEpochSeconds } = verified
  return {
    kind: 'user',
    issuer,
    subject,
    clientId,
    scopes: [],
    profile: fillProfile(profileOfClaims(claims), profileOfClaims(received.userinfo)),
    source: 'session',
    expiresAtEpochSeconds,
  }
}
