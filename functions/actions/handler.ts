/** The function `actions` as Lambda starts it: environment, configuration, adapters, app. */
import { systemClock } from '../shared/clock.ts'
import { readConfig, requireSetting } from '../shared/config.ts'
import { createIdentity } from '../shared/identity/identity.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { createDynamoDbActionStore } from '../shared/stores/dynamodb/action-store.ts'
import { createDynamoDbClient } from '../shared/stores/dynamodb/client.ts'
import { createDynamoDbTaskStore } from '../shared/stores/dynamodb/task-store.ts'
import { lazyObjectStore } from '../shared/stores/object-store.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createActionsApp } from './app.ts'

const { settings, runsTable, tracing } = readConfig()
const tableName = requireSetting(runsTable, 'RUNS_TABLE')
const client = createDynamoDbClient()
const objects = lazyObjectStore(async () => {
  const { createS3ObjectStore } = await import('../shared/stores/s3/object-store.ts')
  return createS3ObjectStore()
})
const { storagePrefix } = settings.runs
const { resolveCaller } = createIdentity({ settings, now: systemClock, claimsStore: null })
const app = createActionsApp({
  authorizedUris: settings.authorizedUris,
  resolveCaller,
  now: systemClock,
  actions: createDynamoDbActionStore(client, tableName),
  tasks: createDynamoDbTaskStore({ client, tableName, objects, storagePrefix }),
})

export const handler = createLambdaHandler({ app, telemetry: createTelemetry(), tracing })
