import type { AuthenticateOidcAction } from '../actions/parse.ts'
import { AlbError } from '../errors.ts'

/**
 * Checks an ID token that came straight from the token endpoint (OpenID Connect Core 3.1.3.7) and returns
 * its subject: `iss` is the configured issuer, `aud` has this client (and `azp` is this client if there are
 * several), `exp` lies ahead, `iat` and `sub` are there.
 *
 * Does not verify the signature: a listener is given no key set, and item 6 lets the connection to the token
 * endpoint stand for it. Does not look for a nonce, because the load balancer sends none.
 *
 * @throws {AlbError} 561 `AuthInvalidIdToken`
 */
export function readIdToken(idToken: string, action: AuthenticateOidcAction, nowSeconds: number): string {
  const claims = decodeClaims(idToken)
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  const forThisClient = audiences.includes(action.clientId)
  const authorizedParty = audiences.length === 1 || claims.azp === action.clientId
  const current = typeof claims.exp === 'number' && claims.exp > nowSeconds
  const complete = typeof claims.iat === 'number' && typeof claims.sub === 'string' && claims.sub !== ''
  if (claims.iss !== action.issuer || !forThisClient || !authorizedParty || !current || !complete) {
    throw new AlbError(561, 'AuthInvalidIdToken')
  }
  return claims.sub as string
}

function decodeClaims(idToken: string): Readonly<Record<string, unknown>> {
  const parts = idToken.split('.')
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    if (parts.length === 3 && typeof claims === 'object' && claims !== null) {
      return claims as Record<string, unknown>
    }
  } catch (cause) {
    throw new AlbError(561, 'AuthInvalidIdToken', { cause })
  }
  throw new AlbError(561, 'AuthInvalidIdToken')
}
