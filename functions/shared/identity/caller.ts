/** Who is calling, as the whole of this service understands it. */

/** Where a caller was read from. */
export type CallerSource =
  /** The load balancer's signed `x-amzn-oidc-data`. */
  | 'alb-claims'
  /** The load balancer's `x-amzn-oidc-identity`: a subject and nothing else. */
  | 'alb-subject'
  /** A bearer token in `authorization` or `flyte-authorization`. */
  | 'bearer'
  /** The token of an identity-aware proxy, in `proxy-authorization` or the header that `auth.proxyAuth` names. */
  | 'proxy-bearer'
  /** The session cookies of this deployment's own sign-in. */
  | 'session'

/** What is known about a person; every field may be missing. */
export interface Profile {
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
  readonly preferredUsername?: string
  readonly email?: string
  readonly picture?: string
}

/** A caller whose credential has been verified. The pair of issuer and subject identifies it (OpenID Connect Core 5.7). */
export interface Caller {
  /** An application is a token whose principal is its own client (client credentials). */
  readonly kind: 'user' | 'application'
  readonly issuer: string
  readonly subject: string
  /** The OAuth client that the credential was issued to, if it says. */
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  readonly profile: Profile
  readonly source: CallerSource
  /** When the credential ends, in seconds since the epoch, if it says. */
  readonly expiresAtEpochSeconds: number | undefined
}
