/**
 * Events as an Application Load Balancer makes them, and ways to drive a handler with them.
 *
 * Follows the load balancer's documented rules: names of headers in lower case, path and query untouched, one
 * of the two header modes, and a body as text only for `text/*`, JSON, JavaScript and XML without a
 * content-encoding.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ALBEvent, ALBResult, Context } from 'aws-lambda'
import type { Access } from '../../functions/shared/routes.ts'

/** What Lambda calls: a function's `handler`. */
export type EventHandler = (event: ALBEvent, context: Context) => Promise<ALBResult>

/** Header values by name; an array for a header that was sent more than once. */
export type SentHeaders = Readonly<Record<string, string | readonly string[]>>

export interface AlbRequest {
  /** GET unless there is a body, then POST. */
  readonly method?: string
  /** As a client sends it: percent-encoded. May carry the query after a `?`. */
  readonly path: string
  /** As a client sends it: percent-encoded, without the `?`. */
  readonly query?: string
  readonly headers?: SentHeaders
  readonly body?: string | Uint8Array
  /** The access class of the target group the request goes through. `open` unless said otherwise. */
  readonly access?: Access
  /** Whether the target group has multi-value headers, as ours do. True unless said otherwise. */
  readonly multiValue?: boolean
}

export interface AlbAnswer {
  readonly status: number
  /** Lower-case names; values of a repeated header are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** Every line of every header, for the ones that may be repeated. */
  readonly headerLines: Readonly<Record<string, readonly string[]>>
  readonly body: Buffer
  readonly text: string
  /** The body read as JSON. */
  readonly json: () => unknown
}

/** The host that events carry unless a test says otherwise. */
export const TEST_HOST = 'flyte.example.com'

const TEXT_TYPE = /^(?:text\/.*|application\/(?:json|javascript|xml))$/i

const ADDED_HEADERS: SentHeaders = {
  host: TEST_HOST,
  'x-amzn-trace-id': 'Root=1-67fedcba-0123456789abcdef01234567',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
}

/** The ARN of the target group of an access class, with the suffix that Elastic Load Balancing gives it. */
export function targetGroupArn(access: Access, name = 'flyte-test'): string {
  return `arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/${name}-${access}/6d0ecf831eec9f09`
}

/** The event the load balancer invokes a function with. */
export function albEvent(request: AlbRequest): ALBEvent {
  const [path = '', ...afterMark] = request.path.split('?')
  const query = queryPairs(request.query ?? afterMark.join('?'))
  const headers = headerPairs(request.headers ?? {})
  const common = {
    requestContext: { elb: { targetGroupArn: targetGroupArn(request.access ?? 'open') } },
    httpMethod: request.method ?? (request.body === undefined ? 'GET' : 'POST'),
    path,
    ...eventBody(request.body, headers),
  }
  return (request.multiValue ?? true)
    ? {
        ...common,
        multiValueQueryStringParameters: everyValue(query),
        multiValueHeaders: everyValue(headers),
      }
    : { ...common, queryStringParameters: lastValue(query), headers: lastValue(headers) }
}

type Pair = readonly [name: string, value: string]

function queryPairs(query: string): Pair[] {
  if (query === '') return []
  return query.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
  })
}

function headerPairs(sent: SentHeaders): Pair[] {
  const lowerCase: Record<string, string | readonly string[]> = Object.create(null)
  Object.assign(lowerCase, ADDED_HEADERS)
  for (const [name, value] of Object.entries(sent)) lowerCase[name.toLowerCase()] = value
  return Object.entries(lowerCase).flatMap(([name, value]) => [value].flat().map((one): Pair => [name, one]))
}

function everyValue(pairs: readonly Pair[]): Record<string, string[]> {
  const all: Record<string, string[]> = Object.create(null)
  for (const [name, value] of pairs) {
    all[name] ??= []
    all[name].push(value)
  }
  return all
}

function lastValue(pairs: readonly Pair[]): Record<string, string> {
  const all: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) all[name] = value
  return all
}

function eventBody(body: string | Uint8Array | undefined, headers: readonly Pair[]) {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body ?? [])
  const type =
    headers
      .find(([name]) => name === 'content-type')?.[1]
      .split(';', 1)[0]
      ?.trim() ?? ''
  const isEncoded = headers.some(([name]) => name === 'content-encoding')
  const isText = bytes.length === 0 || (!isEncoded && TEXT_TYPE.test(type))
  return { body: bytes.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText }
}

/** Sends one request through a handler, as the load balancer would. */
export async function callThrough(handler: EventHandler, request: AlbRequest): Promise<AlbAnswer> {
  return readResult(await handler(albEvent(request), lambdaContext()))
}

/** Reads a handler's result as the load balancer does; throws for one that it would answer with 502. */
export function readResult(result: ALBResult): AlbAnswer {
  if (!Number.isInteger(result.statusCode)) throw new TypeError('the load balancer refuses: no status code')
  if (result.headers && result.multiValueHeaders) throw new TypeError('the load balancer refuses: two modes')
  if (Buffer.byteLength(JSON.stringify(result)) > 1_048_576) {
    throw new TypeError('the load balancer refuses: larger than 1 MB')
  }
  const headerLines: Record<string, string[]> = {}
  const lines = result.multiValueHeaders ?? result.headers ?? {}
  for (const [name, value] of Object.entries(lines))
    headerLines[name.toLowerCase()] = [value].flat().map(String)
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8')
  const joined = Object.entries(headerLines).map(([name, values]) => [name, values.join(', ')] as const)
  return {
    status: result.statusCode,
    headers: Object.fromEntries(joined),
    headerLines,
    body,
    text: body.toString('utf8'),
    json: () => JSON.parse(body.toString('utf8')) as unknown,
  }
}

/**
 * A `fetch` whose every request goes through a handler as an event, whatever its origin. For RPC clients
 * there is `transportThrough`.
 */
export function fetchThrough(handler: EventHandler, options: Pick<AlbRequest, 'access' | 'multiValue'> = {}) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, { ...init, duplex: 'half' } as RequestInit)
    const url = new URL(request.url)
    const body = new Uint8Array(await request.arrayBuffer())
    const answer = await callThrough(handler, {
      ...options,
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      headers: { host: url.host, ...Object.fromEntries(request.headers) },
      ...(body.length === 0 ? {} : { body }),
    })
    const headers = new Headers()
    for (const [name, values] of Object.entries(answer.headerLines)) {
      for (const value of values) headers.append(name, value)
    }
    const bodyless = [204, 205, 304].includes(answer.status) || request.method === 'HEAD'
    return new Response(bodyless ? null : answer.body, { status: answer.status, headers })
  }
}

export interface ListeningHandler {
  /** For example `http://127.0.0.1:34567`. */
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves a handler on a port of its own, each request as an event: for clients that open connections. */
export async function serveThrough(
  handler: EventHandler,
  options: Pick<AlbRequest, 'access' | 'multiValue'> = {},
): Promise<ListeningHandler> {
  const server = createServer((message, response) => {
    readMessage(message)
      .then((request) => callThrough(handler, { ...options, ...request }))
      .then((answer) => {
        for (const [name, values] of Object.entries(answer.headerLines)) response.setHeader(name, [...values])
        response.writeHead(answer.status).end(answer.body)
      })
      // What the load balancer answers for a function that fails.
      .catch(() => response.writeHead(502).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) }
}

async function readMessage(message: IncomingMessage): Promise<AlbRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const headers: Record<string, string[]> = {}
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = (message.rawHeaders[i] ?? '').toLowerCase()
    headers[name] = [...(headers[name] ?? []), message.rawHeaders[i + 1] ?? '']
  }
  return { method: message.method ?? 'GET', path: message.url ?? '/', headers, body: Buffer.concat(chunks) }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** A Lambda context with nothing in it that our functions read. */
export function lambdaContext(): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:test',
    memoryLimitInMB: '256',
    awsRequestId: '00000000-0000-4000-8000-000000000000',
    logGroupName: '/aws/lambda/test',
    logStreamName: 'test',
    getRemainingTimeInMillis: () => 30_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}
