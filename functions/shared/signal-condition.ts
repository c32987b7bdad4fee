/** The value that a condition has been waiting for: from a person, by `runs`, or from a program, by `actions`. */
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Literal, LiteralSchema } from '@flyteorg/flyteidl2/flyteidl2/core/literals_pb.ts'
import { SimpleType } from '@flyteorg/flyteidl2/flyteidl2/core/types_pb.ts'
import { ConditionActionSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import type { Clock } from './clock.ts'
import { ServiceError } from './errors.ts'
import { type ActionKey, type ActionStore, KIND_CONDITION, type StoredAction } from './stores/action-store.ts'

/** Signals are answers of people and programs, not data; parents are sent them inline. */
export const MAX_VALUE_BYTES = 16 * 1024

export interface Signal {
  readonly key: ActionKey
  /** The action that asked for the condition. */
  readonly parent: string
  readonly literal: Literal
}

export interface SignalDeps {
  readonly actions: Pick<ActionStore, 'find' | 'signal'>
  readonly now: Clock
}

/**
 * Signals a condition. The first signal counts; the same one sent again is answered like the first, another one is
 * refused.
 *
 * @throws {ServiceError} `action_not_found`, `action_not_signalable`, `request_too_large`, and `request_invalid` for a
 *   value of another type than the condition's.
 */
export async function signalCondition(
  { actions, now }: SignalDeps,
  { key, parent, literal }: Signal,
): Promise<void> {
  const value = valueBytes(literal)
  const action = await actions.find(key)
  if (action === undefined || action.parent !== parent) throw new ServiceError('action_not_found')
  if (action.kind !== KIND_CONDITION) throw new ServiceError('action_not_signalable')
  assertType(action, literal)
  const outcome = await actions.signal(key, { value, atMs: now() })
  if (outcome === 'not-found') throw new ServiceError('action_not_found')
  if (outcome === 'outdated') await assertSignalled(actions, key, value)
}

/** A signal whose answer was lost finds itself. */
async function assertSignalled(
  actions: SignalDeps['actions'],
  key: ActionKey,
  value: Uint8Array,
): Promise<void> {
  const stored = (await actions.find(key))?.value
  if (stored === undefined || Buffer.compare(stored, value) !== 0) {
    throw new ServiceError('action_not_signalable')
  }
}

function valueBytes(value: Literal): Uint8Array {
  const bytes = toBinary(LiteralSchema, value)
  if (bytes.length > MAX_VALUE_BYTES) {
    throw new ServiceError('request_too_large', { message: `value is larger than ${MAX_VALUE_BYTES} bytes.` })
  }
  return bytes
}

/** What a literal of a simple type holds. */
const PRIMITIVES: Readonly<Record<number, string>> = {
  [SimpleType.INTEGER]: 'integer',
  [SimpleType.FLOAT]: 'floatValue',
  [SimpleType.STRING]: 'stringValue',
  [SimpleType.BOOLEAN]: 'boolean',
  [SimpleType.DATETIME]: 'datetime',
  [SimpleType.DURATION]: 'duration',
}

/** Checks the simple types, which are all that the SDK declares conditions with; others are taken as they are. */
function assertType({ detail }: StoredAction, literal: Literal): void {
  const type = detail && fromBinary(ConditionActionSchema, detail).type?.type
  const expected = type?.case === 'simple' ? PRIMITIVES[type.value] : undefined
  if (expected === undefined) return
  const scalar = literal.value.case === 'scalar' ? literal.value.value.value : undefined
  const sent = scalar?.case === 'primitive' ? scalar.value.value.case : undefined
  if (sent !== expected) {
    throw new ServiceError('request_invalid', {
      message: 'value is not of the type that the condition declares.',
    })
  }
}
