/** Who is signed in, in the browser that a request comes from. */
import type { Call } from '../shared/call.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HttpRequest } from '../shared/http/message.ts'
import type { AlbIdentity } from '../shared/identity/alb-identity.ts'
import type { Profile } from '../shared/identity/caller.ts'
import { callerOfSession } from '../shared/identity/session-caller.ts'
import type { SessionReader as CookieReader, LiveSession } from '../shared/session/session-reader.ts'

export interface SignedInPerson {
  /** Who established the identity. */
  readonly issuer: string
  readonly subject: string
  readonly profile: Profile
  /** When the person signed in, if that is known. */
  readonly authTimeEpochSeconds: number | undefined
}

export interface SignedIn {
  readonly person: SignedInPerson
  /** `set-cookie` lines that have to go with the answer. */
  readonly setCookies: readonly string[]
}

export interface SessionReader {
  /**
   * The person, or undefined if nobody is signed in. Does not look at whose page a request comes from.
   *
   * @throws {ServiceError} with status 401 for an identity that does not hold; 503 if it cannot be found out.
   */
  readonly read: (request: HttpRequest, call: Call) => Promise<SignedIn | undefined>
  /**
   * Where a browser that nobody is signed in with is sent, to come back to a path of ours afterwards; undefined
   * where people are signed in before a request gets here.
   */
  readonly signInUrl: ((returnTo: string) => string) | undefined
}

/** The load balancer's sign-in: whoever comes through access class `oidc` has been signed in by it. */
export function createAlbSessionReader(albIdentity: AlbIdentity): SessionReader {
  return {
    signInUrl: undefined,
    async read(request, call) {
      // On any other way in, the identity headers are whatever a client sent.
      if (request.access !== 'oidc') throw new ServiceError('service_refused')
      const caller = await albIdentity(request.headers)
      call.notes.caller = caller?.source ?? 'nobody'
      if (caller === undefined) return undefined
      const { issuer, subject, profile } = caller
      return { person: { issuer, subject, profile, authTimeEpochSeconds: undefined }, setCookies: [] }
    },
  }
}

/**
 * The sign-in of this deployment itself. A session that is over, was ended or cannot be read is none: `/login` makes
 * a new one, and comes back.
 */
export function createOwnSessionReader(deps: {
  readonly readSession: CookieReader
  /** The client that people sign in with. */
  readonly clientId: string
}): SessionReader {
  return {
    signInUrl: (returnTo) => `/login?redirect_url=${encodeURIComponent(returnTo)}`,
    async read(request, call) {
      const session = await heldSession(deps.readSession, request)
      call.notes.caller = session === undefined ? 'nobody' : 'session'
      if (session === undefined) return undefined
      const { issuer, subject, profile } = callerOfSession(session, deps.clientId)
      const person = { issuer, subject, profile, authTimeEpochSeconds: signedInAt(session) }
      return { person, setCookies: session.setCookies }
    },
  }
}

async function heldSession(read: CookieReader, request: HttpRequest): Promise<LiveSession | undefined> {
  try {
    return await read(request)
  } catch (error) {
    if (error instanceof ServiceError && error.status === 401) return undefined
    throw error
  }
}

/** When the provider saw the person; if it does not say, when they came back from it. */
function signedInAt({ verified, received }: LiveSession): number {
  const { auth_time: authTime } = verified.claims
  return typeof authTime === 'number' ? authTime : received.record.startedAtEpochSeconds
}
