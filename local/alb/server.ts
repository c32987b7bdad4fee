import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { AuthenticateOidcAction } from './actions/parse.ts'
import { type ActionDeps, runActions } from './actions/run.ts'
import { type Answer, reasonPhrase, statusAnswer } from './answer.ts'
import { AlbError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { ForwardedMode } from './forwarded-headers.ts'
import { checkHealth, type Health } from './health-check.ts'
import type { HttpCall } from './http-call.ts'
import { createKeySets } from './jwks.ts'
import { closeServer, listen } from './key-server.ts'
import { type Listener, type Rule, readListener, selectRule } from './listener.ts'
import { createRefresh } from './oidc/refresh.ts'
import { type AlbRequest, hostName, readRequest } from './request.ts'
import { createSeal } from './seal.ts'
import { createSigningKeys } from './signing-keys.ts'
import type { AccessLogEntry, CloudFormationTemplate, Invoke, MapUrl, Now, Resolve } from './types.ts'

export interface LocalAlbOptions {
  /** A synthesized CloudFormation template, parsed. */
  readonly template: CloudFormationTemplate
  /**
   * The listener to serve: its logical id, or the ARN of one that the template only adds rules to. Default:
   * the only listener, or the only HTTPS one.
   */
  readonly listener?: string
  /** Resolves intrinsics and dynamic references; see {@link createResolver}. Called at the start only. */
  readonly resolve: Resolve
  /** Invokes the function behind a target group. */
  readonly invoke: Invoke
  /** Signs `x-amzn-oidc-data` as its `signer`, and gives target groups their region and account. */
  readonly loadBalancerArn: string
  /** 0 for a free one. */
  readonly port: number
  /** The address to listen on. Default: every interface, as `localhost` may be IPv4 or IPv6. */
  readonly host?: string
  /** PEM. Without it the listener is served over plain http, whatever its protocol. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /**
   * What clients reach this load balancer by, `http(s)://host:port` without a path; `redirect_uri` is made
   * of it. Default: the scheme and the request's Host header, as in AWS.
   */
  readonly publicOrigin?: string
  /** Rewrites a URL of the template to one that can be reached. Default: unchanged. */
  readonly mapUrl?: MapUrl
  /** Default: Date.now */
  readonly now?: Now
  /** Receives one entry a request. */
  readonly log?: (entry: AccessLogEntry) => void
  /** Receives what should not happen: a fault of this program, not of a request. */
  readonly onUnexpectedError?: (error: unknown) => void
  /** Seals session cookies, 32 bytes; keep it to keep people signed in over a restart. Default: random. */
  readonly sealingKey?: Uint8Array
  /** How long the identity provider may take for an answer. Default 5000, as in AWS. */
  readonly providerTimeoutMs?: number
}

export interface LocalAlb {
  readonly port: number
  readonly url: string
  /** The Lambda target groups of the template: logical id to ARN. */
  readonly targetGroupArns: ReadonlyMap<string, string>
  /** The public key of an `x-amzn-oidc-data` header as PEM; see {@link startKeyServer}. */
  readonly publicKey: (kid: string) => string | undefined
  /** Signs with a new key from now on; earlier keys stay published. @returns the new key's id */
  readonly rotateSigningKey: () => string
  /** Checks the function of a target group once. @throws {TypeError} for an unknown logical id */
  readonly checkHealth: (targetGroup: string) => Promise<Health>
  /** Ends every connection and stops listening. */
  readonly close: () => Promise<void>
}

/** Room for a request that breaks the documented limits, so that it gets the documented answer. */
const PARSER_HEADER_BYTES = 160 * 1024
/** Answered before the body was read, or without knowing where it ends. */
const ENDS_CONNECTION = new Set([400, 413, 501])
const DEFAULT_IDLE_SECONDS = 60
const DEFAULT_PROVIDER_TIMEOUT_MS = 5000
const RESPONSE_HEADER_ATTRIBUTE = /^routing\.http\.response\.(\w+)\.header_value$/

interface Serving {
  readonly listener: Listener
  readonly deps: ActionDeps
  readonly options: LocalAlbOptions
  readonly port: number
  readonly addedHeaders: readonly (readonly [string, string])[]
}

/**
 * Reads the listener out of the template, resolves it, and serves it.
 *
 * @throws {TemplateError} if the template cannot be served
 * @throws what the operating system says if the port cannot be used
 */
export async function startLocalAlb(options: LocalAlbOptions): Promise<LocalAlb> {
  const listener = await readListener({ ...options, listener: options.listener })
  const deps = createDeps(listener, options)
  const server = createHttpServer(options)
  server.keepAliveTimeout = idleSeconds(listener) * 1000
  const latest = new WeakMap<Duplex, ServerResponse>()
  server.on('clientError', (error, socket) => answerUnparsed(error, socket, latest.get(socket)))
  const port = await listen(server, options.port, options.host)
  const serving: Serving = { listener, deps, options, port, addedHeaders: addedHeaders(listener) }
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    latest.set(message.socket, response)
    void serve(message, response, serving)
  })
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://localhost:${port}`,
    targetGroupArns: new Map([...listener.targetGroups].map(([id, group]) => [id, group.arn])),
    publicKey: deps.keys.publicKey,
    rotateSigningKey: deps.keys.rotate,
    checkHealth: (targetGroup) => {
      const group = listener.targetGroups.get(targetGroup)
      if (!group) throw new TypeError('there is no Lambda target group of that name')
      return checkHealth(group, options.invoke)
    },
    close: () => closeServer(server),
  }
}

function createDeps(listener: Listener, options: LocalAlbOptions): ActionDeps {
  const now = options.now ?? Date.now
  const mapUrl = options.mapUrl ?? ((url) => url)
  const http: HttpCall = { mapUrl, timeoutMs: options.providerTimeoutMs ?? DEFAULT_PROVIDER_TIMEOUT_MS }
  const configurations = new Map<string, AuthenticateOidcAction>()
  for (const action of listener.rules.flatMap((rule) => rule.actions)) {
    if (action.type === 'authenticate-oidc') configurations.set(action.configurationId, action)
  }
  const mode = listener.loadBalancerAttributes.get('routing.http.xff_header_processing.mode')
  return {
    now,
    mapUrl,
    http,
    seal: createSeal(options.sealingKey ?? randomBytes(32)),
    findConfiguration: (id) => configurations.get(id),
    refresh: createRefresh({ http, now }),
    keys: createSigningKeys(),
    keySets: createKeySets({ http, now }),
    loadBalancerArn: options.loadBalancerArn,
    invoke: options.invoke,
    forwardedMode: (mode ?? 'append') as ForwardedMode,
  }
}

function createHttpServer(options: LocalAlbOptions): Server {
  const settings = { maxHeaderSize: PARSER_HEADER_BYTES }
  return options.tls ? createTlsServer({ ...settings, ...options.tls }) : createServer(settings)
}

async function serve(message: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const startedMs = serving.deps.now()
  const entry = { startedMs, message } as ServedRequest
  let answer: Answer
  try {
    answer = await answerRequest(message, entry, serving)
  } catch (error) {
    const known = error instanceof AlbError
    if (!known) serving.options.onUnexpectedError?.(error)
    entry.error = known ? error : new AlbError(500)
    answer = statusAnswer(entry.error.status)
  }
  try {
    write(response, answer, entry, serving)
  } catch (error) {
    serving.options.onUnexpectedError?.(error)
    response.destroy()
  }
  serving.options.log?.(logEntry(entry, answer.status, serving.deps.now()))
}

/** What is known of a request by the time it is logged. */
interface ServedRequest {
  readonly startedMs: number
  readonly message: IncomingMessage
  request?: AlbRequest
  exchange?: Exchange
  rule?: Rule
  error?: AlbError
}

async function answerRequest(
  message: IncomingMessage,
  entry: ServedRequest,
  { listener, deps, options, port }: Serving,
): Promise<Answer> {
  const dropInvalid = listener.loadBalancerAttributes.get('routing.http.drop_invalid_header_fields.enabled')
  const request = readRequest(message, {
    port,
    dropInvalidHeaderFields: dropInvalid === 'true',
    nowMs: entry.startedMs,
  })
  entry.request = request
  entry.rule = selectRule(listener, request)
  const hostOrigin = request.host === undefined ? undefined : `${request.protocol}://${request.host}`
  entry.exchange = {
    request,
    publicOrigin: options.publicOrigin ?? hostOrigin,
    headers: request.headers,
    setCookies: [],
    executed: [],
  }
  return runActions(entry.rule.actions, entry.exchange, deps)
}

function write(response: ServerResponse, answer: Answer, entry: ServedRequest, serving: Serving): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : (answer.body ?? Buffer.alloc(0))
  const replaced = new Set(serving.addedHeaders.map(([name]) => name))
  const headers = answer.headers.filter(([name]) => !replaced.has(name)).flat()
  for (const field of serving.addedHeaders) headers.push(...field)
  // Cookies of a session that was renewed, or of a login that begins; none if the rule failed.
  if (!entry.error) for (const cookie of entry.exchange?.setCookies ?? []) headers.push('set-cookie', cookie)
  if (!answer.headers.some(([name]) => name === 'server')) headers.push('server', 'awselb/2.0')
  if (entry.error && ENDS_CONNECTION.has(answer.status)) headers.push('connection', 'close')
  if (answer.status !== 204 && answer.status !== 304) headers.push('content-length', String(body.length))
  response.writeHead(answer.status, answer.statusText ?? reasonPhrase(answer.status), headers)
  response.end(body)
}

function logEntry(entry: ServedRequest, status: number, nowMs: number): AccessLogEntry {
  const { request, exchange, error } = entry
  return {
    time: new Date(entry.startedMs).toISOString(),
    clientIp: request?.clientIp ?? entry.message.socket.remoteAddress ?? '',
    method: entry.message.method ?? '',
    host: hostName(request?.host ?? ''),
    path: request?.path ?? '',
    status,
    targetStatus: exchange?.targetStatus,
    targetGroup: exchange?.targetGroup,
    rulePriority: entry.rule?.priority,
    actions: exchange?.executed ?? [],
    errorReason: error?.reason ?? exchange?.errorReason,
    traceId: request?.traceId ?? '',
    durationMs: nowMs - entry.startedMs,
  }
}

/**
 * Answers what Node's parser refused. Where it refused the rest of a request whose answer has begun, another
 * answer would be read as part of that one, so the connection just ends.
 */
function answerUnparsed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  latest: ServerResponse | undefined,
): void {
  const answering = latest?.headersSent && !latest.writableFinished
  if (error.code === 'ECONNRESET' || !socket.writable || answering) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_INVALID_TRANSFER_ENCODING' ? 501 : 400
  socket.end(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

/** Headers that listener attributes add to every answer, such as strict-transport-security. */
function addedHeaders(listener: Listener): [string, string][] {
  const added: [string, string][] = []
  for (const [key, value] of listener.listenerAttributes) {
    const name = RESPONSE_HEADER_ATTRIBUTE.exec(key)?.[1]
    if (name !== undefined && value !== '') added.push([name.replaceAll('_', '-'), value])
  }
  return added
}

function idleSeconds(listener: Listener): number {
  return Number(listener.loadBalancerAttributes.get('idle_timeout.timeout_seconds') ?? DEFAULT_IDLE_SECONDS)
}
