/** The metadata function as Lambda runs it. */
import { systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { fetchDocumentLater } from '../shared/http/fetch-document-later.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createMetadataApp } from './app.ts'

const { settings, tracing } = readConfig()

export const handler = createLambdaHandler({
  app: createMetadataApp({
    settings,
    fetch: fetchDocumentLater,
    now: systemClock,
  }),
  telemetry: createTelemetry(),
  tracing,
})
