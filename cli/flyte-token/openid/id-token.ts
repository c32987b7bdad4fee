/** ID tokens, verified (OpenID Connect Core 1.0, 3.1.3.7). */
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from 'jose'
import type * as openid from 'openid-client'
import { CommandError } from '../../shared/failure.ts'
import { isSecureUrl } from '../../shared/flags.ts'
import { REQUEST_TIMEOUT_MS, readText } from '../../shared/http.ts'
import { GOOGLE_ISSUER } from './provider.ts'

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const LEEWAY_SECONDS = 30

export interface ExpectedIdToken {
  readonly metadata: openid.ServerMetadata
  readonly clientId: string
  /** Another client that the token is for; undefined: the one that asked. */
  readonly audience: string | undefined
  /** What was sent with the authorization request; undefined where there was none. */
  readonly nonce: string | undefined
  /** Whom the token has to be about, after a refresh. */
  readonly subject: string | undefined
}

/**
 * Checks signature, issuer, audience, authorized party, times, nonce and subject.
 *
 * @throws {CommandError} `token_unusable`, `unreachable`
 */
export async function verifyIdToken(token: string, expected: ExpectedIdToken): Promise<JWTPayload> {
  const { metadata, clientId, audience = clientId } = expected
  const { jwks_uri: jwksUri, issuer } = metadata
  // Over plain http anybody on the way could put in keys of their own.
  if (jwksUri === undefined || !isSecureUrl(jwksUri))
    throw unusable('The provider publishes no keys for its ID tokens.')
  try {
    const keys = createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: REQUEST_TIMEOUT_MS,
      [customFetch]: fetchKeys,
    })
    const { payload } = await jwtVerify(token, keys, {
      // Google leaves the scheme out of some.
      issuer: issuer === GOOGLE_ISSUER ? [issuer, 'accounts.google.com'] : issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ['sub', 'exp', 'iat'],
    })
    assertParty(payload, clientId, audience)
    assertNonce(payload, expected.nonce, audience !== clientId)
    if (expected.subject !== undefined && payload.sub !== expected.subject) {
      throw unusable('The new ID token is about somebody else; sign in again with --force.')
    }
    return payload
  } catch (error) {
    throw explain(error)
  }
}

async function fetchKeys(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options)
  return new Response(await readText(response), { status: response.status })
}

function assertParty(payload: JWTPayload, clientId: string, audience: string): void {
  const several = Array.isArray(payload.aud) && payload.aud.length > 1
  const needed = several || audience !== clientId
  if (payload.azp === undefined ? needed && several : payload.azp !== clientId) {
    throw unusable('The ID token was given to another client.')
  }
}

/** A token for another client may come without: PKCE has bound the code to this command already. */
function assertNonce(payload: JWTPayload, nonce: string | undefined, isForAnother: boolean): void {
  if (nonce === undefined || (payload.nonce === undefined && isForAnother)) return
  if (payload.nonce !== nonce) throw unusable('The ID token does not belong to this sign-in.')
}

function explain(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
    return unusable(
      'The ID token is not for that audience; leave --audience out, or ask for an access token with --access-token.',
      error,
    )
  }
  if (error instanceof errors.JWTExpired) return unusable('The ID token has expired; check the clock.', error)
  if (error instanceof errors.JWKSTimeout || error instanceof TypeError) {
    return new CommandError('unreachable', 'The keys of the provider could not be read.', { cause: error })
  }
  return unusable('The ID token of the provider does not verify.', error)
}

function unusable(sentence: string, cause?: unknown): CommandError {
  return new CommandError('token_unusable', sentence, { cause })
}
