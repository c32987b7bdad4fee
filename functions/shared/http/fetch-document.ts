/**
 * Outbound HTTP: one request, one answer of bounded size within a bounded time.
 *
 * Over `node:https` and not the global `fetch`, because Node loads its fetch implementation at the first use,
 * which would cost every cold start some 30 ms.
 */
import http from 'node:http'
import https from 'node:https'
import { ServiceError } from '../errors.ts'
import { isSecureUrl } from './secure-url.ts'

export interface FetchOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Whether it does no harm if the request is carried out twice. Default: if it is a GET. */
  readonly isRepeatable?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** For everything from the first packet to the last byte. Default 10 seconds. */
  readonly timeoutMs?: number
  /** Default 1 MiB. */
  readonly maxBytes?: number
  /** An HTTP proxy to go through; null or absent: whatever Node's own proxy variables say. */
  readonly proxyUrl?: string | null
  readonly signal?: AbortSignal
}

export interface FetchedDocument {
  readonly status: number
  /** Names in lower case; the values of a repeated header are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_MAX_BYTES = 1024 * 1024

/**
 * Asks for one document. Follows no redirect, keeps no cookie, and asks for no compression. A repeatable request on
 * a kept connection that the other side had already closed is sent once more; any other opens its own.
 *
 * Does not look at the status or at what the body is.
 *
 * @param url https, or http on this machine.
 * @throws {ServiceError} `provider_unavailable` without a complete answer in time; `provider_answer_invalid`
 *   for an answer that is too large or encoded, or an address that is not secure.
 */
export async function fetchDocument(url: string, options: FetchOptions = {}): Promise<FetchedDocument> {
  if (!isSecureUrl(url)) throw new ServiceError('provider_answer_invalid')
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  try {
    return await exchange(new URL(url), options, signal)
  } catch (error) {
    throw error instanceof ServiceError ? error : new ServiceError('provider_unavailable', { cause: error })
  }
}

async function exchange(url: URL, options: FetchOptions, signal: AbortSignal): Promise<FetchedDocument> {
  try {
    return await sendOnce(url, options, signal)
  } catch (error) {
    if (!(error instanceof StaleConnectionError) || signal.aborted) throw error
    return sendOnce(url, options, signal)
  }
}

/** A kept connection turned out to be closed before anything was answered: nothing was lost but time. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError'
}

function sendOnce(url: URL, options: FetchOptions, signal: AbortSignal): Promise<FetchedDocument> {
  const { method = 'GET', isRepeatable = method === 'GET' } = options
  const body = options.body === undefined ? undefined : Buffer.from(options.body)
  return new Promise((resolve, reject) => {
    const { request: send } = url.protocol === 'https:' ? https : http
    const request = send(url, {
      method,
      agent: agentFor(url, options.proxyUrl ?? null, isRepeatable),
      headers: {
        'accept-encoding': 'identity',
        ...options.headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
    })
    const abort = () => request.destroy(signal.reason as Error)
    // The timeout's own timer does not keep a process alive, and the listener would outlive the request.
    signal.addEventListener('abort', abort, { once: true })
    request.once('close', () => signal.removeEventListener('abort', abort))
    request.once('error', (error) => reject(isRepeatable && request.reusedSocket ? stale(error) : error))
    request.once('response', (response) => {
      const limited = { maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES, signal }
      readAnswer(response, limited).then(resolve, (error) => {
        request.destroy()
        reject(error)
      })
    })
    if (signal.aborted) abort()
    request.end(body)
  })
}

function stale(error: Error): Error {
  const isReset = (error as NodeJS.ErrnoException).code === 'ECONNRESET'
  return isReset ? new StaleConnectionError('the kept connection was closed', { cause: error }) : error
}

async function readAnswer(
  response: http.IncomingMessage,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<FetchedDocument> {
  const { 'content-encoding': encoding = 'identity', 'content-length': declared } = response.headers
  if (encoding !== 'identity' || Number(declared ?? 0) > maxBytes) {
    throw new ServiceError('provider_answer_invalid')
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new ServiceError('provider_answer_invalid')
    chunks.push(chunk)
  }
  signal.throwIfAborted()
  return { status: response.statusCode ?? 0, headers: joined(response.headers), body: Buffer.concat(chunks) }
}

function joined(headers: http.IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return result
}

const agents = new Map<string, http.Agent>()

/**
 * One agent for each way of going out; all of them come from the settings, so there are few.
 *
 * What is not repeatable gets a connection of its own: whether a request on a connection that breaks was carried
 * out cannot be known, so it could not be sent again.
 */
function agentFor(url: URL, proxyUrl: string | null, keepAlive: boolean): http.Agent {
  const { Agent, globalAgent } = url.protocol === 'https:' ? https : http
  if (proxyUrl === null && keepAlive) return globalAgent
  const key = `${url.protocol} ${keepAlive} ${proxyUrl}`
  let agent = agents.get(key)
  if (agent === undefined) {
    const ofNode = (globalAgent as { options?: http.AgentOptions }).options?.proxyEnv
    const proxyEnv = proxyUrl === null ? ofNode : { HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl }
    agent = new Agent({ keepAlive, ...(proxyEnv === undefined ? {} : { proxyEnv }) })
    agents.set(key, agent)
  }
  return agent
}
