import type { AlbRequest, HeaderField } from './request.ts'

/** `routing.http.xff_header_processing.mode` */
export type ForwardedMode = 'append' | 'preserve' | 'remove'

const REPLACED = new Set(['x-forwarded-proto', 'x-forwarded-port', 'x-amzn-trace-id', 'x-forwarded-for'])

/**
 * The headers with those the load balancer adds: the scheme and port it was reached by, the trace id, and
 * `x-forwarded-for` with the client's address at its end. What a client sent in the first three is replaced;
 * what it sent as `x-forwarded-for` stays before the address that can be believed.
 */
export function forwardedHeaders(
  headers: readonly HeaderField[],
  request: AlbRequest,
  mode: ForwardedMode,
): HeaderField[] {
  const received = headers.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value)
  const kept = headers.filter(([name]) => !REPLACED.has(name))
  return [
    ...kept,
    ...forwardedFor(received, request.clientIp, mode),
    ['x-forwarded-proto', request.protocol],
    ['x-forwarded-port', String(request.port)],
    ['x-amzn-trace-id', request.traceId],
  ]
}

function forwardedFor(received: readonly string[], clientIp: string, mode: ForwardedMode): HeaderField[] {
  if (mode === 'remove') return []
  if (mode === 'preserve') return received.map((value) => ['x-forwarded-for', value])
  return [['x-forwarded-for', [...received, clientIp].join(', ')]]
}
