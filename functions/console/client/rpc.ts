/** Calls of the API from the page, over Connect's JSON (https://connectrpc.com/docs/protocol). */

/** How a call failed, as far as the page has to tell the cases apart. */
export type Failure = 'signed-out' | 'not-allowed' | 'not-found' | 'refused' | 'unreachable'

/** A call that failed; the message is a sentence for people. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly failure: Failure
  /** What the service itself said of it; empty if it said nothing. */
  readonly reason: string

  constructor(failure: Failure, message: string, reason = '') {
    super(message)
    this.failure = failure
    this.reason = reason
  }
}

const TIMEOUT_MS = 30_000

/**
 * Calls a unary method with the session of this browser.
 *
 * @param requestId Sent as `x-request-id`: the same id again makes a repeated call the same call.
 * @throws {RpcError}
 */
export async function callRpc<Answer>(
  method: `flyteidl2.${string}/${string}`,
  message: unknown,
  requestId: string = newRequestId(),
): Promise<Answer> {
  const response = await send(method, message, requestId)
  if (response.ok) return (await readJson(response)) as Answer
  const answer = await readJson(response).catch(() => ({}))
  if (response.status === 401 || response.type === 'opaqueredirect') {
    const message = 'Your session has ended. Sign in again to go on.'
    throw new RpcError('signed-out', message, messageOf(answer))
  }
  throw new RpcError(failureOf(response.status), sentenceOf(answer, response.status), messageOf(answer))
}

function failureOf(status: number): Failure {
  if (status === 403) return 'not-allowed'
  if (status === 404) return 'not-found'
  return status >= 500 || status === 429 ? 'unreachable' : 'refused'
}

/** Hexadecimal, 128 random bits. */
export function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

async function send(method: string, message: unknown, requestId: string): Promise<Response> {
  try {
    return await fetch(`/${method}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'connect-protocol-version': '1',
        'x-request-id': requestId,
      },
      body: JSON.stringify(message),
      // A session that ran out is sent to the identity provider, where a call from here has no business.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch {
    throw new RpcError('unreachable', 'The service does not answer. Check the connection and try again.')
  }
}

async function readJson(response: Response): Promise<object> {
  try {
    const value: unknown = await response.json()
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Falls through: whatever answered, it was not the service.
  }
  throw new RpcError('unreachable', 'The service answered with something that cannot be read.')
}

function sentenceOf(answer: object, status: number): string {
  const message = messageOf(answer)
  if (message !== '') return message
  return status >= 500
    ? `The service does not answer properly (status ${status}). Try again in a moment.`
    : `The service refused this (status ${status}).`
}

function messageOf(answer: object): string {
  const { message } = answer as { message?: unknown }
  return typeof message === 'string' ? message : ''
}
