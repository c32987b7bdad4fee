/**
 * The load balancer's event, turned into a request; and a response, turned into what the load balancer reads.
 *
 * Ours, because the published adapters decode the query twice, read binary bodies as text, or lose repeated
 * headers on load balancer events. Multi-value target groups are what the stack deploys; single-value events
 * are understood as well.
 */
import type { ALBEvent, ALBResult } from 'aws-lambda'
import { ServiceError } from '../errors.ts'
import type { HeaderLines, HttpRequest, HttpResponse } from '../http/message.ts'
import { randomId } from '../random.ts'
import type { Access } from '../routes.ts'

/** The load balancer refuses a function's answer above this size, measured as the JSON it receives. */
export const MAX_RESULT_BYTES = 1_000_000

const TARGET_GROUP_ACCESS = /:targetgroup\/[A-Za-z0-9-]*-(open|oidc|internal)\/[0-9a-f]+$/
const PLAIN_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/
const TRACE_FIELD =
  /^(?:(?:Root|Self)=1-[0-9a-f]{8}-[0-9a-f]{24}|Parent=[0-9a-f]{16}|Sampled=[01?]|Lineage=[0-9a-f:|]{1,64})$/
/** What one UTF-16 unit of a text may become in the JSON of a result: an escape such as `\\u0000`. */
const MAX_JSON_BYTES_A_UNIT = 6

/**
 * Reads the access class from the target group's name.
 *
 * @throws {ServiceError} `internal_error` for a target group this deployment did not make: failing closed,
 *   because nothing can be said about who checked that request.
 */
export function accessOfTargetGroup(targetGroupArn: string): Access {
  const access = TARGET_GROUP_ACCESS.exec(targetGroupArn)?.[1]
  if (access === undefined) throw new ServiceError('internal_error')
  return access as Access
}

/** Turns an event of either header mode into a request. Nothing is decoded except a base64 body. */
export function requestFromEvent(event: ALBEvent): HttpRequest {
  const headers = headerLines(event)
  const sentId = headers['x-request-id']
  const callersId = sentId?.length === 1 && PLAIN_REQUEST_ID.test(sentId[0] ?? '') ? sentId[0] : undefined
  return {
    method: event.httpMethod,
    path: event.path,
    query: rawQuery(event),
    headers,
    body: bodyBytes(event),
    access: accessOfTargetGroup(event.requestContext.elb.targetGroupArn),
    requestId: callersId ?? randomId(),
    requestIdIsCallers: callersId !== undefined,
    traceId: plainTraceId(headers['x-amzn-trace-id']?.[0]),
  }
}

/** The load balancer keeps whatever a client put beside its own fields: only known ones go on into our logs. */
function plainTraceId(received: string | undefined): string | undefined {
  const fields = received?.split(';').filter((field) => TRACE_FIELD.test(field)) ?? []
  return fields.length === 0 ? undefined : fields.join(';')
}

function headerLines(event: ALBEvent): HeaderLines {
  // Without a prototype, a header called __proto__ is a header like any other.
  const lines: Record<string, string[]> = Object.create(null)
  const received = event.multiValueHeaders ?? event.headers ?? {}
  for (const [receivedName, values = []] of Object.entries(received)) {
    const name = receivedName.toLowerCase()
    // Names that differ in case only are one header: none of its lines may go unseen.
    lines[name] = [...(lines[name] ?? []), ...(typeof values === 'string' ? [values] : values)]
  }
  return lines
}

function rawQuery(event: ALBEvent): string {
  const parameters = event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {}
  return Object.entries(parameters)
    .flatMap(([name, values = []]) => [values].flat().map((value) => `${name}=${value}`))
    .join('&')
}

function bodyBytes(event: ALBEvent): Uint8Array {
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
}

/**
 * Turns a response into the load balancer's result, in the header mode of the event it answers.
 *
 * @throws {ServiceError} `response_too_large` if the load balancer would refuse it.
 * @throws {TypeError} for a repeated header in single-value mode, where all but one would be lost.
 */
export function resultFromResponse(response: HttpResponse, event: ALBEvent): ALBResult {
  const isText = typeof response.body === 'string'
  const body = isText
    ? (response.body as string)
    : Buffer.from(response.body as Uint8Array).toString('base64')
  // Base64 stays as long as it is; only a text has to be measured as the JSON it becomes.
  const mayBeLarge = body.length * (isText ? MAX_JSON_BYTES_A_UNIT : 1) > MAX_RESULT_BYTES * 0.9
  if (mayBeLarge && resultBytes(body, response) > MAX_RESULT_BYTES) {
    throw new ServiceError('response_too_large')
  }
  const result = { statusCode: response.status, body, isBase64Encoded: !isText }
  return event.multiValueHeaders
    ? { ...result, multiValueHeaders: multiValueHeaders(response) }
    : { ...result, headers: singleValueHeaders(response) }
}

function resultBytes(body: string, response: HttpResponse): number {
  return Buffer.byteLength(JSON.stringify(body)) + Buffer.byteLength(JSON.stringify(response.headers)) + 128
}

function multiValueHeaders(response: HttpResponse): Record<string, string[]> {
  const headers: Record<string, string[]> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    headers[name] = typeof value === 'string' ? [value] : [...value]
  }
  return headers
}

function singleValueHeaders(response: HttpResponse): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    const values = typeof value === 'string' ? [value] : value
    if (values.length > 1) throw new TypeError(`${name} is repeated, which a single-value target group loses`)
    headers[name] = values[0] ?? ''
  }
  return headers
}
