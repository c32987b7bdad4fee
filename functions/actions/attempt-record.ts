/** One attempt, put together from the events about it. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import {
  type ActionAttempt,
  ActionAttemptSchema,
  type ActionEvent,
  type ClusterEvent,
  PhaseTransitionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import type { AttemptRecord } from '../shared/stores/action-store.ts'
import { shortened } from './error-info.ts'
import { isEnd } from './phase.ts'

/** It shares an item of 400 KB with everything else about the action, and with a few other attempts. */
export const MAX_RECORD_BYTES = 6 * 1024
const MAX_CLUSTER_EVENTS = 10
const MAX_EVENT_MESSAGE = 200
const MAX_LOGS = 10
const MAX_TRANSITIONS = 16
const MAX_ERROR_LENGTH = 1_000

const VERSIONS_A_PHASE = 2 ** 32

/** Orders the events of one attempt: by phase, every end last, and within a phase by the version it was sent with. */
export function versionOf({ phase, version }: ActionEvent): number {
  const rank = isEnd(phase) ? ActionPhase.PAUSED + 1 : phase
  return rank * VERSIONS_A_PHASE + version
}

/**
 * Adds events to what is known of an attempt. Undefined if none of them is newer: the same event never counts twice.
 * The events are of this attempt, in any order.
 */
export function withEvents(
  stored: AttemptRecord | undefined,
  events: readonly ActionEvent[],
): AttemptRecord | undefined {
  const newer = events
    .filter((event) => stored === undefined || versionOf(event) > stored.version)
    .sort((a, b) => versionOf(a) - versionOf(b))
  const last = newer.at(-1)
  if (last === undefined) return undefined
  const attempt = newer.reduce(withEvent, readRecord(stored, last.attempt))
  return { attempt: last.attempt, version: versionOf(last), record: recordBytes(attempt) }
}

function readRecord(stored: AttemptRecord | undefined, attempt: number): ActionAttempt {
  try {
    if (stored) return fromBinary(ActionAttemptSchema, stored.record)
  } catch {
    // What cannot be read is put together anew.
  }
  return create(ActionAttemptSchema, { attempt })
}

function withEvent(attempt: ActionAttempt, event: ActionEvent): ActionAttempt {
  const at = event.updatedTime ?? event.reportedTime
  const { logInfo, logContext, errorInfo } = event
  return {
    ...attempt,
    phase: event.phase === 0 ? attempt.phase : event.phase,
    startTime: earlier(attempt.startTime, event.startTime ?? at),
    endTime: isEnd(event.phase) ? (event.endTime ?? at) : undefined,
    errorInfo: errorInfo ? shortened(errorInfo, MAX_ERROR_LENGTH) : attempt.errorInfo,
    logInfo: logInfo.length > 0 ? logInfo.slice(0, MAX_LOGS) : attempt.logInfo,
    logContext: logContext ?? attempt.logContext,
    logsAvailable: attempt.logsAvailable || logInfo.length > 0 || logContext !== undefined,
    outputs: event.outputs ?? attempt.outputs,
    cacheStatus: event.cacheStatus || attempt.cacheStatus,
    cluster: event.cluster || attempt.cluster,
    clusterEvents: withClusterEvents(attempt.clusterEvents, event.clusterEvents),
    phaseTransitions: withTransition(attempt, event.phase, at),
  }
}

function earlier(a: Timestamp | undefined, b: Timestamp | undefined): Timestamp | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return timestampMs(b) < timestampMs(a) ? b : a
}

function withClusterEvents(known: ClusterEvent[], added: readonly ClusterEvent[]): ClusterEvent[] {
  const short = added.map((one) => ({
    ...one,
    message: one.message.slice(0, MAX_EVENT_MESSAGE).toWellFormed(),
  }))
  return [...known, ...short].slice(-MAX_CLUSTER_EVENTS)
}

function withTransition(
  { phaseTransitions }: ActionAttempt,
  phase: ActionPhase,
  at: Timestamp | undefined,
): ActionAttempt['phaseTransitions'] {
  const last = phaseTransitions.at(-1)
  if (phase === 0 || last?.phase === phase) return phaseTransitions
  const before = last === undefined ? [] : [...phaseTransitions.slice(0, -1), withEnd(last, at)]
  const next = create(PhaseTransitionSchema, { phase, startTime: at, endTime: isEnd(phase) ? at : undefined })
  return [...before, next].slice(-MAX_TRANSITIONS)
}

function withEnd<Transition extends { endTime?: Timestamp }>(
  transition: Transition,
  endTime: Timestamp | undefined,
): Transition {
  return endTime === undefined ? transition : { ...transition, endTime }
}

/** What an attempt goes without, one after the other, until it is short enough. */
const DISPENSABLE: readonly Partial<ActionAttempt>[] = [
  { clusterEvents: [] },
  { phaseTransitions: [] },
  { logInfo: [] },
  { logContext: undefined as never },
  { errorInfo: undefined as never },
]

function recordBytes(attempt: ActionAttempt): Uint8Array {
  let short = attempt
  let bytes = toBinary(ActionAttemptSchema, short)
  for (const less of DISPENSABLE) {
    if (bytes.length <= MAX_RECORD_BYTES) break
    short = { ...short, ...less }
    bytes = toBinary(ActionAttemptSchema, short)
  }
  return bytes
}
