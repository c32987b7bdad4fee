/** The clients, as the engine knows them. */
import type { ClientMetadata } from 'oidc-provider'
import type { RandomBytes } from '../shared/random.ts'
import type { StaticClient } from './settings.ts'

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])
const PLACEHOLDER_BYTES = 32

/**
 * The metadata of a client (RFC 7591 section 2).
 *
 * A confidential client has a secret here that nobody knows: what it presents is compared elsewhere, with hashes.
 */
export function engineClient(client: StaticClient, random: RandomBytes): ClientMetadata {
  const hasCode = client.grantTypes.includes('authorization_code')
  return {
    client_id: client.id,
    client_name: client.name,
    ...(client.public
      ? { token_endpoint_auth_method: 'none' }
      : {
          token_endpoint_auth_method: 'client_secret_basic',
          client_secret: Buffer.from(random(PLACEHOLDER_BYTES)).toString('base64url'),
        }),
    // A native client may listen on any port of a loopback address that it registered (RFC 8252 section 7.3).
    application_type: isNative(client) ? 'native' : 'web',
    redirect_uris: hasCode ? [...client.redirectUris] : [],
    response_types: hasCode ? ['code'] : [],
    grant_types: [...client.grantTypes],
    scope: client.scopes.join(' '),
  }
}

function isNative({ redirectUris }: StaticClient): boolean {
  return redirectUris.some((uri) => {
    const { protocol, hostname } = new URL(uri)
    return LOOPBACK_HOSTS.has(hostname) || (protocol !== 'https:' && protocol !== 'http:')
  })
}
