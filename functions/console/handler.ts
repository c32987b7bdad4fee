/** The console function as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
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
      fetch: async (url, options) => {
        // Loaded when a key is fetched: most calls are answered without, and TLS takes a while to load.
        const { fetchDocument } = await import('../shared/http/fetch-document.ts')
        return fetchDocument(url, options)
      },
      now: systemClock,
    }),
  }),
  telemetry: createTelemetry(),
  tracing,
})
