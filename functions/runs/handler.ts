/** The function `runs` as Lambda starts it: environment, configuration, adapters, app. */
import { systemClock } from '../shared/clock.ts'
import { readAwsEnvironment, readConfig, requireSetting } from '../shared/config.ts'
import { deployedRoutes } from '../shared/deployed-routes.ts'
import { fetchDocumentLater } from '../shared/http/fetch-document-later.ts'
import { createIdentity } from '../shared/identity/identity.ts'
import { createLambdaHandler } from '../shared/lambda.ts'
import { systemRandomBytes } from '../shared/random.ts'
import { lazySessionCaller } from '../shared/session/lazy-session-caller.ts'
import { createDynamoDbActionStore } from '../shared/stores/dynamodb/action-store.ts'
import { createDynamoDbClaimsStore } from '../shared/stores/dynamodb/claims-store.ts'
import { createDynamoDbClient } from '../shared/stores/dynamodb/client.ts'
import { createDynamoDbDeployedTaskStore } from '../shared/stores/dynamodb/deployed-task-store.ts'
import { createDynamoDbDocumentStore } from '../shared/stores/dynamodb/document-store.ts'
import { createDynamoDbProjectStore } from '../shared/stores/dynamodb/project-store.ts'
import { createDynamoDbRunStore } from '../shared/stores/dynamodb/run-store.ts'
import { createDynamoDbTaskStore } from '../shared/stores/dynamodb/task-store.ts'
import { lazyLogStore } from '../shared/stores/log-store.ts'
import { lazyObjectLinks } from '../shared/stores/object-links.ts'
import { lazyObjectStore } from '../shared/stores/object-store.ts'
import { lazyScheduleStore } from '../shared/stores/schedule-store.ts'
import { lazySecretVault } from '../shared/stores/secret-vault.ts'
import { createTelemetry } from '../shared/telemetry.ts'
import { createRunsApp } from './app.ts'
import { answerFirings } from './firings.ts'
import { createProjectCatalog } from './projects/catalog.ts'
import type { ServiceDeps } from './service-deps.ts'
import { servicesBeside } from './services.ts'

const { settings, runsTable, authTable, triggerSchedules, tracing } = readConfig()
const tableName = requireSetting(runsTable, 'RUNS_TABLE')
const schedulesSetting = requireSetting(triggerSchedules, 'TRIGGER_SCHEDULES')
const { storagePrefix, domains, seedProjects, secretPrefix, logs: logSettings } = settings.runs
const client = createDynamoDbClient()
const now = systemClock
const objects = lazyObjectStore(async () => {
  const { createS3ObjectStore } = await import('../shared/stores/s3/object-store.ts')
  return createS3ObjectStore()
})
const authTableName = requireSetting(authTable, 'AUTH_TABLE')
const claimsStore = createDynamoDbClaimsStore({ client, tableName: authTableName, now })
const sessionCaller = lazySessionCaller(async () => {
  const [{ createSessions }, { createDynamoDbSessionStores }, { createLightSecretReader }] =
    await Promise.all([
      import('../shared/session/sessions.ts'),
      import('../shared/stores/dynamodb/session-stores.ts'),
      import('../shared/secrets/light-reader.ts'),
    ])
  return createSessions({
    settings,
    readSecret: createLightSecretReader({ aws: readAwsEnvironment(), fetch: fetchDocumentLater, now }),
    ...createDynamoDbSessionStores({ client, tableName: authTableName, now }),
    fetch: fetchDocumentLater,
    now,
    random: systemRandomBytes,
  }).sessionCaller
})
const { gate, enrich } = createIdentity({
  settings,
  now,
  claimsStore,
  sessionCaller: settings.session === undefined ? null : sessionCaller,
})
const lightCall = async () => {
  const { createLightCall } = await import('../shared/secrets/light-call.ts')
  return createLightCall({ aws: readAwsEnvironment(), fetch: fetchDocumentLater, now })
}
const documents = createDynamoDbDocumentStore(client, tableName)
const deps: ServiceDeps = {
  enrich,
  now,
  storagePrefix,
  domains,
  objects,
  runs: createDynamoDbRunStore(client, tableName),
  actions: createDynamoDbActionStore(client, tableName),
  tasks: createDynamoDbTaskStore({ client, tableName, objects, storagePrefix }),
  projects: createProjectCatalog({
    store: createDynamoDbProjectStore(client, tableName),
    seedProjects,
    domains,
  }),
  deployedTasks: createDynamoDbDeployedTaskStore(client, tableName),
  documents,
  async findTrigger(name) {
    const { findRunOfTrigger } = await import('./triggers/entry.ts')
    return findRunOfTrigger(documents, name)
  },
  schedules: lazyScheduleStore(async () => {
    const { createScheduleStore, readScheduleSettings } = await import(
      '../shared/stores/scheduler/schedule-store.ts'
    )
    const target = readScheduleSettings(schedulesSetting)
    return createScheduleStore({ aws: readAwsEnvironment(), target, fetch: fetchDocumentLater, now })
  }),
  links: lazyObjectLinks(async () => {
    const { createS3ObjectLinks } = await import('../shared/stores/s3/object-links.ts')
    return createS3ObjectLinks()
  }),
  secretPrefix,
  vault: lazySecretVault(async () => {
    const { createSecretsManagerVault } = await import('../shared/secrets/secrets-manager-vault.ts')
    return createSecretsManagerVault(await lightCall())
  }),
  logSettings,
  logs: lazyLogStore(async () => {
    const { createCloudWatchLogStore } = await import('../shared/stores/logs/cloudwatch-log-store.ts')
    return createCloudWatchLogStore(await lightCall())
  }),
}
const app = createRunsApp({
  ...deps,
  authorizedUris: settings.authorizedUris,
  routes: deployedRoutes(settings),
  gate,
  lazyServices: servicesBeside(deps),
})

const telemetry = createTelemetry()

export const handler = createLambdaHandler({
  app,
  telemetry,
  tracing,
  otherEvents: answerFirings(deps, telemetry),
})
