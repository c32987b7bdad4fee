/** JSON of an identity provider, read with a limit on time and size, and without following it elsewhere. */

export type JsonObject = Readonly<Record<string, unknown>>

/** Why there is no document. */
export type ReadFailure =
  | 'insecure_url'
  | 'unreachable'
  | 'timeout'
  | 'redirect'
  | 'absent'
  | 'status'
  | 'too_large'
  | 'not_json'

export type ReadJson =
  | {
      readonly kind: 'document'
      readonly url: string
      readonly value: JsonObject
      readonly bytes: number
      readonly contentType: string
    }
  | {
      readonly kind: 'failure'
      readonly url: string
      readonly failure: ReadFailure
      readonly status: number | undefined
    }

export interface ReadOptions {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly headers?: Readonly<Record<string, string>>
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether a value is the URL of something that may be believed: https, or http on this machine; no user name. */
export function isSecureUrl(value: unknown): value is string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
}

/**
 * Reads a JSON object. Never rejects: what goes wrong is the answer.
 *
 * 404, 405 and 410 are `absent`. A redirect is a failure: the functions and the load balancer follow none.
 */
export async function readJson(url: string, options: ReadOptions): Promise<ReadJson> {
  const failure = (reason: ReadFailure, status?: number): ReadJson => {
    return { kind: 'failure', url, failure: reason, status }
  }
  if (!isSecureUrl(url)) return failure('insecure_url')
  const signal = AbortSignal.timeout(options.timeoutMs)
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...options.headers },
      redirect: 'manual',
      signal,
    })
    const { status } = response
    if (status !== 200) {
      await response.body?.cancel()
      return failure(reasonOfStatus(status), status)
    }
    const body = await readUpTo(response, options.maxBytes)
    if (body === undefined) return failure('too_large', status)
    const value = parseObject(body)
    if (value === undefined) return failure('not_json', status)
    const contentType = response.headers.get('content-type') ?? ''
    return { kind: 'document', url, value, bytes: body.byteLength, contentType }
  } catch {
    return failure(signal.aborted ? 'timeout' : 'unreachable')
  }
}

function reasonOfStatus(status: number): ReadFailure {
  if (status >= 300 && status < 400) return 'redirect'
  return [404, 405, 410].includes(status) ? 'absent' : 'status'
}

async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    // Leaving the loop cancels the rest.
    if (length > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A JSON object in UTF-8; undefined for anything else. */
export function parseObject(body: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined
  } catch {
    return undefined
  }
}

const SENTENCES: Readonly<Record<ReadFailure, string>> = {
  insecure_url: 'is not an https address without a user name',
  unreachable: 'cannot be reached: no connection, no such name, or a certificate that is not trusted',
  timeout: 'does not answer in time',
  redirect: 'redirects elsewhere, which nobody follows',
  absent: 'does not exist',
  status: 'is refused',
  too_large: 'is too large',
  not_json: 'is not a JSON object in UTF-8',
}

/** The failure in words that follow the name of the document. */
export function failureSentence({ failure, status }: Extract<ReadJson, { kind: 'failure' }>): string {
  return `${SENTENCES[failure]}${status === undefined || failure === 'absent' ? '' : ` (status ${status})`}`
}
