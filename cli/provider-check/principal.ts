/**
 * Whom a token stands for, by the rules that the functions have. Written again because this folder imports nothing of
 * the project; a test reads the tokens of every provider with both.
 */
import type { JsonObject } from './read-json.ts'
import { vendorOf } from './vendor.ts'

export type TokenKind = 'access' | 'id' | 'other'

const OTHER_KINDS: ReadonlySet<string> = new Set(['id', 'serialized-id', 'refresh', 'offline', 'logout'])
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash']
const CLIENT_CLAIMS = ['client_id', 'cid', 'azp', 'appid']
/** What the tokens of AWS's outbound identity federation and of Kubernetes service accounts say of the workload. */
const WORKLOAD_CLAIMS = ['https://sts.amazonaws.com/', 'kubernetes.io']
/** Issuers whose ID tokens are what clients send, because they have nothing else that can be verified. */
const ID_TOKENS_ONLY: ReadonlySet<string> = new Set(['https://accounts.google.com', 'accounts.google.com'])

/** What kind of token it is: by `typ` (RFC 9068), else by the claims in which providers say it. */
export function kindOf(header: JsonObject, claims: JsonObject): TokenKind {
  const type = headerType(header)
  const { typ, token_use: use, iss } = claims
  if (use === 'id' || saysId(typ)) return 'id'
  if (use !== undefined && use !== 'access') return 'other'
  if (typeof typ === 'string' && OTHER_KINDS.has(typ.toLowerCase())) return 'other'
  if (claims.events !== undefined || claims.cnf !== undefined) return 'other'
  if (type === 'at+jwt') return 'access'
  if (type !== 'jwt') return 'other'
  if (typeof typ === 'string' && typ.toLowerCase() === 'bearer') return 'access'
  if (typeof iss === 'string' && ID_TOKENS_ONLY.has(iss)) return 'access'
  return ID_TOKEN_CLAIMS.some((name) => claims[name] !== undefined) ? 'id' : 'access'
}

function headerType({ typ }: JsonObject): string | undefined {
  if (typ === undefined) return 'jwt'
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
}

function saysId(typ: unknown): boolean {
  return typeof typ === 'string' && typ.toLowerCase() === 'id'
}

/** Whether the token is an application's own (client credentials), or a person's. */
export function isApplication(claims: JsonObject, issuer: string): boolean {
  const { sub, idtyp, gty, scp, preferred_username: userName } = claims
  const client = clientOf(claims)
  if (idtyp === 'app' || gty === 'client-credentials') return true
  if (WORKLOAD_CLAIMS.some((name) => typeof claims[name] === 'object' && claims[name] !== null)) return true
  if (client !== undefined) {
    if (ID_TOKENS_ONLY.has(issuer) && client.endsWith('.gserviceaccount.com')) return true
    if (sub === `${client}@clients`) return true
    if (userName === `service-account-${client.toLowerCase()}`) return true
    if (claims.clientAddress !== undefined && claims.client_id === claims.azp) return true
  }
  if (vendorOf(issuer).name === 'entra' && scp === undefined) return true
  return CLIENT_CLAIMS.some((name) => claims[name] !== undefined && claims[name] === sub)
}

/** The client that the token was given to. */
export function clientOf(claims: JsonObject): string | undefined {
  const values = CLIENT_CLAIMS.map((name) => claims[name])
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}
