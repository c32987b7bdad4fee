/** The console function as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { fetchDocumentLater } from '../shared/http/fetch-document-later.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createConsoleApp } from './app.ts'
import { createBrowserIdentity } from './browser-identity.ts'

const { settings, tracing } = readConfig()

export const handler = createLambdaHandler({
  app: createConsoleApp({
    settings,
    resolveCaller: createBrowserIdentity({
      settings,
      fetch: fetchDocumentLater,
      now: systemClock,
    }),
  }),
  telemetry: createTelemetry(),
  tracing,
})
