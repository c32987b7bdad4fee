/**
 * Log lines, metrics and traces: one JSON line and one metric a call, written in one place.
 *
 * Nothing received is logged: only our own names, counts and the two ids that tie a call to the load
 * balancer's access log and to its client.
 */
import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger'
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { Call } from './call.ts'
import type { HttpRequest, HttpResponse } from './http/message.ts'
import { sourceFrame } from './source-position.ts'

export interface EndedCall {
  /** Undefined if the event itself could not be read. */
  readonly request: HttpRequest | undefined
  readonly response: HttpResponse
  readonly call: Call
  readonly durationMs: number
}

export interface Telemetry {
  /** Writes what happened to one call. */
  readonly callEnded: (ended: EndedCall) => void
}

/**
 * Makes the telemetry of a function. Names come from the Powertools environment that the stack sets
 * (`POWERTOOLS_SERVICE_NAME`, `POWERTOOLS_METRICS_NAMESPACE`, `POWERTOOLS_LOG_LEVEL`).
 */
export function createTelemetry(): Telemetry {
  const logger = new Logger({ logFormatter: new PlainFormatter() })
  const metrics = new Metrics()
  return {
    callEnded({ request, response, call, durationMs }) {
      const entry = {
        requestId: request?.requestId,
        traceId: request?.traceId,
        access: request?.access,
        method: request && (METHODS.has(request.method) ? request.method : 'other'),
        operation: call.operation,
        outcome: call.outcome,
        status: response.status,
        durationMs: Math.round(durationMs * 1000) / 1000,
        ...call.notes,
        ...(call.error === undefined ? {} : { causes: causeNames(call.error) }),
      }
      if (response.status >= 500) logger.error('call failed', entry)
      else logger.info('call answered', entry)
      recordMetric(metrics, call, durationMs)
    },
  }
}

/** The usual attributes without those that we never set; the usual formatter looks into the environment each time. */
class PlainFormatter extends LogFormatter {
  override formatAttributes(attributes: UnformattedAttributes, more: LogAttributes): LogItem {
    const { logLevel: level, message, timestamp, serviceName: service, xRayTraceId } = attributes
    return new LogItem({
      attributes: {
        level,
        message,
        timestamp: timestamp.toISOString(),
        service,
        xray_trace_id: xRayTraceId,
        ...more,
      },
    })
  }
}

/** The methods that are logged by name; any other is a received text. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function recordMetric(metrics: Metrics, call: Call, durationMs: number): void {
  metrics.addDimensions({ operation: call.operation, outcome: call.outcome })
  metrics.addMetric('Calls', MetricUnit.Count, 1)
  metrics.addMetric('Duration', MetricUnit.Milliseconds, durationMs)
  metrics.publishStoredMetrics()
}

/**
 * The names of the errors underneath, outermost first: enough to find the place, and free of received text.
 * The stack's frames of an unexpected error are added, because they name our files only.
 */
function causeNames(error: Error): string[] {
  const names: string[] = []
  for (let cause: unknown = error.cause; cause instanceof Error && names.length < 5; cause = cause.cause) {
    names.push([cause.name, firstFrame(cause)].filter(Boolean).join(' '))
  }
  return names
}

function firstFrame(error: Error): string | undefined {
  const { stack = '', message } = error
  // The stack begins with the message, and a line of that may look like a frame.
  const start = stack.indexOf(message)
  const frames = start < 0 ? '' : stack.slice(start + message.length)
  const frame = /^\s*(at .+)$/m.exec(frames)?.[1]
  return frame && sourceFrame(frame)
}
