import { queryPairs } from './conditions.ts'
import { AlbError } from './errors.ts'
import type { AlbRequest, HeaderField } from './request.ts'
import type { TargetGroup } from './target-group.ts'
import type { AlbEvent } from './types.ts'

/** Fields that belong to one connection; `connection` itself does reach a function. */
const HOP_BY_HOP = new Set([
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])
const TEXT_TYPES = /^(?:text\/.*|application\/(?:json|javascript|xml))$/i
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ASCII means
const ASCII = /^[\x00-\x7f]*$/

export interface BuildEventOptions {
  readonly request: AlbRequest
  /** The request's headers, with what authentication and forwarding added. */
  readonly headers: readonly HeaderField[]
  readonly body: Buffer
  readonly targetGroup: TargetGroup
}

/**
 * Builds the event for a Lambda target.
 *
 * Names of headers are lower-case, path and query stay as they were sent. Where a header or a query key
 * repeats, a group without multi-value headers gets the last value only. The body is text if its type is
 * `text/*`, JSON, JavaScript or XML and it has no content-encoding, and base64 otherwise.
 *
 * @throws {AlbError} 502 `LambdaBadRequest` if a header or a text body is not UTF-8
 */
export function buildEvent(options: BuildEventOptions): AlbEvent {
  const { request, targetGroup } = options
  const headers = options.headers
    .filter(([name]) => !HOP_BY_HOP.has(name))
    .map(([name, value]) => [name, decodeField(value)] as const)
  const query = queryPairs(request.query)
  const text = isText(options.headers, options.body)
  const common = {
    requestContext: { elb: { targetGroupArn: targetGroup.arn } },
    httpMethod: request.method,
    path: request.path,
  }
  const body = {
    body: text ? decodeUtf8(options.body) : options.body.toString('base64'),
    isBase64Encoded: !text,
  }
  return targetGroup.multiValueHeaders
    ? {
        ...common,
        multiValueQueryStringParameters: collect(query),
        multiValueHeaders: collect(headers),
        ...body,
      }
    : { ...common, queryStringParameters: keepLast(query), headers: keepLast(headers), ...body }
}

/** The event of a health check: it has no header but the checker's own, and went through no rule. */
export function healthCheckEvent(targetGroup: TargetGroup): AlbEvent {
  const fields = [['user-agent', 'ELB-HealthChecker/2.0']] as const
  const common = {
    requestContext: { elb: { targetGroupArn: targetGroup.arn } },
    httpMethod: 'GET',
    path: targetGroup.healthCheck.path,
  }
  const modes = targetGroup.multiValueHeaders
    ? { multiValueQueryStringParameters: {}, multiValueHeaders: collect(fields) }
    : { queryStringParameters: {}, headers: keepLast(fields) }
  return { ...common, ...modes, body: '', isBase64Encoded: false }
}

function isText(headers: readonly HeaderField[], body: Buffer): boolean {
  if (headers.some(([name]) => name === 'content-encoding')) return false
  if (body.length === 0) return true
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  return TEXT_TYPES.test(type.split(';', 1)[0]?.trim() ?? '')
}

// Without a prototype, a parameter called __proto__ is a parameter like any other.
function collect(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const all: Record<string, string[]> = Object.create(null)
  for (const [key, value] of pairs) {
    const values = all[key]
    if (values) values.push(value)
    else all[key] = [value]
  }
  return all
}

function keepLast(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const all: Record<string, string> = Object.create(null)
  for (const [key, value] of pairs) all[key] = value
  return all
}

function decodeField(value: string): string {
  // Node reads header bytes as Latin-1; the function is to get them as the UTF-8 they may be.
  return ASCII.test(value) ? value : decodeUtf8(Buffer.from(value, 'latin1'))
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new AlbError(502, 'LambdaBadRequest', { cause })
  }
}
