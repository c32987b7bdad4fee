/**
 * `DataProxyService.TailLogs`: the newest lines of an attempt, oldest first, and the end of the stream.
 *
 * A buffered answer cannot follow a log: it has what is there now, as much of its end as fits, and closes, which the
 * SDK takes for the end of the log. There is nothing in the request to go on from, so every call starts anew; lines
 * carry their times, by which a client that asks again knows what it has seen.
 */
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type TailLogsRequest,
  type TailLogsResponse,
  TailLogsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { LogLineOriginator } from '@flyteorg/flyteidl2/flyteidl2/logs/dataplane/payload_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { LogEvent } from '../../shared/stores/log-store.ts'
import { findAction } from '../actions.ts'
import { reportedAttempt } from '../attempts.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { logStreamName, podOf } from './log-stream.ts'

/** Fits into the load balancer's 1 MB as base64, compressed or not, with the few bytes that each line adds. */
export const MAX_LOG_BYTES = 600_000
/** What a line takes beside its message. */
const LINE_BYTES = 24
/** Containers of one attempt that are read. */
const MAX_STREAMS = 8

type TailDeps = Pick<ServiceDeps, 'actions' | 'logs' | 'logSettings'>

/**
 * Makes the method. It throws `action_not_found`; `feature_unconfigured` where this deployment reads no logs;
 * `logs_not_found` as long as there is no stream, upon which the SDK asks again a few times; `logs_unreadable`,
 * `logs_unavailable`.
 */
export function tailLogsMethod(deps: TailDeps) {
  return async function* (request: TailLogsRequest): AsyncGenerator<TailLogsResponse> {
    const { group, name } = await streamOf(deps, request)
    const streams = (await deps.logs.streamsAt(group, name)).slice(0, MAX_STREAMS)
    if (streams.length === 0) throw new ServiceError('logs_not_found')
    const read = await Promise.all(
      streams.map((stream) => deps.logs.newest({ group, name: stream }, MAX_LOG_BYTES)),
    )
    // Sorting keeps the order of what was written at the same time.
    const all = read.flatMap(({ events }) => events).toSorted((a, b) => a.timestampMs - b.timestampMs)
    const fitting = newestThatFit(all)
    const isWhole = fitting.length === all.length && !read.some(({ hasOlder }) => hasOlder)
    yield responseOf(fitting, isWhole ? undefined : olderLines(group, name, fitting[0]))
  }
}

async function streamOf(
  { actions, logSettings }: TailDeps,
  { actionId, attempt: requested, podName }: TailLogsRequest,
): Promise<{ group: string; name: string }> {
  const { action } = await findAction({ actions }, actionId)
  if (logSettings === null) {
    throw new ServiceError('feature_unconfigured', {
      message: 'This deployment reads no logs of tasks: its operators have not set runs.logs.',
    })
  }
  const attempt = requested === 0 ? action.attempts : requested
  const pod = podOf(reportedAttempt(action, attempt)?.logContext, podName)
  const { project, domain, name: run } = action.key
  const name = logStreamName(logSettings.stream, {
    ...{ project, domain, run, action: action.action },
    attempt,
    pod,
  })
  if (name === undefined) throw new ServiceError('logs_not_found')
  return { group: logSettings.group, name }
}

function newestThatFit(events: readonly LogEvent[]): readonly LogEvent[] {
  let bytes = 0
  let start = events.length
  while (start > 0) {
    bytes += Buffer.byteLength(events[start - 1]?.message ?? '') + LINE_BYTES
    if (bytes > MAX_LOG_BYTES) break
    start -= 1
  }
  return events.slice(start)
}

/** A first line that says what is missing before the others, in the name of the system. */
function olderLines(group: string, name: string, first: LogEvent | undefined) {
  return {
    ...(first === undefined ? {} : { timestamp: timestampFromMs(first.timestampMs) }),
    message: `[flyte] Older lines are in the log group ${group}, stream ${name}.\n`,
    originator: LogLineOriginator.SYSTEM,
  }
}

function responseOf(events: readonly LogEvent[], first: ReturnType<typeof olderLines> | undefined) {
  const lines = events.map(({ timestampMs, message }) => ({
    timestamp: timestampFromMs(timestampMs),
    // Clients print what they get: a line brings its own end.
    message: /[\r\n]$/.test(message) ? message : `${message}\n`,
    originator: LogLineOriginator.USER,
  }))
  return create(TailLogsResponseSchema, {
    logs: [{ lines: first === undefined ? lines : [first, ...lines] }],
  })
}
