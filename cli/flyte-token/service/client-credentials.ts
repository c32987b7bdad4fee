/** Client credentials at any provider (RFC 6749, 4.4): an access token, because there is nobody to identify. */
import * as openid from 'openid-client'
import { CommandError } from '../../shared/failure.ts'
import { usage } from '../../shared/flags.ts'
import { isKept, readClientSecret } from '../client-secret.ts'
import { obtain } from '../obtain.ts'
import { connect, failureOf, isRefusedClient } from '../openid/provider.ts'
import type { EntryKey } from '../store/entry.ts'
import { entryOfToken } from './entry-of-token.ts'
import type { ServiceTokenGetter } from './source.ts'

/** The access token of a client for itself. */
export const clientCredentialsToken: ServiceTokenGetter = (options, context) => {
  const { issuer, clientId, clientSecret, audience, scopes, force } = options
  if (issuer === undefined || clientId === undefined) {
    throw usage('Client credentials need --issuer and --client-id.')
  }
  if (clientSecret === undefined) {
    throw usage(
      'Client credentials need a secret: --client-secret-id, --client-secret-env or --client-secret-file.',
    )
  }
  const key: EntryKey = { kind: 'service', issuer, clientId, audience, account: '', scopes }
  const request = async (fresh: boolean) => {
    const secret = await readClientSecret(clientSecret, context, { fresh })
    const authentication = options.clientAuthentication
    const { configuration } = await connect({ issuer, clientId, secret, authentication }, context.signal)
    return openid.clientCredentialsGrant(configuration, {
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
      ...(audience === '' ? {} : { audience }),
    })
  }
  const signIn = async () => {
    try {
      const answer = await request(false).catch((error) => {
        if (!(isKept(clientSecret) && isRefusedClient(error))) throw error
        // It may have been rotated since it was kept.
        return request(true)
      })
      const { access_token: token, expires_in: expiresInSeconds } = answer
      return entryOfToken({ key, kind: 'accessToken', token, nowMs: context.now(), expiresInSeconds })
    } catch (error) {
      context.signal.throwIfAborted()
      if (isRefusedClient(error)) {
        const sentence = 'The provider refused the client; check its id, its secret and --client-auth.'
        throw new CommandError('refused', sentence, { cause: error })
      }
      throw failureOf(error, 'The answer of the provider')
    }
  }
  return obtain({ key, token: 'accessToken', force, refresh: async () => undefined, signIn }, context)
}
