/** One request and its JSON answer, with a limit of time. */
import { CommandError } from './failure.ts'

export const REQUEST_TIMEOUT_MS = 15_000
/** More than any document, key set or token has. */
export const MAX_ANSWER_BYTES = 1024 * 1024

export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined if the text is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/**
 * Sends a request and reads its answer, up to {@link MAX_ANSWER_BYTES}. Redirects are not followed: none of these
 * endpoints has a reason to.
 *
 * @param who For the sentence: `Google`, `the metadata server`.
 * @throws {CommandError} `unreachable`, `answer_unusable`, or the reason of `signal`
 */
export async function requestJson(
  url: string,
  options: RequestInit & { readonly who: string; readonly timeoutMs?: number; readonly signal: AbortSignal },
): Promise<JsonAnswer> {
  const { who, timeoutMs = REQUEST_TIMEOUT_MS, signal, ...init } = options
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const response = await fetch(url, { ...init, redirect: 'manual', signal: limit })
    const text = await readText(response)
    return { status: response.status, headers: response.headers, text, body: jsonObject(text) }
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof CommandError) throw cause
    throw new CommandError('unreachable', `There was no answer from ${who}; check the network.`, { cause })
  }
}

/** The text of an answer. @throws {CommandError} `answer_unusable` if it does not come to an end */
export async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  // `fetch` gives bytes, whatever the types of a stream say. Leaving the loop cancels the rest.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > MAX_ANSWER_BYTES) throw new CommandError('answer_unusable', 'An answer was too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A JSON object; undefined for anything else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** An OAuth error code such as `invalid_grant`, in parentheses; empty for anything that is no plain code. */
export function errorCode(value: unknown): string {
  return typeof value === 'string' && /^[a-z_]{1,40}$/.test(value) ? ` (${value})` : ''
}
