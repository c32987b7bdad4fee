/** The attempts at an action, as whoever executes it reported them. */
import { fromBinary } from '@bufbuild/protobuf'
import {
  type ActionAttempt,
  ActionAttemptSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import type { AttemptRecord, StoredAction } from '../shared/stores/action-store.ts'

/**
 * Every attempt that was reported, and the last one as the status tells it where nobody reported it: clients look
 * for the number in the status among the attempts. Records that cannot be read are left out.
 */
export function attemptsOf({ attemptRecords }: StoredAction, last: ActionAttempt): ActionAttempt[] {
  const reported = attemptRecords.flatMap((one) => readAttempt(one) ?? [])
  return reported.some(({ attempt }) => attempt === last.attempt) ? reported : [...reported, last]
}

/** One attempt as it was reported; undefined if it was not. */
export function reportedAttempt(
  { attemptRecords }: StoredAction,
  attempt: number,
): ActionAttempt | undefined {
  const record = attemptRecords.find((one) => one.attempt === attempt)
  return record && readAttempt(record)
}

function readAttempt({ attempt, record }: AttemptRecord): ActionAttempt | undefined {
  try {
    return { ...fromBinary(ActionAttemptSchema, record), attempt }
  } catch {
    return undefined
  }
}
