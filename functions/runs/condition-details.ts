/**
 * What the details of a condition say beside those of a task: what it asks, and for which type of value. Both fields
 * are newer than our generated code, and go out by their numbers.
 */
import { fromBinary, toBinary, type UnknownField } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { LiteralTypeSchema } from '@flyteorg/flyteidl2/flyteidl2/core/types_pb.ts'
import {
  type ActionDetails,
  ConditionActionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { KIND_CONDITION, type StoredAction } from '../shared/stores/action-store.ts'

/** `ActionDetails.condition`: a `ConditionAction`, one of the specs. */
const DETAILS_CONDITION = 9
/** `ConditionActionMetadata.type` */
const METADATA_TYPE = 5

/** Adds them to the details of a condition; those of every other action stay as they are. */
export function withCondition(details: ActionDetails, { kind, detail }: StoredAction): ActionDetails {
  if (kind !== KIND_CONDITION || detail === undefined) return details
  details.$unknown = [field(DETAILS_CONDITION, detail)]
  const { type } = fromBinary(ConditionActionSchema, detail)
  const spec = details.metadata?.spec
  if (type !== undefined && spec?.case === 'condition') {
    spec.value.$unknown = [field(METADATA_TYPE, toBinary(LiteralTypeSchema, type))]
  }
  return details
}

function field(no: number, bytes: Uint8Array): UnknownField {
  return { no, wireType: WireType.LengthDelimited, data: new BinaryWriter().bytes(bytes).finish() }
}
