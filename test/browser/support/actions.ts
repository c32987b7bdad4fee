/** What a running task would do: actions inside a run, written as the function `actions` writes them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  type ActionStore,
  KIND_CONDITION,
  KIND_TASK,
  KIND_TRACE,
  type NewAction,
} from '../../../functions/shared/stores/action-store.ts'
import { createDynamoDbActionStore } from '../../../functions/shared/stores/dynamodb/action-store.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import type { Stack } from '../../../local/stack.ts'

const KINDS = { task: KIND_TASK, trace: KIND_TRACE, condition: KIND_CONDITION } as const

/** The phases that tests put actions in, by the numbers of the `ActionPhase` enum. */
export const PHASES = { queued: 1, running: 4, succeeded: 5, failed: 6, paused: 9 } as const

export interface ActionInside {
  readonly name: string
  readonly parent: string
  /** What it is called by people. */
  readonly label: string
  readonly phase: keyof typeof PHASES
  readonly kind?: keyof typeof KINDS
  readonly group?: string
  readonly attempts?: number
}

export interface ActionWriter {
  /** Makes an action, one second after the one before it, two seconds long if it has ended. */
  readonly add: (run: string, action: ActionInside) => Promise<void>
  readonly change: (run: string, action: string, phase: keyof typeof PHASES) => Promise<void>
  readonly close: () => void
}

/** Writes into the database of a stack. */
export function openActionWriter(stack: Stack): ActionWriter {
  const client = new DynamoDBClient({
    endpoint: stack.endpoints.dynamodb,
    region: stack.region,
    credentials: LOCAL_CREDENTIALS,
  })
  const table = stack.tables.find((name) => /runs/i.test(name))
  if (table === undefined) throw new TypeError('the stack has no table of runs')
  const store = createDynamoDbActionStore(client, table)
  let made = 0
  return {
    async add(run, action) {
      made += 1
      await store.create(await actionInside(store, run, action, made * 1_000))
    },
    async change(run, action, phase) {
      const key = { run: keyOf(run), action }
      const atMs = Date.now()
      await store.changeStatus(key, {
        phase: PHASES[phase],
        attempt: 1,
        atMs,
        endedAtMs: phase === 'succeeded' || phase === 'failed' ? atMs : undefined,
        state: undefined,
        errorInfo: undefined,
      })
    },
    close: () => client.destroy(),
  }
}

const keyOf = (name: string) => ({ project: 'flytesnacks', domain: 'development', name })

async function actionInside(
  store: Pick<ActionStore, 'find'>,
  run: string,
  { name, parent, label, phase, kind = 'task', group = '', attempts = 1 }: ActionInside,
  afterMs: number,
): Promise<NewAction> {
  const root = await store.find({ run: keyOf(run), action: 'a0' })
  if (root === undefined) throw new TypeError(`there is no run ${run}`)
  const startedAtMs = root.startedAtMs + afterMs
  const hasEnded = phase === 'succeeded' || phase === 'failed'
  return {
    ...root,
    action: name,
    kind: KINDS[kind],
    parent,
    group,
    phase: PHASES[phase],
    attempts,
    createdAtMs: startedAtMs,
    updatedAtMs: startedAtMs,
    startedAtMs,
    endedAtMs: hasEnded ? startedAtMs + 2_000 : undefined,
    task: { ...root.task, name: `samples.${label}`, shortName: label },
    outputBase: '',
    cacheKey: '',
    cluster: '',
    detail: undefined,
    timesOutAtMs: undefined,
  }
}
