/** A request as connect takes it. */
import type { ContextValues } from '@connectrpc/connect'
import type { UniversalServerRequest } from '@connectrpc/connect/protocol'
import { ServiceError } from '../errors.ts'
import type { HeaderLines, HttpRequest } from '../http/message.ts'
import { NEVER_ABORTED } from './light-signals.ts'

/**
 * The headers that the protocol is made of. Methods find every other one in the request itself, so that a
 * header which has nothing to do with the call, and which connect could not hold, does not refuse it.
 */
const PROTOCOL_HEADERS = [
  'accept-encoding',
  'connect-accept-encoding',
  'connect-content-encoding',
  'connect-protocol-version',
  'connect-timeout-ms',
  'content-encoding',
  'content-type',
]

/** The longest time that Node's timers count; a longer timeout would end at once. */
const MAX_TIMEOUT_MS = 2_147_483_647

/**
 * Turns a request into connect's form of it.
 *
 * @throws {ServiceError} `request_malformed` for a protocol header that is not one.
 */
export function universalRequest(request: HttpRequest, contextValues: ContextValues): UniversalServerRequest {
  return {
    // With 1.1 connect refuses calls that stream both ways. Ours are complete before they are answered, whatever
    // the client speaks to the load balancer: one that sends first and reads then is served.
    httpVersion: '2.0',
    method: request.method,
    url: `https://rpc.invalid${request.path}${request.query ? `?${request.query}` : ''}`,
    header: protocolHeaders(request.headers),
    body: oneChunk(request.body),
    signal: NEVER_ABORTED,
    contextValues,
  }
}

/** Written out, because a generator costs each call a microsecond more. */
function oneChunk(value: Uint8Array): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      let isDone = false
      return {
        next() {
          if (isDone) return Promise.resolve({ done: true, value: undefined })
          isDone = true
          return Promise.resolve({ done: false, value })
        },
      }
    },
  }
}

function protocolHeaders(lines: HeaderLines): Headers {
  const headers = new Headers()
  try {
    for (const name of PROTOCOL_HEADERS) for (const value of lines[name] ?? []) headers.append(name, value)
  } catch (cause) {
    throw new ServiceError('request_malformed', { message: 'A request header cannot be read.', cause })
  }
  const timeout = headers.get('connect-timeout-ms') ?? ''
  if (/^\d{10}$/.test(timeout) && Number(timeout) > MAX_TIMEOUT_MS) {
    headers.set('connect-timeout-ms', String(MAX_TIMEOUT_MS))
  }
  return headers
}
