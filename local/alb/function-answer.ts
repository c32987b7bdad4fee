import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Answer } from './answer.ts'
import { AlbError } from './errors.ts'
import type { HeaderField } from './request.ts'
import type { TargetGroup } from './target-group.ts'

const MAX_ANSWER_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 32 * 1024
/** Set by the load balancer or meaningless across it; what a function says about them is not honoured. */
const NOT_HONOURED = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Turns what a function returned into an answer, or refuses it as the load balancer does.
 *
 * The answer needs an integer `statusCode`, a boolean `isBase64Encoded` and the headers field of its target
 * group's mode: `multiValueHeaders` (lists of strings) with multi-value headers, `headers` (strings)
 * without. `body` is a string or absent. It is at most 1 MB as JSON, its headers at most 32 K.
 *
 * @throws {AlbError} 502 `LambdaInvalidResponse` or `LambdaResponseTooLarge`
 */
export function readFunctionAnswer(payload: unknown, targetGroup: TargetGroup): Answer {
  if (typeof payload !== 'object' || payload === null) throw invalid()
  const answer = payload as Readonly<Record<string, unknown>>
  const body = answer.body ?? ''
  const status = answer.statusCode
  if (typeof body !== 'string' || typeof answer.isBase64Encoded !== 'boolean') throw invalid()
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) throw invalid()
  const headers = targetGroup.multiValueHeaders
    ? readMultiValueHeaders(answer.multiValueHeaders)
    : readSingleHeaders(answer.headers)
  assertSizes(answer, body, headers)
  return {
    status,
    statusText: readPhrase(answer.statusDescription),
    headers: headers.filter(([name]) => !NOT_HONOURED.has(name)),
    body: answer.isBase64Encoded ? decodeBody(body) : body,
  }
}

function readSingleHeaders(headers: unknown): HeaderField[] {
  return fieldsOf(headers).map(([name, value]) => readField(name, value))
}

function readMultiValueHeaders(headers: unknown): HeaderField[] {
  return fieldsOf(headers).flatMap(([name, values]) => {
    if (!Array.isArray(values)) throw invalid()
    return values.map((value) => readField(name, value))
  })
}

function fieldsOf(headers: unknown): [string, unknown][] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw invalid()
  return Object.entries(headers)
}

function readField(name: string, value: unknown): HeaderField {
  if (typeof value !== 'string') throw invalid()
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (cause) {
    throw invalid(cause)
  }
  return [name.toLowerCase(), value]
}

function assertSizes(answer: object, body: string, headers: readonly HeaderField[]): void {
  const headerBytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  if (headerBytes > MAX_HEADER_BYTES) throw invalid()
  // A short body cannot reach the limit however its characters are escaped, and most bodies are short.
  if (body.length * 6 + headerBytes * 6 < MAX_ANSWER_BYTES / 2) return
  if (Buffer.byteLength(JSON.stringify(answer)) > MAX_ANSWER_BYTES) {
    throw new AlbError(502, 'LambdaResponseTooLarge')
  }
}

/** "200 OK" names the phrase after the code; anything else is left to the standard phrase. */
function readPhrase(description: unknown): string | undefined {
  return typeof description === 'string' ? /^\d{3} ([\x20-\x7e]+)$/.exec(description)?.[1] : undefined
}

function decodeBody(body: string): Buffer {
  if (body.length % 4 === 1 || !BASE64.test(body)) throw invalid()
  return Buffer.from(body, 'base64')
}

function invalid(cause?: unknown): AlbError {
  return new AlbError(502, 'LambdaInvalidResponse', { cause })
}
