/** JWTs as this command shows them and looks at their times. Nothing here says that a token is genuine. */
import { decodeJwt, decodeProtectedHeader } from 'jose'

export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** The two readable parts of a JWT; undefined for a token of another form. */
export function decodeUnverified(token: string): DecodedToken | undefined {
  try {
    return { header: { ...decodeProtectedHeader(token) }, claims: { ...decodeJwt(token) } }
  } catch {
    return undefined
  }
}

/** When a token says that it ends, in seconds since the epoch; undefined if it does not say. */
export function expiryOf(token: string): number | undefined {
  const exp = decodeUnverified(token)?.claims.exp
  return typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined
}

/** Whom a token is about, if it says. */
export function subjectOf(token: string): string | undefined {
  const sub = decodeUnverified(token)?.claims.sub
  return typeof sub === 'string' ? sub : undefined
}

/** Whether a token says that it is for this audience. */
export function isForAudience(token: string, audience: string): boolean {
  const aud = decodeUnverified(token)?.claims.aud
  return [aud].flat().includes(audience)
}

/** Seconds since the epoch as a date; null for none, and for one that no calendar has. */
export function dateOf(epochSeconds: number | undefined): string | null {
  const date = new Date((epochSeconds ?? Number.NaN) * 1000)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
