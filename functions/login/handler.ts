/** The function `login` as Lambda starts it: environment, configuration, adapters, app. */
import { systemClock } from '../shared/clock.ts'
import { readAwsEnvironment, readConfig, requireSetting } from '../shared/config.ts'
import { fetchDocumentLater } from '../shared/http/fetch-document-later.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { systemRandomBytes } from '../shared/random.ts'
import { createLightSecretReader } from '../shared/secrets/light-reader.ts'
import { lazySessionStores } from '../shared/stores/lazy-session-stores.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createLoginApp } from './app.ts'
import { createLoginDeps } from './create-deps.ts'

const { settings, publicUrl, authTable, tracing } = readConfig()
const tableName = requireSetting(authTable, 'AUTH_TABLE')
const now = systemClock
const stores = lazySessionStores(async () => {
  const { createDynamoDbSessionStores } = await import('../shared/stores/dynamodb/session-stores.ts')
  return createDynamoDbSessionStores({ tableName, now })
})
const deps = createLoginDeps({
  settings,
  publicUrl,
  readSecret: createLightSecretReader({ aws: readAwsEnvironment(), fetch: fetchDocumentLater, now }),
  ...stores,
  fetch: fetchDocumentLater,
  now,
  random: systemRandomBytes,
})

export const handler = createLambdaHandler({
  app: createLoginApp(deps),
  telemetry: createTelemetry(),
  tracing,
})
