import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { InvokeFailure } from '../../../local/alb/index.ts'
import { forwardMulti, forwardSingle, OK_PAYLOAD, startAlb, templateOf } from './support/alb.ts'
import { send, sendRaw } from './support/http.ts'

const multi = { defaultActions: [forwardMulti] }
const single = { defaultActions: [forwardSingle] }
const MIB = 1024 * 1024

describe('the event of a function', () => {
  it('carries the ARN of the target group, with its name and sixteen digits', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/')
    const { targetGroupArn } = alb.lastEvent().requestContext.elb
    expect(targetGroupArn).toMatch(
      /^arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup\/things-open\/[0-9a-f]{16}$/,
    )
    expect(alb.targetGroupArns.get('Multi')).toBe(targetGroupArn)
    expect(alb.invocations[0]?.target).toEqual({ targetGroup: 'Multi', functionRef: { Ref: 'Alias' } })
  })

  it('has lists and no single values where the group has multi-value headers', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/p?a=1&a=2&b', { headers: { 'X-Thing': ['one', 'two'] } })
    expect(Object.keys(alb.lastEvent()).sort()).toEqual([
      'body',
      'httpMethod',
      'isBase64Encoded',
      'multiValueHeaders',
      'multiValueQueryStringParameters',
      'path',
      'requestContext',
    ])
    expect(alb.lastEvent().multiValueQueryStringParameters).toEqual({ a: ['1', '2'], b: [''] })
    expect(alb.lastEvent().multiValueHeaders?.['x-thing']).toEqual(['one', 'two'])
  })

  it('has the last value of what repeats where the group has single values', async () => {
    const alb = await startAlb(single)
    await send(alb.port, '/p?a=1&a=2', { headers: { cookie: ['a=1', 'b=2'] } })
    expect(Object.keys(alb.lastEvent()).sort()).toEqual([
      'body',
      'headers',
      'httpMethod',
      'isBase64Encoded',
      'path',
      'queryStringParameters',
      'requestContext',
    ])
    expect(alb.lastEvent().queryStringParameters).toEqual({ a: '2' })
    expect(alb.lastEvent().headers?.cookie).toMatch(/b=2$/)
  })

  it('keeps path and query percent-encoded, and plus as plus', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/a%2Fb/%C3%A9?redirect_uri=https%3A%2F%2Fx&q=a+b&%6B=v')
    expect(alb.lastEvent()).toMatchObject({
      path: '/a%2Fb/%C3%A9',
      multiValueQueryStringParameters: { redirect_uri: ['https%3A%2F%2Fx'], q: ['a+b'], '%6B': ['v'] },
    })
  })

  it('has empty parameters, an empty body and no base64 for a plain GET', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/')
    expect(alb.lastEvent()).toMatchObject({
      httpMethod: 'GET',
      multiValueQueryStringParameters: {},
      body: '',
      isBase64Encoded: false,
    })
  })

  it('has parameters called like a property of objects', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/?__proto__=x&constructor=y')
    const parameters = JSON.parse(JSON.stringify(alb.lastEvent().multiValueQueryStringParameters))
    expect(Object.entries(parameters)).toEqual([
      ['__proto__', ['x']],
      ['constructor', ['y']],
    ])
  })

  it('has lower-case header names', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { headers: { 'X-Mixed-Case': 'Value' } })
    expect(alb.lastEvent().multiValueHeaders?.['x-mixed-case']).toEqual(['Value'])
  })

  it('has the authority of a request in absolute form as its rule host and the path alone', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, 'http://other.example.com/p?q=1')
    expect(alb.lastEvent()).toMatchObject({ path: '/p', multiValueQueryStringParameters: { q: ['1'] } })
  })

  it('has UTF-8 headers as the text they are', async () => {
    const alb = await startAlb(multi)
    const value = Buffer.from('Žofie', 'utf8').toString('latin1')
    await sendRaw(alb.port, Buffer.from(`GET / HTTP/1.0\r\nx-name: ${value}\r\n\r\n`, 'latin1'))
    expect(alb.lastEvent().multiValueHeaders?.['x-name']).toEqual(['Žofie'])
  })
})

describe('the body of an event', () => {
  const texts = [
    'text/plain',
    'text/html; charset=utf-8',
    'application/json',
    'APPLICATION/JSON',
    'application/javascript',
    'application/xml',
  ]
  for (const type of texts) {
    it(`is text for ${type}`, async () => {
      const alb = await startAlb(multi)
      await send(alb.port, '/', { method: 'POST', headers: { 'content-type': type }, body: '{"é":1}' })
      expect(alb.lastEvent()).toMatchObject({ body: '{"é":1}', isBase64Encoded: false })
    })
  }

  const binaries = [
    'application/proto',
    'application/connect+json',
    'application/grpc-web+proto',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'application/jsonx',
    'image/png',
  ]
  for (const type of binaries) {
    it(`is base64 for ${type}`, async () => {
      const alb = await startAlb(multi)
      const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80])
      await send(alb.port, '/', { method: 'POST', headers: { 'content-type': type }, body: bytes })
      expect(alb.lastEvent()).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true })
    })
  }

  it('is base64 without a content type', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { method: 'POST', body: 'plain' })
    expect(alb.lastEvent()).toMatchObject({ isBase64Encoded: true })
  })

  it('is base64 with a content encoding, also for text', async () => {
    const alb = await startAlb(multi)
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    await send(alb.port, '/', { method: 'POST', headers, body: Buffer.from([0x1f, 0x8b]) })
    expect(alb.lastEvent()).toMatchObject({ body: 'H4s=', isBase64Encoded: true })
  })

  it('keeps a byte order mark', async () => {
    const alb = await startAlb(multi)
    const body = Buffer.from('\uFEFFx', 'utf8')
    await send(alb.port, '/', { method: 'POST', headers: { 'content-type': 'text/plain' }, body })
    expect(alb.lastEvent().body).toBe('\uFEFFx')
  })

  it('is put together from chunks', async () => {
    const alb = await startAlb(multi)
    const headers = { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' }
    await send(alb.port, '/', { method: 'POST', headers, body: 'in chunks' })
    expect(alb.lastEvent().body).toBe('in chunks')
    expect(alb.lastEvent().multiValueHeaders).not.toHaveProperty('transfer-encoding')
  })
})

describe('headers that the load balancer adds', () => {
  it('are the address, scheme and port of the client and a trace id', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/')
    const headers = alb.lastEvent().multiValueHeaders
    expect(headers).toMatchObject({
      'x-forwarded-for': ['127.0.0.1'],
      'x-forwarded-proto': ['http'],
      'x-forwarded-port': [String(alb.port)],
    })
    expect(headers?.['x-amzn-trace-id']?.[0]).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/)
    expect(alb.log[0]?.traceId).toBe(headers?.['x-amzn-trace-id']?.[0])
  })

  it('come after an address that the client claims', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { headers: { 'x-forwarded-for': ['10.0.0.1', '10.0.0.2'] } })
    expect(alb.lastEvent().multiValueHeaders?.['x-forwarded-for']).toEqual(['10.0.0.1, 10.0.0.2, 127.0.0.1'])
  })

  it('replace a scheme and port that the client claims', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' } })
    expect(alb.lastEvent().multiValueHeaders).toMatchObject({
      'x-forwarded-proto': ['http'],
      'x-forwarded-port': [String(alb.port)],
    })
  })

  it('keep the root of a trace that came with the request', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { headers: { 'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678' } })
    expect(alb.lastEvent().multiValueHeaders?.['x-amzn-trace-id']?.[0]).toMatch(
      /^Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678$/,
    )
  })

  it('leave x-forwarded-for alone in preserve mode and drop it in remove mode', async () => {
    const mode = (value: string) => ({
      ...multi,
      loadBalancerAttributes: { 'routing.http.xff_header_processing.mode': value },
    })
    const headers = { 'x-forwarded-for': '10.0.0.1' }
    const preserving = await startAlb(mode('preserve'))
    const removing = await startAlb(mode('remove'))
    await send(preserving.port, '/', { headers })
    await send(removing.port, '/', { headers })
    expect(preserving.lastEvent().multiValueHeaders?.['x-forwarded-for']).toEqual(['10.0.0.1'])
    expect(removing.lastEvent().multiValueHeaders).not.toHaveProperty('x-forwarded-for')
  })
})

describe('headers of a request', () => {
  it('that belong to the connection stay with it, except connection itself', async () => {
    const alb = await startAlb(multi)
    const headers = {
      connection: 'keep-alive',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      'proxy-connection': 'x',
    }
    await send(alb.port, '/', { headers })
    const received = alb.lastEvent().multiValueHeaders ?? {}
    expect(received.connection).toEqual(['keep-alive'])
    for (const name of ['keep-alive', 'te', 'proxy-connection']) expect(received).not.toHaveProperty(name)
  })

  it('that Connection names are not removed for it', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { headers: { connection: 'close, x-forwarded-for, x-mine', 'x-mine': '1' } })
    expect(alb.lastEvent().multiValueHeaders).toMatchObject({
      'x-forwarded-for': ['127.0.0.1'],
      'x-mine': ['1'],
    })
  })

  it('keep a client-sent identity on a rule that does not authenticate', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/', { headers: { 'x-amzn-oidc-identity': 'ada', 'x-amzn-oidc-data': 'a.b.c' } })
    expect(alb.lastEvent().multiValueHeaders).toMatchObject({
      'x-amzn-oidc-identity': ['ada'],
      'x-amzn-oidc-data': ['a.b.c'],
    })
  })

  it('with an underscore in their name are dropped only if invalid fields are to be dropped', async () => {
    const attribute = 'routing.http.drop_invalid_header_fields.enabled'
    const lenient = await startAlb(multi)
    const strict = await startAlb({ ...multi, loadBalancerAttributes: { [attribute]: 'true' } })
    const headers = { x_amzn_oidc_identity: 'ada', 'x-good': '1' }
    await send(lenient.port, '/', { headers })
    await send(strict.port, '/', { headers })
    expect(lenient.lastEvent().multiValueHeaders).toMatchObject({ x_amzn_oidc_identity: ['ada'] })
    expect(strict.lastEvent().multiValueHeaders).not.toHaveProperty('x_amzn_oidc_identity')
    expect(strict.lastEvent().multiValueHeaders).toHaveProperty('x-good')
  })
})

describe('limits of a request', () => {
  it('let a body of 1 MB through', async () => {
    const alb = await startAlb(multi)
    const reply = await send(alb.port, '/', { method: 'POST', body: Buffer.alloc(MIB) })
    expect(reply.status).toBe(200)
  })

  for (const [title, headers] of [
    ['announced', { 'content-length': String(MIB + 1) }],
    ['sent in chunks', { 'transfer-encoding': 'chunked' }],
  ] as const) {
    it(`answer 413 to a body over 1 MB, ${title}`, async () => {
      const alb = await startAlb(multi)
      const reply = await send(alb.port, '/', { method: 'POST', headers, body: Buffer.alloc(MIB + 1) })
      expect(reply).toMatchObject({ status: 413, headers: { connection: 'close' } })
      expect(alb.invocations).toHaveLength(0)
      expect(alb.log[0]).toMatchObject({ status: 413, errorReason: 'LambdaRequestTooLarge' })
    })
  }

  const refusals: [title: string, status: number, path: string, headers: Record<string, string>][] = [
    ['a request line over 16 K', 414, `/${'a'.repeat(16_400)}`, {}],
    ['a header over 16 K', 400, '/', { 'x-long': 'a'.repeat(16_400) }],
    [
      'headers over 64 K together',
      400,
      '/',
      Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`x-${n}`, 'a'.repeat(15_000)])),
    ],
    ['headers far beyond every limit', 400, '/', { 'x-long': 'a'.repeat(200_000) }],
    [
      'more than 30 forwarded addresses',
      463,
      '/',
      { 'x-forwarded-for': Array(31).fill('10.0.0.1').join(', ') },
    ],
    ['a WebSocket upgrade', 400, '/', { connection: 'upgrade', upgrade: 'websocket' }],
  ]
  for (const [title, status, path, headers] of refusals) {
    it(`answer ${status} to ${title}`, async () => {
      const alb = await startAlb(multi)
      expect((await send(alb.port, path, { headers })).status).toBe(status)
      expect(alb.invocations).toHaveLength(0)
    })
  }

  it('answer 405 to TRACE', async () => {
    const alb = await startAlb(multi)
    expect((await send(alb.port, '/', { method: 'TRACE' })).status).toBe(405)
    expect(alb.invocations).toHaveLength(0)
  })

  for (const encoding of ['gzip', 'gzip, chunked', 'chunked, gzip']) {
    it(`answer 501 to transfer encoding ${encoding}, once`, async () => {
      const alb = await startAlb(multi)
      const request = `POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: ${encoding}\r\n\r\n0\r\n\r\n`
      const reply = await sendRaw(alb.port, request)
      expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 501'])
      expect(alb.invocations).toHaveLength(0)
    })
  }

  it('answer 400 to a chunk that is none, and do not invoke the function', async () => {
    const alb = await startAlb(multi)
    const request = 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n'
    expect(await sendRaw(alb.port, request)).toMatch(/^HTTP\/1\.1 400 /)
    expect(alb.invocations).toHaveLength(0)
  })

  it('do not hand the function half a body', async () => {
    const alb = await startAlb(multi)
    const socket = connect(alb.port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf')
    socket.end()
    await once(socket.resume(), 'close')
    expect(alb.invocations).toHaveLength(0)
  })

  it('answer 400 to what is not HTTP', async () => {
    const alb = await startAlb(multi)
    expect(await sendRaw(alb.port, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  for (const [title, headers, body] of [
    ['a header that is not UTF-8', 'x-name: \xff\xfe\r\n', ''],
    ['a text body that is not UTF-8', 'content-type: application/json\r\ncontent-length: 2\r\n', '\xff\xfe'],
  ] as const) {
    it(`answer 502 to ${title}`, async () => {
      const alb = await startAlb(multi)
      const request = `POST / HTTP/1.0\r\n${headers}\r\n${body}`
      expect(await sendRaw(alb.port, Buffer.from(request, 'latin1'))).toMatch(/^HTTP\/1\.1 502 /)
      expect(alb.log[0]).toMatchObject({ errorReason: 'LambdaBadRequest' })
    })
  }
})

describe('the answer of a function', () => {
  it('comes through with status, phrase, headers and body', async () => {
    const payload = {
      ...OK_PAYLOAD,
      statusCode: 418,
      statusDescription: "418 I'm a teapot, short",
      multiValueHeaders: {
        'content-type': ['text/x'],
        'Set-Cookie': ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'],
      },
    }
    const alb = await startAlb(multi, { answer: () => ({ payload }) })
    expect(await send(alb.port, '/')).toMatchObject({
      status: 418,
      statusText: "I'm a teapot, short",
      setCookies: ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'],
      text: 'from the function',
    })
    expect(alb.log[0]).toMatchObject({
      status: 418,
      targetStatus: 418,
      targetGroup: 'Multi',
      actions: ['forward'],
    })
  })

  it('comes through with single-value headers where the group has them', async () => {
    const alb = await startAlb(single, {
      answer: () => ({ payload: { ...OK_PAYLOAD, headers: { 'x-a': '1' } } }),
    })
    expect((await send(alb.port, '/')).headers['x-a']).toBe('1')
  })

  it('comes through as bytes where it is base64', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80])
    const payload = { ...OK_PAYLOAD, isBase64Encoded: true, body: bytes.toString('base64') }
    const alb = await startAlb(multi, { answer: () => ({ payload }) })
    expect((await send(alb.port, '/')).bytes).toEqual(bytes)
  })

  it('may have no body', async () => {
    const { body: _, ...payload } = OK_PAYLOAD
    const alb = await startAlb(multi, { answer: () => ({ payload: { ...payload, statusCode: 204 } }) })
    expect(await send(alb.port, '/')).toMatchObject({ status: 204, text: '' })
  })

  it('cannot set headers of the connection or its own length', async () => {
    const multiValueHeaders = {
      'content-length': ['1'],
      'transfer-encoding': ['chunked'],
      'keep-alive': ['timeout=1000'],
      upgrade: ['h2c'],
    }
    const alb = await startAlb(multi, { answer: () => ({ payload: { ...OK_PAYLOAD, multiValueHeaders } }) })
    const { headers, text } = await send(alb.port, '/')
    expect(text).toBe('from the function')
    expect(headers['content-length']).toBe('17')
    for (const name of ['transfer-encoding', 'upgrade']) expect(headers).not.toHaveProperty(name)
  })

  it('is said to come from the load balancer unless the function names a server', async () => {
    const named = { ...OK_PAYLOAD, multiValueHeaders: { server: ['mine'] } }
    const plain = await startAlb(multi)
    const own = await startAlb(multi, { answer: () => ({ payload: named }) })
    expect((await send(plain.port, '/')).headers.server).toBe('awselb/2.0')
    expect((await send(own.port, '/')).headers.server).toBe('mine')
  })

  it('gets the headers that listener attributes add, in place of its own', async () => {
    const listenerAttributes = {
      'routing.http.response.strict_transport_security.header_value': 'max-age=31536000',
      'routing.http.response.server.enabled': 'true',
    }
    const payload = { ...OK_PAYLOAD, multiValueHeaders: { 'strict-transport-security': ['max-age=1'] } }
    const alb = await startAlb({ ...multi, listenerAttributes }, { answer: () => ({ payload }) })
    expect((await send(alb.port, '/')).headers['strict-transport-security']).toBe('max-age=31536000')
  })

  const big = 'a'.repeat(MIB)
  const malformed: [title: string, payload: unknown, reason?: string][] = [
    ['is nothing', null],
    ['is a text', 'hello'],
    ['has no status', { ...OK_PAYLOAD, statusCode: undefined }],
    ['has a status in a text', { ...OK_PAYLOAD, statusCode: '200' }],
    ['has a status that is none', { ...OK_PAYLOAD, statusCode: 1000 }],
    ['has an interim status', { ...OK_PAYLOAD, statusCode: 101 }],
    ['does not say whether it is base64', { ...OK_PAYLOAD, isBase64Encoded: undefined }],
    ['has a body that is an object', { ...OK_PAYLOAD, body: { a: 1 } }],
    ['has base64 that is none', { ...OK_PAYLOAD, isBase64Encoded: true, body: 'not base64!' }],
    ['has single-value headers in a multi-value group', { ...OK_PAYLOAD, multiValueHeaders: undefined }],
    ['has a list that is none', { ...OK_PAYLOAD, multiValueHeaders: { 'x-a': '1' } }],
    ['has a header value that is a number', { ...OK_PAYLOAD, multiValueHeaders: { 'x-a': [1] } }],
    ['has a line break in a header', { ...OK_PAYLOAD, multiValueHeaders: { 'x-a': ['1\r\nx-b: 2'] } }],
    ['has a space in a header name', { ...OK_PAYLOAD, multiValueHeaders: { 'x a': ['1'] } }],
    ['has headers over 32 K', { ...OK_PAYLOAD, multiValueHeaders: { 'x-a': ['a'.repeat(33_000)] } }],
    ['is over 1 MB', { ...OK_PAYLOAD, body: big }, 'LambdaResponseTooLarge'],
    ['is over 1 MB once escaped', { ...OK_PAYLOAD, body: '"'.repeat(MIB / 2) }, 'LambdaResponseTooLarge'],
  ]
  for (const [title, payload, reason = 'LambdaInvalidResponse'] of malformed) {
    it(`is refused with 502 if it ${title}`, async () => {
      const alb = await startAlb(multi, { answer: () => ({ payload }) })
      const reply = await send(alb.port, '/')
      expect(reply.status).toBe(502)
      expect(alb.log[0]).toMatchObject({ status: 502, errorReason: reason })
      expect(alb.log[0]?.targetStatus).toBeUndefined()
    })
  }

  it('is refused with 502 if it has lists in a single-value group', async () => {
    const payload = { ...OK_PAYLOAD, headers: undefined }
    const alb = await startAlb(single, { answer: () => ({ payload }) })
    expect((await send(alb.port, '/')).status).toBe(502)
  })

  it('may be just under 1 MB', async () => {
    const payload = { ...OK_PAYLOAD, body: 'a'.repeat(MIB - 1000) }
    const alb = await startAlb(multi, { answer: () => ({ payload }) })
    expect((await send(alb.port, '/')).bytes).toHaveLength(MIB - 1000)
  })
})

describe('a function that gives no answer', () => {
  const outcomes: [failure: InvokeFailure, status: number, reason: string][] = [
    ['timeout', 502, 'LambdaUnhandled'],
    ['error', 502, 'LambdaUnhandled'],
    ['throttled', 502, 'LambdaThrottling'],
    ['access-denied', 502, 'LambdaAccessDenied'],
    ['not-found', 502, 'LambdaResourceNotFound'],
    ['connection-timeout', 504, 'LambdaConnectionTimeout'],
  ]
  for (const [error, status, errorReason] of outcomes) {
    it(`is answered ${status} for ${error}`, async () => {
      const alb = await startAlb(multi, { answer: () => ({ error }) })
      expect((await send(alb.port, '/')).status).toBe(status)
      expect(alb.log[0]).toMatchObject({ status, errorReason })
    })
  }

  it('is answered 502 when the invocation itself fails, and says nothing of why', async () => {
    const answer = () => Promise.reject(new Error('secret detail'))
    const alb = await startAlb(multi, { answer })
    const reply = await send(alb.port, '/')
    expect(reply.status).toBe(502)
    expect(reply.text + JSON.stringify(alb.log)).not.toContain('secret detail')
  })

  it('is answered 503 where a group has no target', async () => {
    const template = templateOf(multi)
    const group = {
      ...template.Resources?.Multi,
      Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
      Properties: { TargetType: 'lambda' },
    }
    const alb = await startAlb({ ...template, Resources: { ...template.Resources, Multi: group } })
    expect((await send(alb.port, '/')).status).toBe(503)
  })
})

describe('a weighted forward', () => {
  const weighted = (a: number, b: number) => ({
    Type: 'forward',
    ForwardConfig: {
      TargetGroups: [
        { TargetGroupArn: { Ref: 'Multi' }, Weight: a },
        { TargetGroupArn: { Ref: 'Single' }, Weight: b },
      ],
    },
  })

  it('never chooses a group of weight zero', async () => {
    const alb = await startAlb({ defaultActions: [weighted(0, 3)] })
    for (let i = 0; i < 10; i++) await send(alb.port, '/')
    expect(new Set(alb.invocations.map(({ target }) => target.targetGroup))).toEqual(new Set(['Single']))
  })

  it('answers 503 where every weight is zero', async () => {
    const alb = await startAlb({ defaultActions: [weighted(0, 0)] })
    expect((await send(alb.port, '/')).status).toBe(503)
  })
})

describe('the access log', () => {
  it('names the path and leaves out query, headers and body', async () => {
    const alb = await startAlb(multi)
    const headers = { authorization: 'Bearer secret-1', cookie: 'secret-2' }
    await send(alb.port, '/path?code=secret-3', { method: 'POST', headers, body: 'secret-4' })
    expect(alb.log[0]).toMatchObject({
      method: 'POST',
      path: '/path',
      host: '127.0.0.1',
      clientIp: '127.0.0.1',
    })
    expect(JSON.stringify(alb.log)).not.toContain('secret')
  })

  it('has a line for a request that no rule saw', async () => {
    const alb = await startAlb(multi)
    await send(alb.port, '/x', { method: 'TRACE' })
    expect(alb.log[0]).toMatchObject({ method: 'TRACE', status: 405, actions: [] })
  })
})

describe('a health check', () => {
  it('sends the function nothing but the name of the checker', async () => {
    const alb = await startAlb(multi)
    expect(await alb.checkHealth('Multi')).toEqual({ healthy: true, status: 200 })
    expect(alb.lastEvent()).toEqual({
      requestContext: { elb: { targetGroupArn: alb.targetGroupArns.get('Multi') } },
      httpMethod: 'GET',
      path: '/',
      multiValueQueryStringParameters: {},
      multiValueHeaders: { 'user-agent': ['ELB-HealthChecker/2.0'] },
      body: '',
      isBase64Encoded: false,
    })
  })

  it('sends single values where the group has them', async () => {
    const alb = await startAlb(multi)
    await alb.checkHealth('Single')
    expect(alb.lastEvent().headers).toEqual({ 'user-agent': 'ELB-HealthChecker/2.0' })
  })

  const outcomes: [title: string, answer: () => { payload: unknown } | { error: 'timeout' }][] = [
    ['answers another status', () => ({ payload: { ...OK_PAYLOAD, statusCode: 500 } })],
    ['answers nonsense', () => ({ payload: 'nonsense' })],
    ['does not answer', () => ({ error: 'timeout' })],
  ]
  for (const [title, answer] of outcomes) {
    it(`finds a function unhealthy that ${title}`, async () => {
      const alb = await startAlb(multi, { answer })
      expect(await alb.checkHealth('Multi')).toMatchObject({ healthy: false })
    })
  }

  it('reads path and success codes from the target group', async () => {
    const template = templateOf(multi)
    const group = template.Resources?.Multi
    const Properties = {
      ...group?.Properties,
      HealthCheckPath: '/healthz',
      Matcher: { HttpCode: '204,300-302' },
    }
    const Multi = { Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties }
    const alb = await startAlb(
      { ...template, Resources: { ...template.Resources, Multi } },
      { answer: () => ({ payload: { ...OK_PAYLOAD, statusCode: 301 } }) },
    )
    expect(await alb.checkHealth('Multi')).toEqual({ healthy: true, status: 301 })
    expect(alb.lastEvent().path).toBe('/healthz')
  })
})
