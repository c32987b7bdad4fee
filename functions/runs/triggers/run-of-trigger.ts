/** What a trigger starts, read from what was deployed. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { OffloadedInputDataSchema } from '@flyteorg/flyteidl2/flyteidl2/common/run_pb.ts'
import { InputsSchema, TriggerAutomationSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import type {
  TriggerDetails,
  TriggerSpec,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { DocumentStore } from '../../shared/stores/document-store.ts'
import type { RunOfTrigger } from '../create-run/trigger-of-request.ts'
import { findTrigger, OFFLOADED_IN_TRIGGER } from './trigger-documents.ts'

/** Finds what a trigger starts. @throws {ServiceError} `trigger_not_found` */
export async function findRunOfTrigger(documents: DocumentStore, name: TriggerName): Promise<RunOfTrigger> {
  const details = await findTrigger(documents, name)
  if (details?.spec === undefined) throw new ServiceError('trigger_not_found')
  return runOfTrigger(details, details.spec)
}

/** What a trigger starts that was read before. */
export function runOfTrigger(
  { id, automationSpec }: Pick<TriggerDetails, 'id' | 'automationSpec'>,
  spec: TriggerSpec,
): RunOfTrigger {
  return {
    taskVersion: spec.taskVersion,
    inputWrapper: inputsOf(spec),
    runSpec: spec.runSpec,
    trigger: {
      name: id?.name?.name ?? '',
      revision: Number(id?.revision ?? 0n),
      automation: automationSpec && toBinary(TriggerAutomationSpecSchema, automationSpec),
    },
  }
}

/** Inputs that were uploaded are newer than our generated code, and win as they do upstream. */
function inputsOf({ inputs, $unknown: unknown }: TriggerSpec): RunOfTrigger['inputWrapper'] {
  const offloaded = unknown?.findLast(({ no }) => no === OFFLOADED_IN_TRIGGER)
  if (offloaded === undefined) return { case: 'inputs', value: inputs ?? create(InputsSchema) }
  const value = fromBinary(OffloadedInputDataSchema, new BinaryReader(offloaded.data).bytes())
  return { case: 'offloadedInputData', value }
}
