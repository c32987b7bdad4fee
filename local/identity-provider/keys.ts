/** The signing keys of the local identity provider. */
import { exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose'
import type { JWKS } from 'oidc-provider'
import { readOrMakeJson } from '../data-directory.ts'

/** The keys, newest first: the first one signs, all of them verify. */
export interface ProviderKeys {
  readonly jwks: JWKS
  /** Signs the provider's own cookies. */
  readonly cookieKeys: readonly string[]
}

/** One new RS256 key, private, as a JWK with a random key id. */
export async function makeSigningKey(): Promise<JWKS['keys'][number]> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kty: 'RSA', kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' } as JWKS['keys'][number]
}

/**
 * The provider's keys: those of an earlier start, or new ones.
 *
 * @param file Where they are kept, readable by the owner only; null keeps them in memory.
 */
export async function providerKeys(file: string | null): Promise<ProviderKeys> {
  return readOrMakeJson(file, async () => ({
    jwks: { keys: [await makeSigningKey()] },
    cookieKeys: [crypto.randomUUID() + crypto.randomUUID()],
  }))
}

/** The public half of a key set of RSA keys: what others verify with. */
export function publicHalf(jwks: JWKS): JSONWebKeySet {
  return {
    keys: (jwks as JSONWebKeySet).keys.map(({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use })),
  }
}
