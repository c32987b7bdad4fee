import { gunzipSync, gzipSync } from 'node:zlib'
import { create, toBinary, toJsonString } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  GetRunDetailsRequestSchema,
  GetRunDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { describe, expect, it } from 'vitest'
import { REASONS, type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import { callKey, requestKey } from '../../../../functions/shared/rpc/router.ts'
import { type AlbAnswer, type AlbRequest, callThrough } from '../../../support/alb-event.ts'
import { envelope, envelopes, runServiceFunction } from './fixture.ts'

const SERVICE = '/flyteidl2.workflow.RunService'
const GET_DETAILS = `${SERVICE}/GetRunDetails`
const WATCH_DETAILS = `${SERVICE}/WatchRunDetails`
/** Something a client sends and must not find in an answer that refuses it, nor we in a log. */
const SECRET = 'S3CRET'

const runId = { org: '', project: 'flytesnacks', domain: 'development', name: 'r1' }
const request = create(GetRunDetailsRequestSchema, { runId })
const bytes = toBinary(GetRunDetailsRequestSchema, request)
const json = toJsonString(GetRunDetailsRequestSchema, request)
const proto = { 'content-type': 'application/proto' }
const stream = { 'content-type': 'application/connect+proto' }

/** A function whose methods echo, count what reached them, or fail as a test says. */
function echo(fail?: (signal: AbortSignal) => unknown) {
  const reached: unknown[] = []
  const fixture = runServiceFunction({
    getRunDetails: async (message, { signal }) => {
      reached.push(message)
      if (fail) throw await fail(signal)
      return { details: { action: { id: { run: message.runId, name: 'a0' } } } }
    },
    createRun: () => ({}),
    async *watchRunDetails(message, { signal }) {
      reached.push(message)
      yield { details: { action: { id: { run: message.runId, name: 'a0' } } } }
      if (fail) throw await fail(signal)
    },
  })
  return { ...fixture, reached }
}

interface WireError {
  readonly code: string
  readonly message: string
}

function endOfStream(answer: AlbAnswer): { error?: WireError; metadata?: Record<string, string[]> } {
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/connect+proto' } })
  const last = envelopes(answer.body).at(-1)
  expect((last?.flags ?? 0) & 2).toBe(2)
  return JSON.parse(String(last?.message))
}

describe('an RPC answer', () => {
  it('is of exactly the type application/proto for a protobuf call', async () => {
    const answer = await callThrough(echo().handler, { path: GET_DETAILS, headers: proto, body: bytes })
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/proto' } })
    expect(answer.headers).not.toHaveProperty('content-encoding')
  })

  it('is of exactly the type application/connect+proto for a stream', async () => {
    const body = envelope(0, bytes)
    const answer = await callThrough(echo().handler, { path: WATCH_DETAILS, headers: stream, body })
    expect(endOfStream(answer)).toEqual({})
    expect(envelopes(answer.body)).toHaveLength(2)
  })

  it('is JSON text for a JSON call, which the load balancer passes on as it is', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    const answer = await callThrough(echo().handler, { path: GET_DETAILS, headers, body: json })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.json()).toEqual({ details: { action: { id: { run: withoutOrg(), name: 'a0' } } } })
  })

  it('carries the request id of its caller', async () => {
    const headers = { ...proto, 'x-request-id': 'abc-123' }
    const answer = await callThrough(echo().handler, { path: GET_DETAILS, headers, body: bytes })
    expect(answer.headers['x-request-id']).toBe('abc-123')
  })

  it('is gzipped as a whole only if the client accepts that', async () => {
    const { handler } = runServiceFunction({
      listRuns: () => ({ runs: Array.from({ length: 100 }, () => ({ action: { id: { run: runId } } })) }),
    })
    const call = { path: `${SERVICE}/ListRuns`, body: '{"org":""}' }
    const type = { 'content-type': 'application/json' }
    const plain = await callThrough(handler, { ...call, headers: type })
    const zipped = await callThrough(handler, {
      ...call,
      headers: { ...type, 'accept-encoding': 'br, gzip' },
    })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.body).toString()).toBe(plain.text)
  })

  it('is gzipped a message at a time in a stream, never as a whole', async () => {
    const { handler } = runServiceFunction({
      async *watchRuns() {
        yield { runs: Array.from({ length: 100 }, () => ({ action: { id: { run: runId } } })) }
      },
    })
    const headers = { ...stream, 'connect-accept-encoding': 'gzip', 'accept-encoding': 'gzip' }
    const body = envelope(0, new BinaryWriter().tag(2, WireType.LengthDelimited).string('').finish())
    const answer = await callThrough(handler, { path: `${SERVICE}/WatchRuns`, headers, body })
    expect(answer.headers['connect-content-encoding']).toBe('gzip')
    expect(answer.headers).not.toHaveProperty('content-encoding')
    const [first] = envelopes(answer.body)
    expect(first?.flags).toBe(1)
    expect(gunzipSync(first?.message ?? '').length).toBeGreaterThan(1024)
  })

  it('keeps fields that are newer than our generated code', async () => {
    const newer = new BinaryWriter().raw(bytes).tag(9999, WireType.LengthDelimited).string('new').finish()
    const { handler, reached } = echo()
    await callThrough(handler, { path: GET_DETAILS, headers: proto, body: newer })
    expect(reached).toMatchObject([{ $unknown: [{ no: 9999 }] }])
  })

  it('leaves headers that are none of its business alone, whatever is in them', async () => {
    const headers = { ...proto, cookie: 'name=Zoë', 'x-forwarded-for': '\u0001', 'x-emoji': '😀' }
    const answer = await callThrough(echo().handler, { path: GET_DETAILS, headers, body: bytes })
    expect(answer.status).toBe(200)
  })

  it('can be read from a context that knows the request and the call', async () => {
    const seen: unknown[] = []
    const { handler } = runServiceFunction({
      getRunDetails: (_message, { values }) => {
        seen.push(values.get(requestKey).access, values.get(callKey).operation)
        return create(GetRunDetailsResponseSchema)
      },
    })
    await callThrough(handler, { path: GET_DETAILS, headers: proto, body: bytes, access: 'oidc' })
    expect(seen).toEqual(['oidc', GET_DETAILS])
  })

  it('comes even with the longest timeout that a client can write', async () => {
    const { handler } = echo((signal) => (signal.aborted ? new Error() : new ServiceError('run_not_found')))
    const headers = { ...proto, 'connect-timeout-ms': '9999999999' }
    const answer = await callThrough(handler, { path: GET_DETAILS, headers, body: bytes })
    expect(answer.json()).toMatchObject({ code: 'not_found' })
  })
})

function withoutOrg() {
  const { org: _, ...rest } = runId
  return rest
}

/** A protobuf message whose `run_id` is these bytes. */
function withRunId(content: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(content).finish()
}

const invalidUtf8 = Buffer.from([0xff, 0xfe, 0x80])
const nameInvalidUtf8 = withRunId(
  new BinaryWriter().tag(4, WireType.LengthDelimited).bytes(invalidUtf8).finish(),
)
const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024))
const jsonType = { 'content-type': 'application/json' }
const gzipped = { ...proto, 'content-encoding': 'gzip' }
const gzippedStream = { ...stream, 'connect-content-encoding': 'gzip' }
const base64url = (message: Uint8Array) => Buffer.from(message).toString('base64url')

/** What is sent, and the reason it is refused for. */
type Refusal = [name: string, request: Omit<AlbRequest, 'path'> & { path?: string }, reason: Reason]

const refusals: Refusal[] = [
  [
    'a method that its service does not have',
    { path: `${SERVICE}/${SECRET}`, headers: proto, body: bytes },
    'rpc_unknown',
  ],
  ['a path below a method', { path: `${GET_DETAILS}/${SECRET}`, headers: proto, body: bytes }, 'rpc_unknown'],
  [
    'a method that is not implemented',
    {
      path: `${SERVICE}/AbortAction`,
      headers: jsonType,
      body: '{"actionId":{"run":{"project":"p","domain":"d","name":"n"},"name":"a"}}',
    },
    'rpc_unimplemented',
  ],
  ['a PUT', { method: 'PUT', headers: proto, body: bytes }, 'method_not_allowed'],
  ['a HEAD', { method: 'HEAD', headers: proto }, 'method_not_allowed'],
  [
    'a GET of a method with side effects',
    { path: `${SERVICE}/CreateRun`, query: `encoding=json&message=${SECRET}` },
    'method_not_allowed',
  ],
  ['a GET of a stream', { path: WATCH_DETAILS, query: 'encoding=proto&message=' }, 'method_not_allowed'],
  ['a body without a type', { body: bytes }, 'content_type_unsupported'],
  [
    'a body of another type',
    { headers: { 'content-type': `text/${SECRET}` }, body: SECRET },
    'content_type_unsupported',
  ],
  [
    'a form',
    { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' },
    'content_type_unsupported',
  ],
  [
    'a gRPC call',
    { headers: { 'content-type': 'application/grpc' }, body: envelope(0, bytes) },
    'content_type_unsupported',
  ],
  [
    'a gRPC-Web call',
    { headers: { 'content-type': 'application/grpc-web+proto' }, body: envelope(0, bytes) },
    'content_type_unsupported',
  ],
  [
    'two types at once',
    { headers: { 'content-type': ['application/proto', 'application/json'] }, body: bytes },
    'content_type_unsupported',
  ],
  [
    'a streaming type for a unary method',
    { headers: stream, body: envelope(0, bytes) },
    'content_type_unsupported',
  ],
  [
    'a unary type for a stream',
    { path: WATCH_DETAILS, headers: proto, body: bytes },
    'content_type_unsupported',
  ],
  ['a truncated protobuf message', { headers: proto, body: bytes.subarray(0, -3) }, 'request_malformed'],
  [
    'a protobuf message with a field of the wrong type',
    { headers: proto, body: new BinaryWriter().tag(1, WireType.Varint).uint32(7).finish() },
    'request_malformed',
  ],
  [
    'a protobuf message with text that is not UTF-8',
    { headers: proto, body: nameInvalidUtf8 },
    'request_malformed',
  ],
  ['a protobuf message that is text', { headers: proto, body: SECRET }, 'request_malformed'],
  ['JSON that ends too early', { headers: jsonType, body: json.slice(0, -4) }, 'request_malformed'],
  [
    'JSON with a field of the wrong type',
    { headers: jsonType, body: `{"runId":"${SECRET}"}` },
    'request_malformed',
  ],
  ['JSON that is a list', { headers: jsonType, body: `["${SECRET}"]` }, 'request_malformed'],
  ['JSON that is nothing', { headers: jsonType, body: '' }, 'request_malformed'],
  [
    'gzipped JSON that is not UTF-8',
    {
      headers: { ...jsonType, 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.concat([Buffer.from('{"runId":{"name":"'), invalidUtf8, Buffer.from('"}}')])),
    },
    'request_malformed',
  ],
  ['gzip that is not gzip', { headers: gzipped, body: SECRET }, 'request_malformed'],
  [
    'gzip that ends too early',
    { headers: gzipped, body: gzipSync(bytes).subarray(0, -9) },
    'request_malformed',
  ],
  ['a small gzip that becomes 20 MB', { headers: gzipped, body: bomb }, 'request_too_large'],
  [
    'a compression that we do not read',
    { headers: { ...proto, 'content-encoding': SECRET }, body: bytes },
    'encoding_unsupported',
  ],
  [
    'a timeout that is no number',
    { headers: { ...proto, 'connect-timeout-ms': SECRET }, body: bytes },
    'request_malformed',
  ],
  [
    'a timeout that is negative',
    { headers: { ...proto, 'connect-timeout-ms': '-1' }, body: bytes },
    'request_malformed',
  ],
  [
    'a timeout of eleven digits',
    { headers: { ...proto, 'connect-timeout-ms': '10000000000' }, body: bytes },
    'request_malformed',
  ],
  [
    'a header of the protocol with a control character',
    { headers: { ...proto, 'connect-timeout-ms': `1\n${SECRET}` }, body: bytes },
    'request_malformed',
  ],
  ['a GET without an encoding', { query: `message=${SECRET}` }, 'request_malformed'],
  [
    'a GET with a message that is no base64',
    { query: 'encoding=proto&base64=1&message=!!!!' },
    'request_malformed',
  ],
  [
    'a GET with a truncated message',
    { query: `encoding=proto&base64=1&message=${base64url(bytes.subarray(0, -3))}` },
    'request_malformed',
  ],
  [
    'a message that breaks a rule of its proto',
    { headers: jsonType, body: `{"runId":{"name":"${SECRET.repeat(9)}"}}` },
    'request_invalid',
  ],
]

const streamRefusals: Refusal[] = [
  ['no message at all', { headers: stream, body: '' }, 'request_malformed'],
  [
    'two messages',
    { headers: stream, body: Buffer.concat([envelope(0, bytes), envelope(0, bytes)]) },
    'request_malformed',
  ],
  ['half an envelope', { headers: stream, body: envelope(0, bytes).subarray(0, 4) }, 'request_malformed'],
  [
    'an envelope longer than the body',
    { headers: stream, body: envelope(0, bytes).subarray(0, -3) },
    'request_malformed',
  ],
  [
    'an envelope that claims 4 GB',
    { headers: stream, body: Buffer.from('00ffffffff00', 'hex') },
    'request_too_large',
  ],
  ['a truncated message', { headers: stream, body: envelope(0, bytes.subarray(0, -3)) }, 'request_malformed'],
  [
    'a message with text that is not UTF-8',
    { headers: stream, body: envelope(0, nameInvalidUtf8) },
    'request_malformed',
  ],
  [
    'a compressed message without saying how',
    { headers: stream, body: envelope(1, gzipSync(bytes)) },
    'request_malformed',
  ],
  [
    'a message that is not the gzip it claims to be',
    { headers: gzippedStream, body: envelope(1, SECRET) },
    'request_malformed',
  ],
  [
    'a small gzip that becomes 20 MB',
    { headers: gzippedStream, body: envelope(1, bomb) },
    'request_too_large',
  ],
  [
    'a compression that we do not read',
    { headers: { ...stream, 'connect-content-encoding': SECRET }, body: envelope(0, bytes) },
    'encoding_unsupported',
  ],
  [
    'a timeout that is no number',
    { headers: { ...stream, 'connect-timeout-ms': SECRET }, body: envelope(0, bytes) },
    'request_malformed',
  ],
  [
    'a method that is not implemented',
    { path: `${SERVICE}/WatchActions`, headers: stream, body: envelope(0, bytes) },
    'rpc_unimplemented',
  ],
  [
    'a message that breaks a rule of its proto',
    {
      headers: stream,
      body: envelope(
        0,
        withRunId(new BinaryWriter().tag(4, WireType.LengthDelimited).string(SECRET.repeat(9)).finish()),
      ),
    },
    'request_invalid',
  ],
]

describe('an RPC call is refused', () => {
  for (const [name, sent, reason] of refusals) {
    it(`with ${reason} for ${name}`, async () => {
      const { handler, ended, reached } = echo()
      const answer = await callThrough(handler, { path: GET_DETAILS, ...sent })
      const { code, status } = REASONS[reason]
      expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/json' } })
      expect(answer.json()).toMatchObject({ code })
      expect(answer.text).not.toContain(SECRET)
      expect(ended).toMatchObject([{ call: { outcome: reason } }])
      expect(reached).toEqual([])
    })
  }

  it('with the methods it allows, if another was used', async () => {
    const { handler } = echo()
    expect((await callThrough(handler, { method: 'PUT', path: GET_DETAILS })).headers.allow).toBe('POST, GET')
    expect((await callThrough(handler, { path: WATCH_DETAILS })).headers.allow).toBe('POST')
  })
})

describe('a streaming RPC call is refused', () => {
  for (const [name, sent, reason] of streamRefusals) {
    it(`with ${reason} for ${name}`, async () => {
      const { handler, ended, reached } = echo()
      const answer = await callThrough(handler, { path: WATCH_DETAILS, ...sent })
      expect(endOfStream(answer)).toMatchObject({ error: { code: REASONS[reason].code } })
      expect(answer.text).not.toContain(SECRET)
      expect(ended).toMatchObject([{ call: { outcome: reason } }])
      expect(reached).toEqual([])
    })
  }
})

const failures: [name: string, fail: (signal: AbortSignal) => unknown, reason: Reason][] = [
  ['our own error', () => new ServiceError('store_throttled'), 'store_throttled'],
  [
    'an error with a sentence of its own',
    () => new ServiceError('request_invalid', { message: 'x is bad.' }),
    'request_invalid',
  ],
  ['a bug', () => new TypeError(`cannot read ${SECRET}`), 'internal_error'],
  ['something that is no error', () => SECRET, 'internal_error'],
  [
    'the end of the time that the client allowed',
    async (signal) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return signal.reason
    },
    'deadline_exceeded',
  ],
]

describe('a method that fails', () => {
  for (const [name, fail, reason] of failures) {
    it(`with ${name} answers ${reason}`, async () => {
      const { handler, ended } = echo(fail)
      const headers = { ...proto, 'connect-timeout-ms': '20' }
      const answer = await callThrough(handler, { path: GET_DETAILS, headers, body: bytes })
      expect(answer.status).toBe(REASONS[reason].status)
      expect(answer.json()).toMatchObject({ code: REASONS[reason].code })
      expect(answer.text).not.toContain(SECRET)
      expect(ended).toMatchObject([{ call: { outcome: reason } }])
    })

    it(`with ${name} in a stream ends it with ${reason}, after what it had said`, async () => {
      const { handler, ended } = echo(fail)
      const headers = { ...stream, 'connect-timeout-ms': '20' }
      const answer = await callThrough(handler, { path: WATCH_DETAILS, headers, body: envelope(0, bytes) })
      expect(endOfStream(answer)).toMatchObject({ error: { code: REASONS[reason].code } })
      expect(envelopes(answer.body)).toHaveLength(2)
      expect(answer.text).not.toContain(SECRET)
      expect(ended).toMatchObject([{ call: { outcome: reason } }])
    })
  }
})

describe('an answer larger than the load balancer passes on', () => {
  const name = 'n'.repeat(1_100_000)

  it('is replaced by an error that says so', async () => {
    const { handler, ended } = runServiceFunction({
      getRunDetails: () => ({ details: { action: { id: { name } } } }),
    })
    for (const headers of [proto, jsonType]) {
      const body = headers === proto ? bytes : json
      const answer = await callThrough(handler, { path: GET_DETAILS, headers, body })
      expect(answer.json()).toMatchObject({ code: 'out_of_range' })
    }
    expect(ended.map(({ call }) => call.outcome)).toEqual(['response_too_large', 'response_too_large'])
  })

  it('is passed on if it becomes small enough by gzip', async () => {
    const { handler } = runServiceFunction({
      getRunDetails: () => ({ details: { action: { id: { name } } } }),
    })
    const headers = { ...proto, 'accept-encoding': 'gzip' }
    expect(await callThrough(handler, { path: GET_DETAILS, headers, body: bytes })).toMatchObject({
      status: 200,
    })
  })

  it('ends a stream with that error, in a form that streaming clients read', async () => {
    const { handler, ended } = runServiceFunction({
      async *watchRunDetails() {
        yield { details: { action: { id: { name } } } }
      },
    })
    const body = envelope(0, bytes)
    const answer = await callThrough(handler, { path: WATCH_DETAILS, headers: stream, body })
    expect(endOfStream(answer)).toMatchObject({ error: { code: 'out_of_range' } })
    expect(ended).toMatchObject([{ call: { outcome: 'response_too_large' } }])
  })
})

describe('a gate', () => {
  it('runs before the body is read, so that nobody unknown is told what is wrong with it', async () => {
    const { handler } = runServiceFunction({}, () => {
      throw new ServiceError('token_expired')
    })
    const answer = await callThrough(handler, { path: GET_DETAILS, headers: proto, body: 'not protobuf' })
    expect(answer).toMatchObject({ status: 401 })
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token", error_description="[^"\\]+", resource_metadata="https:\/\/[^"]+"$/,
    )
  })

  it('that fails by a bug lets nobody through', async () => {
    const { handler, ended } = runServiceFunction({ getRunDetails: () => ({}) }, () => {
      throw new TypeError(SECRET)
    })
    const answer = await callThrough(handler, { path: GET_DETAILS, headers: proto, body: bytes })
    expect(answer.json()).toEqual({ code: 'internal', message: 'Something went wrong on our side.' })
    expect(ended).toMatchObject([{ call: { outcome: 'internal_error' } }])
  })
})
