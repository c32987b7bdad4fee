/**
 * The function `runs` as it is deployed, but for its surroundings: a real identity provider, the load balancer's
 * keys, a DynamoDB that can be made to fail, a bucket in memory, and a clock that tests set.
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type Client, createClient } from '@connectrpc/connect'
import { compressionGzip, createConnectTransport } from '@connectrpc/connect-node'
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { ClusterService } from '@flyteorg/flyteidl2/flyteidl2/cluster/service_pb.ts'
import { DataProxyService } from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { ProjectService } from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { SecretService } from '@flyteorg/flyteidl2/flyteidl2/secret/secret_pb.ts'
import { SettingsService } from '@flyteorg/flyteidl2/flyteidl2/settings/settings_service_pb.ts'
import { type TaskSpec, TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { TaskService } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { TriggerService } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { createRunsApp } from '../../../functions/runs/app.ts'
import { createProjectCatalog } from '../../../functions/runs/projects/catalog.ts'
import type { ServiceDeps } from '../../../functions/runs/service-deps.ts'
import { servicesBeside } from '../../../functions/runs/services.ts'
import { answerFiring } from '../../../functions/runs/triggers/answer-firing.ts'
import { findRunOfTrigger } from '../../../functions/runs/triggers/run-of-trigger.ts'
import type { Call } from '../../../functions/shared/call.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createIdentity } from '../../../functions/shared/identity/identity.ts'
import type { SessionCallerReader } from '../../../functions/shared/identity/session-caller.ts'
import { answerEvent } from '../../../functions/shared/lambda.ts'
import { createSecretsManagerVault } from '../../../functions/shared/secrets/secrets-manager-vault.ts'
import { createDynamoDbActionStore } from '../../../functions/shared/stores/dynamodb/action-store.ts'
import { createDynamoDbDeployedTaskStore } from '../../../functions/shared/stores/dynamodb/deployed-task-store.ts'
import { createDynamoDbDocumentStore } from '../../../functions/shared/stores/dynamodb/document-store.ts'
import { createDynamoDbProjectStore } from '../../../functions/shared/stores/dynamodb/project-store.ts'
import { createDynamoDbRunStore } from '../../../functions/shared/stores/dynamodb/run-store.ts'
import { createDynamoDbTaskStore } from '../../../functions/shared/stores/dynamodb/task-store.ts'
import { createCloudWatchLogStore } from '../../../functions/shared/stores/logs/cloudwatch-log-store.ts'
import type { ObjectStore } from '../../../functions/shared/stores/object-store.ts'
import { createS3ObjectLinks } from '../../../functions/shared/stores/s3/object-links.ts'
import { createScheduleStore } from '../../../functions/shared/stores/scheduler/schedule-store.ts'
import { type EventHandler, type SentHeaders, serveThrough } from '../../support/alb-event.ts'
import { RUNS_TABLE, startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import {
  type AlbRegion,
  functionSettings,
  NOW_MS,
  NOW_SECONDS,
  PUBLIC_URL,
  startAlbRegion,
} from '../../support/identity-fixture.ts'
import { LOG_GROUP, type LocalServices, SCHEDULES, startLocalServices } from '../../support/local-services.ts'
import { memoryObjectStore } from '../../support/memory-object-store.ts'
import { json, startTestIssuer, type TestIssuer } from '../../support/test-issuer.ts'

export interface Clients {
  readonly runs: Client<typeof RunService>
  readonly identity: Client<typeof IdentityService>
  readonly projects: Client<typeof ProjectService>
  readonly tasks: Client<typeof TaskService>
  readonly triggers: Client<typeof TriggerService>
  readonly settings: Client<typeof SettingsService>
  readonly secrets: Client<typeof SecretService>
  readonly data: Client<typeof DataProxyService>
  readonly cluster: Client<typeof ClusterService>
}

export interface RunsFunction {
  readonly handler: EventHandler
  readonly database: TestDatabase
  readonly objects: Map<string, Uint8Array>
  readonly issuer: TestIssuer
  readonly region: AlbRegion
  /** The Secrets Manager and the CloudWatch Logs that it calls. */
  readonly services: LocalServices
  /** Calls the function as the scheduler does. */
  readonly fire: (event: object) => Promise<void>
  /** The last call that was answered. */
  readonly lastCall: () => Call | undefined
  readonly setNow: (nowMs: number) => void
  /** The header of a person's bearer token, which carries a subject and no profile. */
  readonly bearer: (subject?: string, claims?: Readonly<Record<string, unknown>>) => Promise<SentHeaders>
  /** Clients that send these headers with every call, in protobuf unless asked otherwise. */
  readonly clients: (headers: SentHeaders, options?: { access?: 'open' | 'oidc'; json?: boolean }) => Clients
  readonly close: () => Promise<void>
}

const LOG_SETTINGS = { group: LOG_GROUP, stream: '{project}/{domain}/{run}/{action}/{attempt}' }

export const DOMAINS = ['development', 'production']

export interface RunsFunctionOptions {
  /** Where the logs of tasks are; null for a deployment that reads none. Default: by run, action and attempt. */
  readonly logs?: ServiceDeps['logSettings']
  readonly objects?: ObjectStore
  /** Says who has a session, for a deployment that signs people in itself. */
  readonly sessions?: (deps: { database: TestDatabase; now: () => number }) => SessionCallerReader
}

/** Starts it. Profiles come from userinfo: `ada` is Ada Lovelace. */
export async function startRunsFunction(options: RunsFunctionOptions = {}): Promise<RunsFunction> {
  const issuer = await startTestIssuer()
  const profile = {
    given_name: 'Ada',
    family_name: 'Lovelace',
    name: 'Ada Lovelace',
    email: 'ada@example.com',
  }
  issuer.answers.userinfo = json({ sub: 'ada', ...profile })
  const region = await startAlbRegion(issuer.issuer)
  const database = await startTestDatabase()
  const objects = memoryObjectStore()
  const services = await startLocalServices()
  let nowMs = NOW_MS
  let lastCall: Call | undefined
  const { app, deps } = makeApp({
    issuer,
    region,
    database,
    services,
    logSettings: options.logs === undefined ? LOG_SETTINGS : options.logs,
    objects: options.objects ?? objects.store,
    now: () => nowMs,
    sessionCaller: options.sessions?.({ database, now: () => nowMs }) ?? null,
  })
  const telemetry = {
    callEnded({ call }: { call: Call }) {
      lastCall = call
    },
  }
  const handler: EventHandler = (event) => answerEvent({ app, telemetry }, event)
  const open = await serveThrough(handler, { access: 'open' })
  const oidc = await serveThrough(handler, { access: 'oidc' })
  return {
    handler,
    database,
    objects: objects.contents,
    issuer,
    region,
    services,
    fire: (event) => answerFiring({ deps, telemetry }, event),
    lastCall: () => lastCall,
    setNow: (ms) => {
      nowMs = ms
    },
    bearer: async (subject = 'ada', claims = {}) => ({
      authorization: `Bearer ${await issuer.sign({ ...tokenClaims(issuer, subject), ...claims })}`,
    }),
    clients: (headers, { access = 'open', json: useJson = false } = {}) =>
      clientsOf((access === 'open' ? open : oidc).url, headers, useJson),
    close: async () => {
      await Promise.all([
        services.close(),
        open.close(),
        oidc.close(),
        issuer.close(),
        region.close(),
        database.close(),
      ])
    },
  }
}

function tokenClaims({ issuer }: TestIssuer, subject: string) {
  return {
    iss: issuer,
    aud: PUBLIC_URL,
    sub: subject,
    client_id: 'flytectl',
    iat: NOW_SECONDS - 10,
    exp: NOW_SECONDS + 86_400,
  }
}

interface Surroundings {
  readonly issuer: TestIssuer
  readonly region: AlbRegion
  readonly database: TestDatabase
  readonly services: LocalServices
  readonly logSettings: ServiceDeps['logSettings']
  readonly objects: ObjectStore
  readonly now: () => number
  readonly sessionCaller: SessionCallerReader | null
}

function makeApp({
  issuer,
  region,
  database,
  services,
  logSettings,
  objects,
  now,
  sessionCaller,
}: Surroundings) {
  const settings = functionSettings(issuer.issuer, {
    runs: { domains: DOMAINS, seedProjects: ['flytesnacks', 'sandbox'] },
  })
  const { storagePrefix, domains, seedProjects, secretPrefix } = settings.runs
  const { gate, enrich } = createIdentity({
    settings,
    now,
    claimsStore: null,
    sessionCaller,
    fetch: region.fetch,
  })
  const { client } = database
  const documents = createDynamoDbDocumentStore(client, RUNS_TABLE)
  const deps: ServiceDeps = {
    enrich,
    now,
    storagePrefix,
    domains,
    objects,
    runs: createDynamoDbRunStore(client, RUNS_TABLE),
    actions: createDynamoDbActionStore(client, RUNS_TABLE),
    tasks: createDynamoDbTaskStore({ client, tableName: RUNS_TABLE, objects, storagePrefix }),
    projects: createProjectCatalog({
      store: createDynamoDbProjectStore(client, RUNS_TABLE),
      seedProjects,
      domains,
    }),
    deployedTasks: createDynamoDbDeployedTaskStore(client, RUNS_TABLE),
    documents,
    findTrigger: (name) => findRunOfTrigger(documents, name),
    schedules: createScheduleStore({
      aws: services.aws,
      target: SCHEDULES,
      fetch: fetchDocument,
      now: Date.now,
    }),
    links: createS3ObjectLinks(),
    secretPrefix,
    vault: createSecretsManagerVault(services.call),
    logSettings,
    logs: createCloudWatchLogStore(services.call),
  }
  const { authorizedUris } = settings
  return {
    deps,
    app: createRunsApp({ ...deps, authorizedUris, gate, lazyServices: servicesBeside(deps) }),
  }
}

function clientsOf(baseUrl: string, headers: SentHeaders, useJson: boolean): Clients {
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: '1.1',
    useBinaryFormat: !useJson,
    // As the Python SDK does: everything is compressed, small messages too.
    sendCompression: compressionGzip,
    compressMinBytes: 0,
    interceptors: [
      (next) => (request) => {
        for (const [name, value] of Object.entries(headers))
          request.header.set(name, [value].flat().join(', '))
        return next(request)
      },
    ],
  })
  return {
    runs: createClient(RunService, transport),
    identity: createClient(IdentityService, transport),
    projects: createClient(ProjectService, transport),
    tasks: createClient(TaskService, transport),
    triggers: createClient(TriggerService, transport),
    settings: createClient(SettingsService, transport),
    secrets: createClient(SecretService, transport),
    data: createClient(DataProxyService, transport),
    cluster: createClient(ClusterService, transport),
  }
}

export const PROJECT = { organization: '', name: 'flytesnacks', domain: 'development' }

/** A run id in the first seeded project. */
export const runIdOf = (name: string) => ({ org: '', project: 'flytesnacks', domain: 'development', name })

/** Fields of a task spec, as `create` takes them. */
export type TaskSpecChanges = MessageInitShape<typeof TaskSpecSchema>

/** A task as the Python SDK describes one, cut short. */
export function taskSpec(changes: TaskSpecChanges = {}): TaskSpec {
  const id = { project: 'flytesnacks', domain: 'development', name: 'env.main', version: 'v1' }
  const spec: MessageInitShape<typeof TaskSpecSchema> = {
    taskTemplate: {
      id: { resourceType: 1, ...id },
      type: 'python',
      target: { case: 'container', value: { image: 'example.com/image:1', args: ['a0'] } },
    },
    shortName: 'main',
    environment: { name: 'env' },
    ...(changes as object),
  }
  return create(TaskSpecSchema, spec)
}

/** The task of a CreateRun request. */
export const byTaskSpec = (changes: TaskSpecChanges = {}) => ({
  case: 'taskSpec' as const,
  value: taskSpec(changes),
})

/** The id of a CreateRun request: a name of its own. */
export const named = (name: string) => ({ case: 'runId' as const, value: runIdOf(name) })

/** The id of a CreateRun request: a name to be generated. */
export const unnamed = { case: 'projectId' as const, value: PROJECT }
