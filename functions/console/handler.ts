/** The console function as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readAwsEnvironment, readConfig, requireSetting } from '../shared/config.ts'
import { fetchDocumentLater } from '../shared/http/fetch-document-later.ts'
import type { SessionCallerReader } from '../shared/identity/session-caller.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { systemRandomBytes } from '../shared/random.ts'
import { lazySessionCaller } from '../shared/session/lazy-session-caller.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createConsoleApp } from './app.ts'
import { createBrowserIdentity } from './browser-identity.ts'

const { settings, authTable, tracing } = readConfig()
const now = systemClock
const fetch = fetchDocumentLater

/** Only where this deployment signs people in itself does the console need the table, and secrets. */
function sessionCallerOf(tableName: string): SessionCallerReader {
  return lazySessionCaller(async () => {
    const [{ createSessions }, { createDynamoDbSessionStores }, { createLightSecretReader }] =
      await Promise.all([
        import('../shared/session/sessions.ts'),
        import('../shared/stores/dynamodb/session-stores.ts'),
        import('../shared/secrets/light-reader.ts'),
      ])
    return createSessions({
      settings,
      readSecret: createLightSecretReader({ aws: readAwsEnvironment(), fetch, now }),
      ...createDynamoDbSessionStores({ tableName, now }),
      fetch,
      now,
      random: systemRandomBytes,
    }).sessionCaller
  })
}

const sessionCaller =
  settings.session === undefined ? null : sessionCallerOf(requireSetting(authTable, 'AUTH_TABLE'))

export const handler = createLambdaHandler({
  app: createConsoleApp({
    settings,
    resolveCaller: createBrowserIdentity({ settings, fetch, now, sessionCaller }),
  }),
  telemetry: createTelemetry(),
  tracing,
})
