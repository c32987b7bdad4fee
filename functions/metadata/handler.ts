/** The metadata function as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createMetadataApp } from './app.ts'

const { settings, tracing } = readConfig()

export const handler = createLambdaHandler({
  app: createMetadataApp({
    settings,
    fetch: async (url, options) => {
      // Loaded when something is fetched: most calls are answered without, and TLS takes a while to load.
      const { fetchDocument } = await import('../shared/http/fetch-document.ts')
      return fetchDocument(url, options)
    },
    now: systemClock,
  }),
  telemetry: createTelemetry(),
  tracing,
})
