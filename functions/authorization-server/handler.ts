/** The authorization server as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readAwsEnvironment, readConfig, requireSetting } from '../shared/config.ts'
import { fetchDocumentLater } from '../shared/http/fetch-document-later.ts'
import { createAlbIdentity } from '../shared/identity/alb-identity.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { systemRandomBytes } from '../shared/random.ts'
import { routesFor } from '../shared/routes.ts'
import { createKmsSigningKeys } from '../shared/secrets/kms-signing-keys.ts'
import { createLightCall } from '../shared/secrets/light-call.ts'
import { createLightSecretReader } from '../shared/secrets/light-reader.ts'
import { lazySessionReader } from '../shared/session/lazy-session-reader.ts'
import { createDynamoDbClient } from '../shared/stores/dynamodb/client.ts'
import { createDynamoDbGrantStore } from '../shared/stores/dynamodb/grant-store.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createKeyDocumentSource } from '../shared/tokens/key-document.ts'
import type { SigningKeySource } from '../shared/tokens/signing-keys.ts'
import { createAuthorizationServerApp } from './app.ts'
import { parseAuthorizationServerConfig } from './config.ts'
import { createAlbSessionReader, createOwnSessionReader, type SessionReader } from './session-reader.ts'

const { settings, publicUrl, authTable, authorizationServer, tracing } = readConfig()
const { signingKeysSecret, signingKmsKeys, clientSecretsSecret, ...own } =
  parseAuthorizationServerConfig(authorizationServer)
const { loadBalancer, authorizedUris, auth } = settings
const now = systemClock
const random = systemRandomBytes
const fetch = fetchDocumentLater
const toAws = { aws: readAwsEnvironment(), fetch, now }
const readSecret = createLightSecretReader(toAws)
const table = { client: createDynamoDbClient(), tableName: requireSetting(authTable, 'AUTH_TABLE'), now }

function signingKeys(): SigningKeySource {
  if (signingKmsKeys !== undefined) {
    return createKmsSigningKeys({ call: createLightCall(toAws), keyIds: signingKmsKeys, now })
  }
  const secretName = requireSetting(signingKeysSecret ?? undefined, 'AUTHORIZATION_SERVER.signingKeysSecret')
  return createKeyDocumentSource({ readSecret, secretName, now })
}

function sessionReader(): SessionReader {
  if (settings.session === undefined) {
    return createAlbSessionReader(createAlbIdentity({ loadBalancer, fetch, now }))
  }
  const readSession = lazySessionReader(async () => {
    const [{ createSessions }, { createDynamoDbSessionStores }] = await Promise.all([
      import('../shared/session/sessions.ts'),
      import('../shared/stores/dynamodb/session-stores.ts'),
    ])
    const stores = createDynamoDbSessionStores(table)
    return createSessions({ settings, readSecret, ...stores, fetch, now, random }).readSession
  })
  return createOwnSessionReader({ readSession, clientId: auth.userAuth.openId.clientId })
}

export const handler = createLambdaHandler({
  app: createAuthorizationServerApp({
    routes: routesFor({
      authServerType: auth.appAuth.authServerType,
      browserAuth: settings.session === undefined ? 'alb' : 'service',
    }),
    settings: {
      ...own,
      issuer: auth.appAuth.selfAuthServer.issuer,
      publicUrl,
      audiences: [publicUrl, ...authorizedUris.slice(1).filter((uri) => !uri.includes('*'))],
    },
    store: createDynamoDbGrantStore(table),
    keys: signingKeys(),
    session: sessionReader(),
    readSecret,
    clientSecretsName: clientSecretsSecret,
    random,
    now,
  }),
  telemetry: createTelemetry(),
  tracing,
})
