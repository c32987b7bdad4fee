/** A child as its parent reads it. */
import { create, fromBinary } from '@bufbuild/protobuf'
import { type Literal, LiteralSchema } from '@flyteorg/flyteidl2/flyteidl2/core/literals_pb.ts'
import {
  type ActionUpdate,
  ActionUpdateSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/state_service_pb.ts'
import {
  type ActionKey,
  type ChildSummary,
  KIND_TASK,
  PHASE_FAILED,
  PHASE_TIMED_OUT,
} from '../shared/stores/action-store.ts'
import { actionIdOf } from './action-key.ts'
import { executionErrorOf } from './error-info.ts'

export interface ChildUpdateOptions {
  readonly parent: ActionKey
  /** As received; it is no part of a key. */
  readonly org: string
  /** The longest message of an error, in UTF-16 units. */
  readonly maxErrorLength: number
}

/** The update about a child: its phase, and what its parent goes on with. */
export function childUpdate(child: ChildSummary, options: ChildUpdateOptions): ActionUpdate {
  const { name, phase } = child
  const hasFailed = phase === PHASE_FAILED || phase === PHASE_TIMED_OUT
  return create(ActionUpdateSchema, {
    actionId: actionIdOf(options.parent, name, options.org),
    phase,
    error: hasFailed ? executionErrorOf(child.errorInfo, options.maxErrorLength) : undefined,
    outputUri: outputUriOf(child),
    value: literalOf(child.value),
  })
}

/**
 * Of a task the directory that has `outputs.pb` in it, to which the parent adds that name; of anything else the URI
 * as it was given. A task that has reported no outputs gets the directory of its attempt, where they will be.
 */
export function outputUriOf(child: ChildSummary): string {
  const { kind, name, attempts, outputsUri, outputBase } = child
  if (kind !== KIND_TASK) return outputsUri
  if (outputsUri !== '') return outputsUri.replace(/(?:\/outputs\.pb)?\/*$/, '')
  return outputBase === '' ? '' : `${outputBase}/${name}/${attempts}`
}

function literalOf(bytes: Uint8Array | undefined): Literal | undefined {
  return bytes && fromBinary(LiteralSchema, bytes)
}
