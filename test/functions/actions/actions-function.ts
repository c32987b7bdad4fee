/**
 * The function `actions` as it is deployed, but for its surroundings, beside a function `runs` that shares its
 * database: runs are made by CreateRun, and read back by GetActionDetails.
 */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Client, createClient } from '@connectrpc/connect'
import { compressionGzip, createConnectTransport } from '@connectrpc/connect-node'
import {
  type ActionSchema,
  ActionsService,
  type WatchForUpdatesResponse,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { InternalRunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import type { ActionUpdate } from '@flyteorg/flyteidl2/flyteidl2/workflow/state_service_pb.ts'
import { createActionsApp } from '../../../functions/actions/app.ts'
import type { Call } from '../../../functions/shared/call.ts'
import { createIdentity } from '../../../functions/shared/identity/identity.ts'
import { answerEvent } from '../../../functions/shared/lambda.ts'
import type { ActionStore } from '../../../functions/shared/stores/action-store.ts'
import { createDynamoDbActionStore } from '../../../functions/shared/stores/dynamodb/action-store.ts'
import { createDynamoDbTaskStore } from '../../../functions/shared/stores/dynamodb/task-store.ts'
import { type EventHandler, type SentHeaders, serveThrough } from '../../support/alb-event.ts'
import { RUNS_TABLE, type TestDatabase } from '../../support/dynamodb.ts'
import { functionSettings, NOW_MS } from '../../support/identity-fixture.ts'
import { memoryObjectStore } from '../../support/memory-object-store.ts'
import {
  byTaskSpec,
  named,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
  taskSpec,
} from '../runs/runs-function.ts'

export interface ActionsClients {
  readonly actions: Client<typeof ActionsService>
  readonly internal: Client<typeof InternalRunService>
}

export interface ActionsFunction extends ActionsClients {
  readonly handler: EventHandler
  readonly runs: RunsFunction
  readonly database: TestDatabase
  readonly store: ActionStore
  readonly lastCall: () => Call | undefined
  readonly setNow: (nowMs: number) => void
  /** Clients that send these headers with every call. */
  readonly clients: (headers: SentHeaders, options?: { json?: boolean }) => ActionsClients
  /** Makes a run of Ada's, by CreateRun. */
  readonly makeRun: (name: string) => Promise<void>
  /** What a run's owner sees of an action. */
  readonly details: DetailsReader
  readonly close: () => Promise<void>
}

type DetailsReader = Awaited<ReturnType<typeof readDetails>>

/** Starts it. Calls of {@link ActionsFunction.actions} carry no credential, as a task's do not. */
export async function startActionsFunction(): Promise<ActionsFunction> {
  const runs = await startRunsFunction()
  const { database, issuer, region } = runs
  let nowMs = NOW_MS
  let lastCall: Call | undefined
  const now = () => nowMs
  const settings = functionSettings(issuer.issuer)
  const { resolveCaller } = createIdentity({ settings, now, claimsStore: null, fetch: region.fetch })
  const { client } = database
  const store = createDynamoDbActionStore(client, RUNS_TABLE)
  const app = createActionsApp({
    authorizedUris: settings.authorizedUris,
    resolveCaller,
    now,
    actions: store,
    tasks: createDynamoDbTaskStore({
      client,
      tableName: RUNS_TABLE,
      objects: memoryObjectStore().store,
      storagePrefix: settings.runs.storagePrefix,
    }),
  })
  const telemetry = {
    callEnded({ call }: { call: Call }) {
      lastCall = call
    },
  }
  const handler: EventHandler = (event) => answerEvent({ app, telemetry }, event)
  const internal = await serveThrough(handler, { access: 'internal' })
  const details = await readDetails(runs)
  return {
    ...clientsOf(internal.url, {}, false),
    handler,
    runs,
    database,
    store,
    lastCall: () => lastCall,
    setNow: (ms) => {
      nowMs = ms
    },
    clients: (headers, { json = false } = {}) => clientsOf(internal.url, headers, json),
    makeRun: async (name) => {
      const ada = runs.clients(await runs.bearer('ada'))
      await ada.runs.createRun({ id: named(name), task: byTaskSpec() })
    },
    details,
    close: async () => {
      await internal.close()
      await runs.close()
    },
  }
}

async function readDetails(runs: RunsFunction) {
  const headers = await runs.bearer('grace')
  return async (run: string, name: string) => {
    const actionId = { run: runIdOf(run), name }
    return (await runs.clients(headers).runs.getActionDetails({ actionId })).details
  }
}

function clientsOf(baseUrl: string, headers: SentHeaders, useJson: boolean): ActionsClients {
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
    actions: createClient(ActionsService, transport),
    internal: createClient(InternalRunService, transport),
  }
}

/** The id of an action. */
export const actionId = (run: string, name: string) => ({ run: runIdOf(run), name })

type ActionInit = MessageInitShape<typeof ActionSchema>

/** The spec of a task, as the SDK sends it. */
export const task = (changes = {}) => ({ case: 'task' as const, value: { spec: taskSpec(), ...changes } })
export const trace = (changes = {}) => ({
  case: 'trace' as const,
  value: { name: 'step', phase: 5, outputs: { outputUri: 's3://bucket/x/outputs.pb' }, spec: {}, ...changes },
})
export const condition = (changes = {}) => ({
  case: 'condition' as const,
  value: { name: 'approve', prompt: 'Go on?', ...changes },
})

/** A child action as a running task asks for it: below `a0` unless said otherwise. */
export function child(run: string, name: string, changes: Partial<ActionInit> = {}) {
  return {
    action: {
      actionId: actionId(run, name),
      parentActionName: 'a0',
      inputUri: `s3://bucket/${run}/${name}/inputs.pb`,
      runOutputBase: `s3://bucket/${run}`,
      spec: task(),
      ...changes,
    } as ActionInit,
  }
}

/** Everything that a watch of an action's children answers. */
export async function watched(
  { actions }: Pick<ActionsClients, 'actions'>,
  run: string,
  parent = 'a0',
): Promise<{ updates: ActionUpdate[]; messages: WatchForUpdatesResponse[] }> {
  const messages: WatchForUpdatesResponse[] = []
  const filter = { case: 'parentActionId' as const, value: actionId(run, parent) }
  for await (const message of actions.watchForUpdates({ filter })) messages.push(message)
  const updates = messages.flatMap(({ message }) => (message.case === 'actionUpdate' ? [message.value] : []))
  return { updates, messages }
}

/** A stream of requests. */
export async function* stream<Request>(...requests: readonly Request[]): AsyncGenerator<Request> {
  yield* requests
}
