/** Checks of single claims that access tokens and the load balancer's identity header have in common. */
import { ServiceError } from '../errors.ts'
import type { JwtObject } from './jwt.ts'

/** How far another machine's clock may be ahead of ours. */
export const CLOCK_LEEWAY_SECONDS = 30

const MAX_SUBJECT_LENGTH = 1_024
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/

/**
 * Checks `exp` (required, no leeway), and `nbf` and `iat` if they are there.
 *
 * @returns the expiry
 * @throws {ServiceError} `token_claims_invalid`, `token_expired`, `token_not_yet_valid`
 */
export function assertTimeClaims(claims: JwtObject, nowEpochSeconds: number): number {
  const expiry = numericDate(claims.exp)
  if (expiry === undefined) throw new ServiceError('token_claims_invalid')
  if (nowEpochSeconds >= expiry) throw new ServiceError('token_expired')
  for (const start of [numericDate(claims.nbf), numericDate(claims.iat)]) {
    if (start !== undefined && start > nowEpochSeconds + CLOCK_LEEWAY_SECONDS) {
      throw new ServiceError('token_not_yet_valid')
    }
  }
  return expiry
}

/** @throws {ServiceError} `token_claims_invalid` unless there is a subject that can name somebody. */
export function assertSubject(claims: JwtObject): string {
  const { sub } = claims
  if (!isPlainSubject(sub)) throw new ServiceError('token_claims_invalid')
  return sub
}

/** Whether a value can serve as a subject: text of a sensible length without control characters. */
export function isPlainSubject(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= MAX_SUBJECT_LENGTH &&
    !CONTROL_CHARACTER.test(value)
  )
}

/** @throws {ServiceError} `token_claims_invalid` for a value that is there and no NumericDate (RFC 7519 section 2). */
function numericDate(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new ServiceError('token_claims_invalid')
  }
  return value
}
