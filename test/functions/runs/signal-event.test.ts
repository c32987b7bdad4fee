/** A person answers a condition, in the messages of the SDK, which are newer than our generated code. */
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ActionIdentifierSchema } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { LiteralTypeSchema, SimpleType } from '@flyteorg/flyteidl2/flyteidl2/core/types_pb.ts'
import {
  ConditionActionMetadataSchema,
  ConditionActionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../functions/shared/errors.ts'
import { createDynamoDbActionStore } from '../../../functions/shared/stores/dynamodb/action-store.ts'
import { callThrough } from '../../support/alb-event.ts'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { NOW_MS } from '../../support/identity-fixture.ts'
import { putAction } from './action-fixture.ts'
import { type RunsFunction, runIdOf, startRunsFunction } from './runs-function.ts'

const RUN = 'asking'
const SUCCEEDED = 5
const PAUSED = 9
const CONDITION = 3
const TASK = 1

let service: RunsFunction
beforeAll(async () => {
  service = await startRunsFunction()
})
afterAll(() => service.close())

const typed = (simple: SimpleType) => ({ type: { case: 'simple' as const, value: simple } })

/** Makes a condition that waits for a value of a type. */
async function ask(name: string, simple: SimpleType): Promise<Uint8Array> {
  const detail = toBinary(
    ConditionActionSchema,
    create(ConditionActionSchema, { name, prompt: 'Go on?', type: typed(simple) }),
  )
  await putAction(service, RUN, {
    ...{ name, type: CONDITION, phase: PAUSED, atMs: NOW_MS },
    item: { detail: { B: detail } },
  })
  return detail
}

type Payload =
  | readonly ['bool', boolean]
  | readonly ['int', number]
  | readonly ['float', number]
  | readonly ['string', string]

function payloadBytes([kind, value]: Payload): Uint8Array {
  const writer = new BinaryWriter()
  if (kind === 'bool') writer.tag(1, WireType.Varint).bool(value)
  if (kind === 'int') writer.tag(2, WireType.Varint).int64(value)
  if (kind === 'float') writer.tag(3, WireType.Bit64).double(value)
  if (kind === 'string') writer.tag(4, WireType.LengthDelimited).string(value)
  return writer.finish()
}

interface Sent {
  readonly action?: string
  readonly parent?: string
  readonly payload?: Uint8Array | undefined
}

/** Sends the request as the SDK encodes it. */
async function signal({ action = '', parent = 'a0', payload }: Sent) {
  const id = toBinary(
    ActionIdentifierSchema,
    create(ActionIdentifierSchema, { run: runIdOf(RUN), name: action }),
  )
  const writer = new BinaryWriter()
  if (action !== '') writer.tag(1, WireType.LengthDelimited).bytes(id)
  writer.tag(2, WireType.LengthDelimited).string(parent)
  if (payload !== undefined) writer.tag(3, WireType.LengthDelimited).bytes(payload)
  const answer = await callThrough(service.handler, {
    method: 'POST',
    path: '/flyteidl2.workflow.RunService/SignalEvent',
    headers: { ...(await service.bearer()), 'content-type': 'application/proto' },
    body: writer.finish(),
  })
  return { status: answer.status, outcome: service.lastCall()?.outcome }
}

const findAction = (action: string) => {
  const { project, domain } = runIdOf(RUN)
  const store = createDynamoDbActionStore(service.database.client, RUNS_TABLE)
  return store.find({ run: { project, domain, name: RUN }, action })
}

describe('SignalEvent', () => {
  const values: [what: string, simple: SimpleType, payload: Payload][] = [
    ['yes', SimpleType.BOOLEAN, ['bool', true]],
    ['no', SimpleType.BOOLEAN, ['bool', false]],
    ['a whole number', SimpleType.INTEGER, ['int', -42]],
    ['a number', SimpleType.FLOAT, ['float', 1.5]],
    ['a text', SimpleType.STRING, ['string', 'go on']],
  ]
  for (const [what, simple, payload] of values) {
    it(`answers a condition with ${what}, once however often it is sent`, async () => {
      const action = `asks-${what.replaceAll(' ', '-')}`
      await ask(action, simple)
      for (let i = 0; i < 2; i += 1)
        expect(await signal({ action, payload: payloadBytes(payload) })).toEqual({
          status: 200,
          outcome: 'ok',
        })
      expect(await findAction(action)).toMatchObject({ phase: SUCCEEDED, value: expect.any(Uint8Array) })
    })
  }

  const refused: [what: string, sent: Sent, outcome: Outcome][] = [
    ['no action', { payload: payloadBytes(['bool', true]) }, 'request_invalid'],
    ['no payload', { action: 'waits' }, 'request_invalid'],
    ['a payload without a value', { action: 'waits', payload: new Uint8Array() }, 'request_invalid'],
    [
      'a payload that is cut off',
      { action: 'waits', payload: new Uint8Array([0x22, 0x09, 0x61]) },
      'request_malformed',
    ],
    [
      'a value of another type',
      { action: 'waits', payload: payloadBytes(['string', 'yes']) },
      'request_invalid',
    ],
    [
      'another parent',
      { action: 'waits', parent: 'b', payload: payloadBytes(['bool', true]) },
      'action_not_found',
    ],
    [
      'an action that is not there',
      { action: 'nothing', payload: payloadBytes(['bool', true]) },
      'action_not_found',
    ],
    ['a task', { action: 'works', payload: payloadBytes(['bool', true]) }, 'action_not_signalable'],
  ]
  beforeAll(async () => {
    await ask('waits', SimpleType.BOOLEAN)
    await putAction(service, RUN, { name: 'works', type: TASK, phase: 4, atMs: NOW_MS })
  })
  for (const [what, sent, outcome] of refused) {
    it(`refuses ${what}`, async () => {
      expect((await signal(sent)).outcome).toBe(outcome)
      expect((await findAction('waits'))?.phase).toBe(PAUSED)
    })
  }

  it('refuses a second answer that is another one', async () => {
    await ask('decided', SimpleType.BOOLEAN)
    await signal({ action: 'decided', payload: payloadBytes(['bool', true]) })
    const { outcome } = await signal({ action: 'decided', payload: payloadBytes(['bool', false]) })
    expect(outcome).toBe('action_not_signalable')
  })
})

describe('the details of a condition', () => {
  it('say what it asks and for which type, in fields of the SDK’s own version', async () => {
    const detail = await ask('described', SimpleType.INTEGER)
    const ada = service.clients(await service.bearer('ada'))
    const actionId = { run: runIdOf(RUN), name: 'described' }
    const { details } = await ada.runs.getActionDetails({ actionId })
    const lengthPrefixed = (bytes: Uint8Array) => new BinaryWriter().bytes(bytes).finish()
    expect(details?.$unknown).toMatchObject([{ no: 9, data: lengthPrefixed(detail) }])
    const spec = details?.metadata?.spec
    expect(spec?.case).toBe('condition')
    const type = toBinary(LiteralTypeSchema, create(LiteralTypeSchema, typed(SimpleType.INTEGER)))
    expect(create(ConditionActionMetadataSchema, spec?.value as never).$unknown).toMatchObject([
      { no: 5, data: lengthPrefixed(type) },
    ])
  })
})
