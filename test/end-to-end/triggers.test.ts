/** A trigger that fires by itself: the stack's own scheduler calls the function with the role of the template. */
import { setTimeout as sleep } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { TriggerNameSchema } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { TaskService } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { TriggerService } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { bearer, client, describeMaker, type Headers, PROJECT, sampleRun } from './support/clients.ts'

let stack: Stack
let headers: Headers
const lines: string[] = []

beforeAll(async () => {
  stack = await startStack({ port: 0, onLogLine: (name, line) => void lines.push(`${name} ${line}`) })
  headers = await bearer(stack, { person: 'ada' })
})
afterAll(() => stack?.close())

const MINUTE_MS = 60_000
const taskName = 'hello'
const name = create(TriggerNameSchema, {
  project: PROJECT.name,
  domain: PROJECT.domain,
  taskName,
  name: 'each-minute',
})

/** A trigger that is due for the first time in two seconds. */
async function deployTask(): Promise<void> {
  const { task } = sampleRun()
  const startTime = timestampFromMs(Date.now() + 2_000 - MINUTE_MS)
  await client(stack, TaskService, headers).deployTask({
    taskId: { project: PROJECT.name, domain: PROJECT.domain, name: taskName, version: 'v1' },
    spec: task.value as never,
    triggers: [
      {
        name: 'each-minute',
        spec: { active: true, inputs: { literals: [] } },
        automationSpec: {
          type: 2,
          automation: {
            case: 'schedule',
            value: {
              expression: { case: 'rate', value: { value: 1, unit: 1, startTime } },
              kickoffTimeInputArg: 'at',
            },
          },
        },
      },
    ],
  })
}

async function runsOfTrigger() {
  const scopeBy = { case: 'triggerName' as const, value: name }
  return (await client(stack, RunService, headers).listRuns({ scopeBy })).runs
}

it('a trigger is deployed, fires when it is due, once, as whoever deployed it, and not once it is off', async () => {
  await deployTask()
  const deadline = Date.now() + 15_000
  while ((await runsOfTrigger()).length === 0 && Date.now() < deadline) await sleep(200)
  const [run, ...more] = await runsOfTrigger()
  expect(more).toEqual([])
  expect(run?.action?.metadata).toMatchObject({ triggerName: 'each-minute', source: 3 })
  expect(describeMaker(run?.action?.metadata?.executedBy)).toMatchObject({
    kind: 'user',
    email: 'ada@example.com',
  })
  const triggers = client(stack, TriggerService, headers)
  expect((await triggers.getTriggerDetails({ name })).trigger?.status?.triggeredAt).toBeDefined()
  expect(lines.find((line) => line.includes('"operation":"trigger"'))).toContain('"trigger":"fired"')
  await triggers.updateTriggers({ names: [name], active: false })
  await triggers.deleteTriggers({ names: [name] })
  // Every call was allowed: of the function, by its role, and of the scheduler, by the one that it was handed.
  expect(lines.filter((line) => line.includes('may not'))).toEqual([])
})
