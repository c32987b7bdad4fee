/**
 * `RunService.SignalEvent`: a person answers a condition.
 *
 * The method is newer than our generated code, and described here by one that is alike: on the wire, its request is
 * that of AbortAction (an action, and a text: the name of the parent) with the payload as a third field, and its
 * response is empty. So it is read in protobuf only, which is what the SDK sends.
 */
import { create } from '@bufbuild/protobuf'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import {
  type Literal,
  LiteralSchema,
  type Primitive,
} from '@flyteorg/flyteidl2/flyteidl2/core/literals_pb.ts'
import {
  type AbortActionRequest,
  type AbortActionResponse,
  AbortActionResponseSchema,
  RunService,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import { type SignalDeps, signalCondition } from '../shared/signal-condition.ts'

/** The method, as the router is told of it. */
export const SIGNAL_EVENT = {
  ...RunService.method.abortAction,
  name: 'SignalEvent',
  localName: 'signalEvent',
} as const

const PAYLOAD = 3

/** Makes the method. It throws what {@link signalCondition} throws. */
export function signalEventMethod(deps: SignalDeps) {
  return async (request: AbortActionRequest): Promise<AbortActionResponse> => {
    const { run, name: action } = required(request.actionId, 'action_id')
    const { project, domain, name } = required(run, 'action_id.run')
    const payload = request.$unknown?.findLast(({ no }) => no === PAYLOAD)?.data
    const literal = literalOf(required(payload && payloadIn(payload), 'payload'))
    const key = { run: { project, domain, name }, action }
    await signalCondition(deps, { key, parent: request.reason, literal })
    return create(AbortActionResponseSchema)
  }
}

function literalOf(value: Primitive['value']): Literal {
  const primitive = { case: 'primitive', value: { value } } as const
  return create(LiteralSchema, { value: { case: 'scalar', value: { value: primitive } } })
}

/** Reads an `EventPayload`; undefined for one without a value. */
function payloadIn(field: Uint8Array): Primitive['value'] | undefined {
  try {
    const reader = new BinaryReader(new BinaryReader(field).bytes())
    let value: Primitive['value'] | undefined
    while (reader.pos < reader.len) {
      const [no, wireType] = reader.tag()
      if (no === 1) value = { case: 'boolean', value: reader.bool() }
      else if (no === 2) value = { case: 'integer', value: BigInt(reader.int64()) }
      else if (no === 3) value = { case: 'floatValue', value: reader.double() }
      else if (no === 4) value = { case: 'stringValue', value: reader.string() }
      else reader.skip(wireType, no)
    }
    return value
  } catch (cause) {
    throw new ServiceError('request_malformed', { cause })
  }
}
