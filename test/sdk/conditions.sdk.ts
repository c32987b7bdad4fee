/** Conditions: a run waits for somebody, who finds it and answers. Here the test makes the condition, as a task would. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { create, toBinary } from '@bufbuild/protobuf'
import { SimpleType } from '@flyteorg/flyteidl2/flyteidl2/core/types_pb.ts'
import { ConditionActionSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KIND_CONDITION, PHASE_PAUSED } from '../../functions/shared/stores/action-store.ts'
import { createDynamoDbActionStore } from '../../functions/shared/stores/dynamodb/action-store.ts'
import { LOCAL_CREDENTIALS } from '../../local/aws/credentials.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { createSdk, DOMAIN, json, type Outcome, PROJECT, type Sdk } from './support/sdk.ts'

let stack: Stack
let sdk: Sdk
let configs: { ada: string; grace: string }
let database: DynamoDBClient

beforeAll(async () => {
  stack = await startStack({ port: 0, tls: true })
  sdk = await createSdk(stack)
  configs = { ada: await sdk.configureAs('ada'), grace: await sdk.configureAs('grace') }
  const { region, endpoints } = stack
  database = new DynamoDBClient({ region, endpoint: endpoints.dynamodb, credentials: LOCAL_CREDENTIALS })
})
afterAll(async () => {
  database?.destroy()
  await sdk?.dispose()
  await stack?.close()
})

const flyte = (person: keyof typeof configs, ...args: string[]): Promise<Outcome> =>
  sdk.flyte(['--config', configs[person], '-of', 'json-raw', ...args])
const storeOf = () =>
  createDynamoDbActionStore(database, stack.tables.find((name) => /runs/i.test(name)) ?? '')

/** Starts a run that asks for a value of a type. */
async function askIn(name: string, simple: SimpleType): Promise<void> {
  expect((await flyte('ada', 'run', '--name', name, 'tasks.py', 'greet', '--name', 'you')).status).toBe(0)
  const run = { project: PROJECT, domain: DOMAIN, name }
  const root = await storeOf().find({ run, action: 'a0' })
  if (root === undefined) throw new TypeError('there is no such run')
  const type = { type: { case: 'simple' as const, value: simple } }
  const condition = create(ConditionActionSchema, { name: 'approval', prompt: 'Ship it?', type })
  const made = await storeOf().create({
    ...root,
    ...{ action: 'approve', parent: 'a0', kind: KIND_CONDITION, phase: PHASE_PAUSED },
    ...{ detail: toBinary(ConditionActionSchema, condition), taskSpecDigest: '' },
  })
  expect(made).toEqual({ created: true })
}
const answer = async (name: string, value: string) =>
  flyte('grace', 'signal', 'condition', name, 'approve', value)

interface Listed {
  readonly action: { readonly id: { readonly run: { readonly name: string } } }
}
async function pausedRuns(): Promise<string[]> {
  const runs = json(await flyte('grace', 'get', 'run', '--paused-only')) as Listed[]
  return runs.map(({ action }) => action.id.run.name)
}

describe('a run that waits for somebody', () => {
  it('is found, answered, and does not wait any longer', async () => {
    await askIn('ship', SimpleType.BOOLEAN)
    expect(await pausedRuns()).toEqual(['ship'])
    const { status, text } = await answer('ship', 'true')
    expect(text).toContain('signaling with: True')
    expect(status).toBe(0)
    expect(await pausedRuns()).toEqual([])
    expect((await flyte('ada', 'get', 'action', 'ship', 'approve')).text).toContain('ACTION_PHASE_SUCCEEDED')
  })

  it('takes a value of its type only, and one', async () => {
    await askIn('count', SimpleType.INTEGER)
    const wrong = await answer('count', 'many')
    expect(wrong.status).not.toBe(0)
    expect((await answer('count', '3')).status).toBe(0)
    const { status, text } = await answer('count', '4')
    expect(status).toBe(1)
    expect(text).toContain('The action is not a condition that is waiting for its signal.')
  })
})
