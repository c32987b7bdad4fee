/**
 * What kind of token this is (RFC 8725 section 3.12). An ID token tells a client who signed in, a logout token
 * tells it who signed out, a refresh token is between the client and its provider: none of them is a
 * permission to call this service, although all of them can carry a good signature of a trusted issuer.
 */
import { ServiceError } from '../errors.ts'
import type { JwtObject } from './jwt.ts'

const ACCESS_TOKEN_TYPE = 'at+jwt'
/** What RFC 7519 calls any JWT; providers that predate RFC 9068 send it, or nothing. */
const ANY_JWT_TYPE = 'jwt'

/** Keycloak names the kind in the payload. */
const OTHER_KINDS_OF_TYP_CLAIM: ReadonlySet<string> = new Set([
  'id',
  'serialized-id',
  'refresh',
  'offline',
  'logout',
])
const BEARER_TYP_CLAIM = 'bearer'
/** Of those kinds, an ID token is what most proxies ask for. */
const NEVER_SHOWN_TO_PROXIES: ReadonlySet<string> = new Set(
  [...OTHER_KINDS_OF_TYP_CLAIM].filter((kind) => kind !== 'id'),
)

/** Claims that only ID tokens have (OpenID Connect Core sections 2 and 3.3.2.11). */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'] as const

/**
 * Google's access tokens are opaque: what can be trusted of it are its ID tokens (which is what the clients of
 * an identity-aware proxy send), so listing it as an issuer means those.
 */
const ISSUERS_OF_ID_TOKENS_ONLY: ReadonlySet<string> = new Set([
  'https://accounts.google.com',
  'accounts.google.com',
])

/**
 * Makes sure that a token can be an access token: by its `typ` (RFC 9068), or where a provider does not set
 * that, by the claims that tell the other kinds apart.
 *
 * A token that is bound to a key of its client (`cnf`; RFC 8705, RFC 9449) is refused as well: here it would
 * work without that key.
 *
 * @throws {ServiceError} `token_kind_refused`
 */
export function assertAccessTokenKind(header: JwtObject, payload: JwtObject): void {
  const type = headerType(header)
  const refused =
    (type !== ACCESS_TOKEN_TYPE && type !== ANY_JWT_TYPE) ||
    saysAnotherKind(payload) ||
    payload.events !== undefined ||
    payload.cnf !== undefined ||
    (type !== ACCESS_TOKEN_TYPE && looksLikeIdToken(payload))
  if (refused) throw new ServiceError('token_kind_refused')
}

/**
 * Makes sure that a token can be what a client shows to an identity-aware proxy, or what such a proxy says of a
 * client: an ID token, an access token, or an assertion of the proxy's own.
 *
 * Refuses refresh tokens, logout tokens and tokens that are bound to a key.
 *
 * @throws {ServiceError} `token_kind_refused`
 */
export function assertProxyTokenKind(header: JwtObject, payload: JwtObject): void {
  const type = headerType(header)
  const { typ, token_use: use } = payload
  const refused =
    (type !== ACCESS_TOKEN_TYPE && type !== ANY_JWT_TYPE) ||
    (use !== undefined && use !== 'access' && use !== 'id') ||
    (typeof typ === 'string' && NEVER_SHOWN_TO_PROXIES.has(typ.toLowerCase())) ||
    payload.events !== undefined ||
    payload.cnf !== undefined
  if (refused) throw new ServiceError('token_kind_refused')
}

/** The `typ` in lower case without `application/` (RFC 7515 section 4.1.9); absent counts as `jwt`. */
function headerType(header: JwtObject): string | undefined {
  const { typ } = header
  if (typ === undefined) return ANY_JWT_TYPE
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
}

function saysAnotherKind(payload: JwtObject): boolean {
  const { typ, token_use: use } = payload
  if (use !== undefined && use !== 'access') return true
  return typeof typ === 'string' && OTHER_KINDS_OF_TYP_CLAIM.has(typ.toLowerCase())
}

/**
 * Whether a verified token says of itself that it is an ID token; then there is no use in asking userinfo with it.
 * Some ID tokens do not say so.
 */
export function isMarkedAsIdToken(payload: JwtObject): boolean {
  const { typ, iss, token_use: use } = payload
  const isOfGoogle = typeof iss === 'string' && ISSUERS_OF_ID_TOKENS_ONLY.has(iss)
  return (
    isOfGoogle || use === 'id' || (typeof typ === 'string' && /^id$/i.test(typ)) || looksLikeIdToken(payload)
  )
}

function looksLikeIdToken(payload: JwtObject): boolean {
  const { typ, iss } = payload
  // Older Keycloaks copy the nonce into access tokens, but those also say that they are for bearers.
  if (typeof typ === 'string' && typ.toLowerCase() === BEARER_TYP_CLAIM) return false
  if (typeof iss === 'string' && ISSUERS_OF_ID_TOKENS_ONLY.has(iss)) return false
  return ID_TOKEN_CLAIMS.some((name) => payload[name] !== undefined)
}
