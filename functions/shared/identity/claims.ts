/**
 * Callers out of access token claims, in the dialects of the providers.
 *
 * | | client | scopes | an application is told by |
 * |---|---|---|---|
 * | RFC 9068 | `client_id` | `scope` text | `sub` = `client_id` |
 * | Okta | `cid` | `scp` list | `sub` = `cid` |
 * | Entra | `azp` (v2), `appid` (v1) | `scp` text; `roles` | `idtyp: app`, or no `scp` |
 * | Auth0 | `azp` | `scope` text, `permissions` | `gty`, or `sub` = `azp` + `@clients` |
 * | Keycloak | `azp` | `scope` text | `preferred_username` = `service-account-` + `azp`, or `clientAddress` |
 * | Cognito | `client_id` | `scope` text | `sub` = `client_id` |
 * | Google | `azp` | none | `sub` = `azp`, or `azp` is a service account's address |
 * | AWS STS, Kubernetes | none | none | a claim that each adds about the workload |
 */
import type { VerifiedAccessToken } from '../tokens/access-token.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import type { Caller, CallerSource } from './caller.ts'
import { fillProfile, profileOfClaims } from './profile.ts'

const CLIENT_CLAIMS = ['client_id', 'cid', 'azp', 'appid'] as const
/** What the tokens of AWS's outbound identity federation and of Kubernetes service accounts say of the workload. */
const WORKLOAD_CLAIMS = ['https://sts.amazonaws.com/', 'kubernetes.io'] as const
const ENTRA_ISSUER =
  /^https:\/\/(sts\.windows\.net|login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn)\//
const GOOGLE_ISSUER = /^(https:\/\/)?accounts\.google\.com$/
const SERVICE_ACCOUNT = '.gserviceaccount.com'
const MAX_SCOPES = 200

/** How it is known that a token's principal is an application. */
export type Principal =
  | 'user'
  /** The issuer says so, in words of its own. */
  | 'declared-application'
  /** The subject is the client: so it is with client credentials, and with providers that never name the person. */
  | 'client-as-subject'

/** Reads the caller out of a verified token's claims; no claim is trusted to have the type it should have. */
export function callerOfAccessToken(token: VerifiedAccessToken, source: CallerSource): Caller {
  const { claims, issuer, subject, expiresAtEpochSeconds } = token
  return {
    kind: principalOf(token) === 'user' ? 'user' : 'application',
    issuer,
    subject,
    clientId: clientOf(claims),
    scopes: scopesOf(claims),
    profile: fillProfile(profileOfClaims(claims), profileOfClaims(userInfoOf(claims))),
    source,
    expiresAtEpochSeconds,
  }
}

/** Our own authorization server, like Flyte 1's, puts the person into one claim instead of several. */
function userInfoOf({ user_info: userInfo }: JwtObject): JwtObject {
  return typeof userInfo === 'object' && userInfo !== null ? (userInfo as JwtObject) : {}
}

/** Whether the token acts for a person or for its own client. */
export function principalOf({ claims, issuer, subject }: VerifiedAccessToken): Principal {
  const client = clientOf(claims)
  if (declaresApplication(claims, client, subject)) return 'declared-application'
  // Entra leaves `scp` out of every token without a person, and `idtyp` out of many.
  if (ENTRA_ISSUER.test(issuer) && claims.scp === undefined) return 'declared-application'
  // With a service account's key the token names its address there; from a machine's metadata, its number.
  if (GOOGLE_ISSUER.test(issuer) && client?.endsWith(SERVICE_ACCOUNT)) return 'declared-application'
  return CLIENT_CLAIMS.some((name) => claims[name] === subject) ? 'client-as-subject' : 'user'
}

function declaresApplication(claims: JwtObject, client: string | undefined, subject: string): boolean {
  if (claims.idtyp === 'app') return true
  if (claims.gty === 'client-credentials') return true
  if (WORKLOAD_CLAIMS.some((name) => typeof claims[name] === 'object' && claims[name] !== null)) return true
  if (client === undefined) return false
  if (subject === `${client}@clients`) return true
  if (claims.preferred_username === `service-account-${client.toLowerCase()}`) return true
  // Keycloak has these two for service accounts only, and the name above only with the scope `profile`.
  return claims.clientAddress !== undefined && claims.client_id === claims.azp
}

function clientOf(claims: JwtObject): string | undefined {
  for (const name of CLIENT_CLAIMS) {
    const value = claims[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

/** Everything the token permits: scopes, Auth0's permissions and Entra's app roles. */
function scopesOf(claims: JwtObject): readonly string[] {
  const { scope, scp, permissions, roles } = claims
  const all = [scope, scp, permissions, roles].flatMap(words)
  return [...new Set(all)].slice(0, MAX_SCOPES)
}

function words(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  if (!Array.isArray(value)) return []
  return value.filter((word) => typeof word === 'string' && word !== '')
}
