/**
 * Lambda's Runtime API for one function process: the process asks for the next event, and posts the answer
 * or the error. One invocation at a time, as in AWS.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeServer, LOOPBACK, listen } from '../listening.ts'

/** The largest answer of a synchronous invocation, in bytes. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024

/** An answer of the process; undefined is an error it reported, or an answer that is not valid. */
export type Answer = { readonly payload: unknown } | undefined

export interface RuntimeApi {
  /** `host:port`, for `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string
  /** Resolves when the process asks for its first event: it has loaded its code. */
  readonly ready: Promise<void>
  /**
   * Hands one event to the process and answers what it posts. Never settles if the process dies: that is
   * for the caller to see.
   */
  exchange(event: unknown, deadlineMs: number): Promise<Answer>
  close(): Promise<void>
}

interface Invocation {
  readonly id: string
  readonly event: string
  readonly deadlineMs: number
  readonly answered: (answer: Answer) => void
}

/** Opens a Runtime API on a free port. */
export async function startRuntimeApi(options: { functionArn: string }): Promise<RuntimeApi> {
  let parked: ServerResponse | undefined
  let waiting: Invocation | undefined
  let running: Invocation | undefined
  const ready = Promise.withResolvers<void>()

  const deliver = (): void => {
    if (parked === undefined || waiting === undefined) return
    const response = parked
    running = waiting
    parked = waiting = undefined
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': running.id,
      'lambda-runtime-deadline-ms': String(running.deadlineMs),
      'lambda-runtime-invoked-function-arn': options.functionArn,
    })
    response.end(running.event)
  }

  const settle = (answer: Answer): void => {
    const invocation = running
    running = undefined
    invocation?.answered(answer)
  }

  const server = createServer(async (request, response) => {
    const action = actionOf(request, running?.id)
    if (action === 'next') {
      parked = response
      ready.resolve()
      return deliver()
    }
    const body = await readAll(request)
    response.writeHead(action === undefined ? 404 : 202).end()
    if (action === 'response') settle(parseAnswer(body))
    if (action === 'error') settle(undefined)
  })
  const port = await listen(server, { port: 0 })
  return {
    address: `${LOOPBACK}:${port}`,
    ready: ready.promise,
    exchange: (event, deadlineMs) =>
      new Promise((answered) => {
        waiting = { id: randomUUID(), event: JSON.stringify(event), deadlineMs, answered }
        deliver()
      }),
    close: () => closeServer(server),
  }
}

type Action = 'next' | 'response' | 'error' | 'init-error'

function actionOf(request: IncomingMessage, runningId: string | undefined): Action | undefined {
  const path = (request.url ?? '').replace('/2018-06-01/runtime/', '')
  if (request.method === 'GET') return path === 'invocation/next' ? 'next' : undefined
  if (path === 'init/error') return 'init-error'
  // An answer to an invocation that is over, because it took too long, is nobody's.
  if (runningId === undefined) return undefined
  if (path === `invocation/${runningId}/response`) return 'response'
  return path === `invocation/${runningId}/error` ? 'error' : undefined
}

function parseAnswer(body: string | undefined): Answer {
  if (body === undefined) return undefined
  try {
    return { payload: JSON.parse(body) }
  } catch {
    return undefined
  }
}

/** The whole body; undefined if it is larger than an answer may be. */
async function readAll(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= MAX_ANSWER_BYTES) chunks.push(chunk)
  }
  return length > MAX_ANSWER_BYTES ? undefined : Buffer.concat(chunks).toString('utf8')
}
