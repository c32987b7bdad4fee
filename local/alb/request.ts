import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { AlbError } from './errors.ts'

/** A header as it goes to the function: lower-case name, one value; repeated names are repeated fields. */
export type HeaderField = readonly [name: string, value: string]

/** A received request, read once; nothing in it is decoded or trusted. */
export interface AlbRequest {
  readonly method: string
  /** As sent: percent-encoded, without the query. */
  readonly path: string
  /** As sent, without the question mark; empty if there is none. */
  readonly query: string
  readonly headers: readonly HeaderField[]
  /** The Host header with its port, if there is one. */
  readonly host: string | undefined
  readonly clientIp: string
  readonly protocol: 'http' | 'https'
  /** The port this load balancer listens on. */
  readonly port: number
  /** The value of `x-amzn-trace-id` that the function gets. */
  readonly traceId: string
  /** Reads the body. @throws {AlbError} 413 if it is longer than `maxBytes`, read or announced. */
  readonly readBody: (maxBytes: number) => Promise<Buffer>
}

const KIB = 1024
const MAX_LINE_BYTES = 16 * KIB
const MAX_FIELD_BYTES = 16 * KIB
const MAX_HEADER_BYTES = 64 * KIB
const MAX_FORWARDED_ADDRESSES = 30
const VALID_FIELD_NAME = /^[-A-Za-z0-9]+$/

export interface ReadRequestOptions {
  readonly port: number
  /** `routing.http.drop_invalid_header_fields.enabled` */
  readonly dropInvalidHeaderFields: boolean
  readonly nowMs: number
}

/**
 * Turns a parsed HTTP message into an {@link AlbRequest} and applies the documented limits: a request line
 * of 16 K (414), 16 K for one header and 64 K for all of them (400), 30 forwarded addresses (463), no TRACE
 * (405), no transfer encoding but chunked and identity (501). Header bytes that are not UTF-8 are kept as
 * they are and refused when they reach a function.
 *
 * @throws {AlbError} 400, 405, 414, 463, 501
 */
export function readRequest(message: IncomingMessage, options: ReadRequestOptions): AlbRequest {
  const method = message.method ?? 'GET'
  const target = message.url ?? '/'
  assertLimits(method, target, message.rawHeaders)
  if (method === 'TRACE') throw new AlbError(405)
  assertTransferEncoding(message.headers['transfer-encoding'])
  const headers = readFields(message.rawHeaders, options.dropInvalidHeaderFields)
  assertForwardedAddresses(headers)
  const { path, query, authority } = splitTarget(target)
  return {
    method,
    path,
    query,
    headers,
    host: authority ?? firstValue(headers, 'host'),
    clientIp: plainAddress(message.socket.remoteAddress ?? ''),
    protocol: (message.socket as Partial<TLSSocket>).encrypted ? 'https' : 'http',
    port: options.port,
    traceId: traceId(firstValue(headers, 'x-amzn-trace-id'), options.nowMs),
    readBody: (maxBytes) => readBody(message, maxBytes),
  }
}

/** The first value of a header, if the request has it. `name` is lower-case. */
export function firstValue(headers: readonly HeaderField[], name: string): string | undefined {
  return headers.find((field) => field[0] === name)?.[1]
}

/** The host of a Host header, without its port and in lower case. */
export function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase()
}

function assertLimits(method: string, target: string, rawHeaders: readonly string[]): void {
  // "GET /path HTTP/1.1": the method, two spaces and the version belong to the line.
  if (method.length + target.length + 10 > MAX_LINE_BYTES) throw new AlbError(414)
  let total = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    // Node hands over one UTF-16 unit a byte, so length counts bytes; ": " and CRLF are four more.
    const size = (rawHeaders[i]?.length ?? 0) + (rawHeaders[i + 1]?.length ?? 0) + 4
    if (size > MAX_FIELD_BYTES) throw new AlbError(400)
    total += size
  }
  if (total > MAX_HEADER_BYTES) throw new AlbError(400)
}

function assertTransferEncoding(encoding: string | undefined): void {
  const unknown = encoding?.split(',').some((part) => !/^\s*(?:chunked|identity)\s*$/i.test(part))
  if (unknown) throw new AlbError(501)
}

function readFields(rawHeaders: readonly string[], dropInvalid: boolean): HeaderField[] {
  const fields: HeaderField[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (dropInvalid && !VALID_FIELD_NAME.test(name)) continue
    fields.push([name.toLowerCase(), rawHeaders[i + 1] ?? ''])
  }
  return fields
}

function assertForwardedAddresses(headers: readonly HeaderField[]): void {
  let addresses = 0
  for (const [name, value] of headers) {
    if (name === 'x-forwarded-for') addresses += value.split(',').length
  }
  if (addresses > MAX_FORWARDED_ADDRESSES) throw new AlbError(463)
}

function splitTarget(target: string): { path: string; query: string; authority: string | undefined } {
  // A request to a proxy has the absolute form; its authority replaces Host (RFC 9112, 3.2.2).
  const absolute = /^https?:\/\/([^/?#]*)([\s\S]*)$/i.exec(target)
  const rest = absolute ? absolute[2] || '/' : target
  const mark = rest.indexOf('?')
  const path = mark < 0 ? rest : rest.slice(0, mark)
  return {
    path: path === '' ? '/' : path,
    query: mark < 0 ? '' : rest.slice(mark + 1),
    authority: absolute?.[1],
  }
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** Keeps a client's root and adds a `Self` of our own before it, as the load balancer documents. */
function traceId(received: string | undefined, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0')
  const own = `1-${seconds}-${randomBytes(12).toString('hex')}`
  return received?.includes('Root=') ? `Self=${own};${received}` : `Root=${own}`
}

function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new AlbError(413, 'LambdaRequestTooLarge')
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) reject(tooLarge())
      else chunks.push(chunk)
    })
    message.on('end', () => resolve(Buffer.concat(chunks)))
    message.on('error', () => reject(new AlbError(400)))
  })
}
