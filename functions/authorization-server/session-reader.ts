/** Who is signed in, in the browser that a request comes from. */
import type { Call } from '../shared/call.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HttpRequest } from '../shared/http/message.ts'
import type { AlbIdentity } from '../shared/identity/alb-identity.ts'
import type { Profile } from '../shared/identity/caller.ts'

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
   * The person, or undefined if nobody is signed in.
   *
   * @throws {ServiceError} with status 401 for a session that does not hold.
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
