import { verify } from 'node:crypto'
import { AlbError, type ErrorReason } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { KeySets } from '../jwks.ts'
import type { Now } from '../types.ts'
import type { AdditionalClaim, JwtValidationAction } from './parse.ts'

type Claims = Readonly<Record<string, unknown>>

const SEGMENT = /^[A-Za-z0-9_-]+$/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Runs a jwt-validation action: returns if the request carries a bearer JWT that holds, and adds nothing to
 * the request.
 *
 * Checks the signature (RS256 only, with a key of the configured set), `iss`, `exp`, `nbf` and `iat` if they
 * are there, and the additional claims, of which one of the configured values is enough. `aud` is not looked
 * at unless it is an additional claim.
 *
 * @throws {AlbError} 401; the answer has no WWW-Authenticate
 */
export async function validateJwt(
  action: JwtValidationAction,
  exchange: Exchange,
  deps: { readonly keySets: KeySets; readonly now: Now },
): Promise<void> {
  const { header, claims, signed, signature } = decodeUnverifiedJwt(readBearer(exchange))
  if (header.alg !== 'RS256' || header.crit !== undefined) throw refused('JWTSignatureValidationError')
  const kid = typeof header.kid === 'string' ? header.kid : undefined
  const key = await deps.keySets.findKey(action.jwksEndpoint, kid)
  if (!verify('sha256', signed, key, signature)) throw refused('JWTSignatureValidationError')
  assertStandardClaims(claims, action.issuer, deps.now() / 1000)
  for (const claim of action.additionalClaims) assertAdditionalClaim(claims, claim)
}

function readBearer({ request }: Exchange): string {
  const values = request.headers.filter(([name]) => name === 'authorization').map(([, value]) => value)
  const value = values[0]
  if (value === undefined) throw refused('JWTHeaderNotPresent')
  const token = /^Bearer +(\S+)$/i.exec(value)?.[1]
  if (token === undefined || values.length > 1) throw refused('JWTRequestFormatInvalid')
  return token
}

function decodeUnverifiedJwt(token: string): {
  header: Claims
  claims: Claims
  signed: Buffer
  signature: Buffer
} {
  const [header = '', payload = '', signature = '', ...more] = token.split('.')
  const wellFormed = more.length === 0 && [header, payload, signature].every((part) => SEGMENT.test(part))
  if (!wellFormed) throw refused('JWTRequestFormatInvalid')
  return {
    header: decodeObject(header),
    claims: decodeObject(payload),
    signed: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

function decodeObject(segment: string): Claims {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(segment, 'base64url')))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims
  } catch (cause) {
    throw refused('JWTRequestFormatInvalid', cause)
  }
  throw refused('JWTRequestFormatInvalid')
}

function assertStandardClaims(claims: Claims, issuer: string, nowSeconds: number): void {
  if (claims.iss === undefined || claims.exp === undefined) throw refused('JWTClaimNotPresent')
  for (const name of ['exp', 'nbf', 'iat']) {
    const value = claims[name]
    if (value !== undefined && !Number.isFinite(value)) throw refused('JWTClaimFormatInvalid')
  }
  if (typeof claims.iss !== 'string') throw refused('JWTClaimFormatInvalid')
  const { exp, nbf = 0, iat = 0 } = claims as { exp: number; nbf?: number; iat?: number }
  const current = exp > nowSeconds && nbf <= nowSeconds && iat <= nowSeconds
  if (claims.iss !== issuer || !current) throw refused('JWTClaimValueInvalid')
}

function assertAdditionalClaim(claims: Claims, expected: AdditionalClaim): void {
  const value = Object.hasOwn(claims, expected.name) ? claims[expected.name] : undefined
  if (value === undefined) throw refused('JWTClaimNotPresent')
  const present = valuesOf(value, expected)
  if (!present.some((item) => expected.values.includes(item))) throw refused('JWTClaimValueInvalid')
}

function valuesOf(value: unknown, { format }: AdditionalClaim): string[] {
  if (format === 'string-array') {
    const strings = Array.isArray(value) && value.every((item) => typeof item === 'string')
    if (!strings) throw refused('JWTClaimFormatInvalid')
    return value
  }
  if (typeof value !== 'string') throw refused('JWTClaimFormatInvalid')
  return format === 'single-string' ? [value] : value.split(' ').filter((part) => part !== '')
}

function refused(reason: ErrorReason, cause?: unknown): AlbError {
  return new AlbError(401, reason, { cause })
}
