/** The authorization server as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readConfig, requireSetting } from '../shared/config.ts'
import { fetchDocument } from '../shared/http/fetch-document.ts'
import { createAlbIdentity } from '../shared/identity/alb-identity.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { systemRandomBytes } from '../shared/random.ts'
import { createSecretsManagerClient } from '../shared/secrets/client.ts'
import { createSecretsManagerReader } from '../shared/secrets/secrets-manager.ts'
import { createDynamoDbClient } from '../shared/stores/dynamodb/client.ts'
import { createDynamoDbGrantStore } from '../shared/stores/dynamodb/grant-store.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createKeyDocumentSource } from '../shared/tokens/key-document.ts'
import { createAuthorizationServerApp } from './app.ts'
import { parseAuthorizationServerConfig } from './config.ts'
import { createAlbSessionReader } from './session-reader.ts'

const { settings, publicUrl, authTable, authorizationServer, tracing } = readConfig()
const { signingKeysSecret, clientSecretsSecret, ...own } = parseAuthorizationServerConfig(authorizationServer)
const now = systemClock
const readSecret = createSecretsManagerReader({ client: createSecretsManagerClient(), now })
const { loadBalancer, authorizedUris, auth } = settings

export const handler = createLambdaHandler({
  app: createAuthorizationServerApp({
    settings: {
      ...own,
      issuer: auth.appAuth.selfAuthServer.issuer,
      publicUrl,
      audiences: [publicUrl, ...authorizedUris.slice(1).filter((uri) => !uri.includes('*'))],
    },
    store: createDynamoDbGrantStore({
      client: createDynamoDbClient(),
      tableName: requireSetting(authTable, 'AUTH_TABLE'),
      now,
    }),
    keys: createKeyDocumentSource({ readSecret, secretName: signingKeysSecret, now }),
    session: createAlbSessionReader(createAlbIdentity({ loadBalancer, fetch: fetchDocument, now })),
    readSecret,
    clientSecretsName: clientSecretsSecret,
    random: systemRandomBytes,
    now,
  }),
  telemetry: createTelemetry(),
  tracing,
})
