/**
 * `InternalRunService.RecordActionEvents`: what happened to attempts, with their outputs, errors and logs.
 *
 * Events tell about attempts and leave the phase of the action to its status: an attempt that failed is not the end
 * of an action that is tried again.
 */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type RecordActionEventStreamRequest,
  RecordActionEventStreamResponseSchema,
  type RecordActionEventsRequest,
  type RecordActionEventsResponse,
  RecordActionEventsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import type { ActionEvent } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import type { ActionKey, AttemptReport, StoredAction } from '../shared/stores/action-store.ts'
import { actionKeyOf } from './action-key.ts'
import { withEvents } from './attempt-record.ts'
import type { ActionsDeps } from './deps.ts'
import { errorInfoBytes } from './error-info.ts'
import { assertPhase } from './phase.ts'
import { answerEach, okStatus } from './results.ts'
import { severalAtOnce } from './several-at-once.ts'
import { assertAttempt } from './status.ts'
import { assertShort, MAX_URI_LENGTH } from './text.ts'
import { epochMsOf } from './time.ts'

/** How many attempts one call can be about. */
const MAX_ATTEMPTS_A_CALL = 500
const AT_ONCE = 25
/** How often a write is made again because another report about the same attempt came between. */
const MAX_TRIES = 5

type Deps = Pick<ActionsDeps, 'actions' | 'now'>

/** Makes the method. It throws `action_not_found`, `request_invalid`, `request_too_large`. */
export function recordActionEventsMethod(deps: Deps) {
  return async ({ events }: RecordActionEventsRequest): Promise<RecordActionEventsResponse> => {
    await record(deps, events)
    return create(RecordActionEventsResponseSchema, { status: okStatus() })
  }
}

/** The same for many events, each with an answer of its own that carries the request's nonce. */
export function recordActionEventStreamMethod(deps: Deps) {
  return (requests: AsyncIterable<RecordActionEventStreamRequest>, context: HandlerContext) =>
    answerEach(
      requests,
      context,
      ({ request }) => record(deps, [required(request?.event, 'request.event')]),
      ({ request, nonce }, status) =>
        create(RecordActionEventStreamResponseSchema, {
          response: { actionId: request?.event?.id, status },
          nonce,
        }),
    )
}

interface AttemptEvents {
  readonly key: ActionKey
  readonly attempt: number
  readonly events: ActionEvent[]
}

/** All events of one attempt are one write. */
async function record(deps: Deps, events: readonly ActionEvent[]): Promise<void> {
  const groups = new Map<string, AttemptEvents>()
  for (const event of events) {
    const group = checkedEvent(event)
    const id = JSON.stringify([group.key, group.attempt])
    groups.get(id)?.events.push(event) ?? groups.set(id, group)
  }
  if (groups.size > MAX_ATTEMPTS_A_CALL) {
    throw new ServiceError('request_too_large', {
      message: `events are about more than ${MAX_ATTEMPTS_A_CALL} attempts.`,
    })
  }
  await severalAtOnce([...groups.values()], AT_ONCE, (group) => recordAttempt(deps, group))
}

function checkedEvent(event: ActionEvent): AttemptEvents {
  const { id, attempt, phase, updatedTime, reportedTime, startTime, endTime, outputs, cluster } = event
  assertAttempt(attempt)
  assertPhase(phase, 'event.phase')
  for (const time of [updatedTime, reportedTime, startTime, endTime]) epochMsOf(time, 'A time of event')
  assertShort(outputs?.outputUri, 'event.outputs.output_uri', MAX_URI_LENGTH)
  assertShort(outputs?.reportUri, 'event.outputs.report_uri', MAX_URI_LENGTH)
  assertShort(cluster, 'event.cluster')
  return { key: actionKeyOf(id, 'event.id'), attempt, events: [event] }
}

async function recordAttempt({ actions, now }: Deps, group: AttemptEvents): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const action = await actions.find(group.key)
    if (action === undefined) throw new ServiceError('action_not_found')
    const report = reportOf(action, group, now())
    if (report === undefined) return
    const outcome = await actions.recordAttempt(group.key, report)
    if (outcome === 'changed') return
  }
  throw new ServiceError('store_throttled')
}

/** What is to be written; undefined if all of it has been. */
function reportOf(action: StoredAction, group: AttemptEvents, atMs: number): AttemptReport | undefined {
  const { attempt, events } = group
  const stored = action.attemptRecords.find((one) => one.attempt === attempt)
  const record = withEvents(stored, events)
  if (record === undefined) return undefined
  const isCurrent = attempt >= action.attempts
  const errorInfo = isCurrent ? events.findLast((event) => event.errorInfo)?.errorInfo : undefined
  const outputs = isCurrent ? events.findLast((event) => event.outputs?.outputUri)?.outputs : undefined
  return {
    record,
    replaces: stored?.version,
    atMs,
    outputsUri: outputs?.outputUri,
    errorInfo: errorInfo && errorInfoBytes(errorInfo),
  }
}
