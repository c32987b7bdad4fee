/**
 * One request through the engine, which speaks Node's HTTP: built from the few things it is to see, and nothing a
 * client sent besides.
 */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { HttpResponse } from '../../shared/http/message.ts'

/** What the engine sees of a request. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST'
  /** Path and query. */
  readonly target: string
  /** A form, as it was received. */
  readonly body?: string
  readonly authorization?: string | undefined
  readonly cookie?: string
}

/** What `Koa#callback` gives. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface EngineAnswer {
  readonly response: HttpResponse
  /** The request as the engine had it. */
  readonly message: IncomingMessage
}

/**
 * Sends a request through and gives the answer. Cookies that the engine sets are left out, and so is what it says about
 * pages of other origins (it lets all of them read tokens): what a browser carries and shares is decided here, not there.
 *
 * @param publicUrl What the engine takes for its own address, whatever a client wrote into its headers.
 */
export async function exchange(
  handler: NodeHandler,
  publicUrl: string,
  request: EngineRequest,
): Promise<EngineAnswer> {
  const incoming = incomingMessage(publicUrl, request)
  const outgoing = new CapturedResponse(incoming)
  handler(incoming, outgoing)
  const body = await outgoing.ended
  return {
    response: { status: outgoing.statusCode, headers: headersOf(outgoing), body },
    message: incoming,
  }
}

function incomingMessage(publicUrl: string, request: EngineRequest): IncomingMessage {
  const { host, protocol } = new URL(publicUrl)
  const message = new IncomingMessage(new Socket())
  const body = Buffer.from(request.body ?? '', 'utf8')
  message.method = request.method
  message.url = request.target
  message.headers = {
    host,
    'x-forwarded-proto': protocol.slice(0, -1),
    accept: 'application/json',
    ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
    ...(request.cookie === undefined ? {} : { cookie: request.cookie }),
    ...(request.body === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) }),
  }
  message.push(body)
  message.push(null)
  return message
}

/** A response that keeps what is written to it. */
class CapturedResponse extends ServerResponse {
  readonly #chunks: Buffer[] = []
  readonly ended: Promise<string>
  #end: (body: string) => void = () => undefined

  constructor(request: IncomingMessage) {
    super(request)
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  override write(chunk: unknown): boolean {
    this.#chunks.push(Buffer.from(chunk as string))
    return true
  }

  override end(chunk?: unknown): this {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk)
    this.#end(Buffer.concat(this.#chunks).toString('utf8'))
    return this
  }
}

const OURS_TO_SAY: ReadonlySet<string> = new Set(['set-cookie', 'content-length', 'vary'])

function headersOf(response: ServerResponse): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (OURS_TO_SAY.has(name) || name.startsWith('access-control-') || value === undefined) continue
    headers[name] = String(value)
  }
  return headers
}
