/** The challenge that goes with every 401 (RFC 6750 section 3, RFC 9728 section 5.1). */
import type { ServiceError } from '../errors.ts'

/**
 * The `www-authenticate` value for a refused call: where to find out how to sign in, and, if a token was sent,
 * that it was the token. The details stay in our logs.
 *
 * @param publicUrl The deployment's public URL, without a trailing slash.
 */
export function bearerChallenge(publicUrl: string, error: ServiceError): string {
  const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`
  if (error.reason === 'credentials_missing') return `Bearer ${metadata}`
  // RFC 6750 leaves no room for quotes and backslashes in a description.
  const description = error.message.replaceAll(/["\\]/g, "'")
  return `Bearer error="invalid_token", error_description="${description}", ${metadata}`
}
