/**
 * CloudWatch Logs for the local stack: streams are made, written, found by name and read from their ends.
 *
 * Groups are those that the settings name. What there is of an event is its time and its message; nothing expires.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { readOrMakeJson, writePrivately } from '../data-directory.ts'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { logGroupArn } from '../resource-names.ts'
import { type Access, claimedAccessKeyId, refusalMessage, sessionTokenOf } from './access.ts'

export interface LocalLogs {
  readonly endpoint: string
  close(): Promise<void>
}

interface LogEvent {
  readonly timestamp: number
  readonly message: string
}

type Answer = { readonly status: number } & Readonly<Record<string, unknown>>
type Input = Readonly<Record<string, unknown>>
/** Events by the names of their streams, by the names of their groups. */
type Groups = Record<string, Record<string, LogEvent[]>>
type Streams = Record<string, LogEvent[]>
type Operation = (streams: Streams, input: Input) => Answer

const TARGET = 'Logs_20140328.'
const NAME = /^[^:*]{1,512}$/
/** A page of GetLogEvents: 1 MB, each event with 26 bytes more, and 10,000 events at most. */
const MAX_PAGE_BYTES = 1_048_576
const EVENT_BYTES = 26
const MAX_PAGE_EVENTS = 10_000

/**
 * Starts the double on a free port. It asks who signed a request and what they may do, and does not check the
 * signature.
 *
 * @param options.file Where the logs are kept; null keeps them in memory.
 */
export async function startLogs(options: {
  readonly groups: readonly string[]
  readonly region: string
  readonly access: Access
  readonly file: string | null
}): Promise<LocalLogs> {
  const { groups: names, region, access, file } = options
  const kept = await readOrMakeJson<Groups>(file, async () => ({}))
  const groups: Groups = Object.fromEntries(names.map((name) => [name, kept[name] ?? {}]))
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => Buffer.alloc(0))
    const { status, ...answer } = answerTo({ headers: request.headers, body, groups, region, access })
    const isChange = status === 200 && isChanging(request.headers)
    if (file !== null && isChange) await writePrivately(file, JSON.stringify(groups))
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  })
  const port = await listen(server, { port: 0 })
  return { endpoint: `http://${LOOPBACK}:${port}`, close: () => closeServer(server) }
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateLogStream: (streams, { logStreamName: name }) => {
    if (typeof name !== 'string' || !NAME.test(name)) return refused('InvalidParameterException')
    if (Object.hasOwn(streams, name)) return refused('ResourceAlreadyExistsException')
    streams[name] = []
    return { status: 200 }
  },

  PutLogEvents: (streams, { logStreamName: name, logEvents }) => {
    const stream = Object.hasOwn(streams, String(name)) ? streams[String(name)] : undefined
    if (stream === undefined) return refused('ResourceNotFoundException')
    const added = (Array.isArray(logEvents) ? logEvents : []) as LogEvent[]
    if (added.some(({ timestamp, message }) => !Number.isInteger(timestamp) || typeof message !== 'string')) {
      return refused('InvalidParameterException')
    }
    stream.push(...added.map(({ timestamp, message }) => ({ timestamp, message })))
    stream.sort((a, b) => a.timestamp - b.timestamp)
    return { status: 200 }
  },

  DescribeLogStreams: (streams, { logStreamNamePrefix: prefix = '', limit = 50 }) => {
    if (typeof prefix !== 'string' || /[:*]/.test(prefix)) return refused('InvalidParameterException')
    const found = Object.keys(streams)
      .filter((name) => name.startsWith(prefix))
      .toSorted()
    const logStreams = found.slice(0, Number(limit)).map((logStreamName) => ({ logStreamName }))
    return { status: 200, logStreams, ...(found.length > logStreams.length ? { nextToken: 'more' } : {}) }
  },

  GetLogEvents: (streams, { logStreamName: name, nextToken }) => {
    const stream = Object.hasOwn(streams, String(name)) ? streams[String(name)] : undefined
    if (stream === undefined) return refused('ResourceNotFoundException')
    // Tokens say where a page starts, counted from the beginning: f/12 and b/12, as opaque as they need to be.
    const end = nextToken === undefined ? stream.length : Number(String(nextToken).split('/')[1])
    if (!Number.isInteger(end) || end < 0 || end > stream.length) return refused('InvalidParameterException')
    const start = startOfPage(stream, end)
    return {
      status: 200,
      events: stream.slice(start, end).map((event) => ({ ...event, ingestionTime: event.timestamp })),
      nextForwardToken: `f/${end}`,
      nextBackwardToken: `b/${start}`,
    }
  },
}

function startOfPage(stream: readonly LogEvent[], end: number): number {
  let bytes = 0
  let start = end
  while (start > 0 && end - start < MAX_PAGE_EVENTS) {
    bytes += Buffer.byteLength(stream[start - 1]?.message ?? '') + EVENT_BYTES
    if (bytes > MAX_PAGE_BYTES && start < end) break
    start -= 1
  }
  return start
}

function answerTo(options: {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly groups: Groups
  readonly region: string
  readonly access: Access
}): Answer {
  const { headers, body, groups, region, access } = options
  const accessKeyId = claimedAccessKeyId(headers)
  if (accessKeyId === undefined) return refused('MissingAuthenticationTokenException')
  const caller = access.callerOf(accessKeyId, sessionTokenOf(headers))
  if (caller === undefined) return refused('UnrecognizedClientException')
  const [, name = ''] = String(headers['x-amz-target']).split(TARGET)
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
  if (operation === undefined) return refused('UnknownOperationException')
  const input = inputIn(body)
  const group = String(input.logGroupName)
  // Before anything else is said: who may not read a group does not learn whether it is there.
  const refusal = caller.refusal(`logs:${name}`, `${logGroupArn(region, group)}:${resourceIn(name, input)}`)
  if (refusal !== undefined) return refused('AccessDeniedException', refusalMessage(refusal))
  const streams = Object.hasOwn(groups, group) ? groups[group] : undefined
  return streams === undefined ? refused('ResourceNotFoundException') : operation(streams, input)
}

/** What an operation is about, inside its group. */
function resourceIn(operation: string, { logStreamName }: Input): string {
  return ['GetLogEvents', 'PutLogEvents'].includes(operation) ? `log-stream:${String(logStreamName)}` : ''
}

function isChanging(headers: IncomingHttpHeaders): boolean {
  return /\.(Create|Put)/.test(String(headers['x-amz-target']))
}

function refused(type: string, message?: string): Answer {
  return { status: 400, __type: type, ...(message === undefined ? {} : { message }) }
}

function inputIn(body: Buffer): Input {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'))
    return typeof input === 'object' && input !== null ? (input as Input) : {}
  } catch {
    return {}
  }
}
