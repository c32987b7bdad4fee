import type { ALBEvent } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import {
  accessOfTargetGroup,
  MAX_RESULT_BYTES,
  requestFromEvent,
  resultFromResponse,
} from '../../../../functions/shared/alb/event.ts'
import type { HttpResponse } from '../../../../functions/shared/http/message.ts'
import { ACCESS_CLASSES } from '../../../../functions/shared/routes.ts'
import { albEvent, readResult, targetGroupArn } from '../../../support/alb-event.ts'
import { type Chance, chanceFrom, pick } from '../../../support/random-message.ts'

const modes = [
  ['multi-value', true],
  ['single-value', false],
] as const

for (const [mode, multiValue] of modes) {
  describe(`a ${mode} event becomes a request`, () => {
    const read = (request: Parameters<typeof albEvent>[0]) =>
      requestFromEvent(albEvent({ multiValue, ...request }))

    it('whose query is left as it was encoded', () => {
      const query = 'redirect_uri=https%3A%2F%2Fexample.com%2Fcallback%3Fa%3Db&scope=a+b%20c&empty=&flag'
      expect(read({ path: '/me', query }).query).toBe(`${query}=`)
    })

    it('whose path is left as it was encoded', () => {
      expect(read({ path: '/a%2Fb/%7Bc%7D/../d//e' }).path).toBe('/a%2Fb/%7Bc%7D/../d//e')
    })

    it('whose binary body keeps its bytes', () => {
      const body = Buffer.from([0xff, 0xfe, 0x00, 0x80])
      const request = read({ path: '/', headers: { 'content-type': 'application/proto' }, body })
      expect([...request.body]).toEqual([0xff, 0xfe, 0x00, 0x80])
    })

    it('whose text body keeps its characters', () => {
      const request = read({
        path: '/',
        headers: { 'content-type': 'application/json' },
        body: '{"a":"ä😀"}',
      })
      expect(Buffer.from(request.body).toString('utf8')).toBe('{"a":"ä😀"}')
    })

    it('without a body if there is none', () => {
      expect(read({ path: '/' }).body).toHaveLength(0)
    })

    it('with the request id of its caller, marked as such', () => {
      const request = read({ path: '/', headers: { 'x-request-id': 'run-1.a:b_c' } })
      expect(request).toMatchObject({ requestId: 'run-1.a:b_c', requestIdIsCallers: true })
    })

    for (const id of ['', 'a b', 'x'.repeat(129), 'a\nb', '<script>', 'ä']) {
      it(`with a request id of our own instead of ${JSON.stringify(id).slice(0, 20)}`, () => {
        const request = read({ path: '/', headers: { 'x-request-id': id } })
        expect(request.requestIdIsCallers).toBe(false)
        expect(request.requestId).toMatch(/^[0-9a-f-]{36}$/)
      })
    }

    for (const name of ['__proto__', 'constructor', 'hasownproperty']) {
      it(`whose header ${name} is a header like any other`, () => {
        expect(read({ path: '/', headers: { [name]: 'a' } }).headers[name]).toEqual(['a'])
      })
    }

    it('with no header that was not sent', () => {
      const { headers } = read({ path: '/' })
      expect(headers.constructor).toBeUndefined()
      expect(headers.authorization).toBeUndefined()
    })
  })
}

describe('a multi-value event becomes a request', () => {
  it('with every line of a repeated header, in order', () => {
    const { headers } = requestFromEvent(
      albEvent({ path: '/', headers: { accept: ['a', 'b'], 'x-b': ['abc', 'a'] } }),
    )
    expect(headers).toMatchObject({ accept: ['a', 'b'], 'x-b': ['abc', 'a'] })
  })

  it('with every value of a repeated query parameter, in order', () => {
    expect(requestFromEvent(albEvent({ path: '/', query: 'a=1&b=2&a=3' })).query).toBe('a=1&a=3&b=2')
  })

  it('with no line of a header lost whose name comes in two spellings', () => {
    const event = albEvent({ path: '/', headers: { authorization: 'Bearer a' } })
    event.multiValueHeaders = { ...event.multiValueHeaders, Authorization: ['Bearer b'] }
    expect(requestFromEvent(event).headers.authorization).toEqual(['Bearer a', 'Bearer b'])
  })

  it('with a request id of our own if two were sent', () => {
    const request = requestFromEvent(albEvent({ path: '/', headers: { 'x-request-id': ['a', 'b'] } }))
    expect(request.requestIdIsCallers).toBe(false)
  })
})

describe('the trace id of a request', () => {
  const trace = (value: string) =>
    requestFromEvent(albEvent({ path: '/', headers: { 'x-amzn-trace-id': value } })).traceId
  const root = 'Root=1-67fedcba-0123456789abcdef01234567'

  it('is the one that the load balancer made', () => {
    expect(trace(root)).toBe(root)
  })

  it('keeps both ids if a client brought one', () => {
    const self = 'Self=1-67fedcbb-0123456789abcdef01234568'
    expect(trace(`${self};${root};Parent=53995c3f42cd8ad8;Sampled=1`)).toBe(
      `${self};${root};Parent=53995c3f42cd8ad8;Sampled=1`,
    )
  })

  it('leaves out whatever else a client put into it', () => {
    expect(trace(`${root};CalledFrom=secret`)).toBe(root)
    expect(trace('secret')).toBeUndefined()
    expect(trace(`Root=${'1'.repeat(5000)}`)).toBeUndefined()
  })
})

describe('the access class', () => {
  for (const access of ACCESS_CLASSES) {
    it(`is ${access} for the target group that is named so`, () => {
      expect(requestFromEvent(albEvent({ path: '/', access })).access).toBe(access)
    })
  }

  it('is the last word of the name, whatever the rest of it says', () => {
    expect(accessOfTargetGroup(targetGroupArn('open', 'flyte-oidc-internal'))).toBe('open')
  })

  const refused = [
    '',
    'open',
    targetGroupArn('open').replace('-open/', '-admin/'),
    targetGroupArn('open').replace('-open/', '-open-/'),
    targetGroupArn('open').replace('-open/', 'open/').replace('flyte-test', 'flyte'),
    targetGroupArn('open').replace(':targetgroup/', ':loadbalancer/'),
    `${targetGroupArn('open')}/x-oidc/0`,
    `${targetGroupArn('open')}\n`,
    targetGroupArn('open').replace(/\/[0-9a-f]+$/, ''),
  ]
  for (const arn of refused) {
    it(`is refused for ${JSON.stringify(arn)}`, () => {
      expect(() => accessOfTargetGroup(arn)).toThrow(expect.objectContaining({ reason: 'internal_error' }))
    })
  }

  it('is never read from a header', () => {
    const headers = { 'x-access': 'oidc', 'x-amzn-oidc-data': 'a.b.c', 'x-amzn-oidc-identity': 'ada' }
    expect(requestFromEvent(albEvent({ path: '/', headers })).access).toBe('open')
  })
})

describe('a response becomes a result', () => {
  const cookies = ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure', 'b=2; Path=/']
  const multi = albEvent({ path: '/' })
  const single = albEvent({ path: '/', multiValue: false })
  const response: HttpResponse = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ä' }

  it('with two cookies as two lines in multi-value mode', () => {
    const result = resultFromResponse({ ...response, headers: { 'set-cookie': cookies } }, multi)
    expect(result.multiValueHeaders).toEqual({ 'set-cookie': cookies })
    expect(result.headers).toBeUndefined()
  })

  it('with one cookie in single-value mode, its comma untouched', () => {
    const result = resultFromResponse({ ...response, headers: { 'set-cookie': cookies.slice(0, 1) } }, single)
    expect(result.headers).toEqual({ 'set-cookie': cookies[0] })
    expect(result.multiValueHeaders).toBeUndefined()
  })

  it('never with one of two cookies in single-value mode', () => {
    const twice = { ...response, headers: { 'set-cookie': cookies } }
    expect(() => resultFromResponse(twice, single)).toThrow(TypeError)
  })

  it('with a text as text', () => {
    expect(resultFromResponse(response, multi)).toMatchObject({ body: 'ä', isBase64Encoded: false })
  })

  it('with bytes as base64', () => {
    const body = new Uint8Array([0xff, 0xfe, 0x00, 0x80])
    expect(resultFromResponse({ ...response, body }, multi)).toMatchObject({
      body: '//4AgA==',
      isBase64Encoded: true,
    })
  })

  it('with the bytes of a view only, not of the buffer behind it', () => {
    const body = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    expect(resultFromResponse({ ...response, body }, multi).body).toBe(Buffer.from([2, 3]).toString('base64'))
  })

  const tooLarge: [string, HttpResponse['body']][] = [
    ['bytes that are too large as base64', new Uint8Array(MAX_RESULT_BYTES * 0.75)],
    ['a text that is too large', 'a'.repeat(MAX_RESULT_BYTES)],
    ['a text that is too large as UTF-8', '€'.repeat(MAX_RESULT_BYTES / 3)],
    ['a text that is too large once it is escaped', '\u0001'.repeat(MAX_RESULT_BYTES / 6)],
    ['a text of quotes', '"'.repeat(MAX_RESULT_BYTES / 2)],
  ]
  for (const [name, body] of tooLarge) {
    it(`is refused for ${name}`, () => {
      expect(() => resultFromResponse({ ...response, body }, multi)).toThrow(
        expect.objectContaining({ reason: 'response_too_large' }),
      )
    })
  }

  it('is accepted right below the limit, as the load balancer measures it', () => {
    const body = 'a'.repeat(MAX_RESULT_BYTES - 1000)
    expect(readResult(resultFromResponse({ ...response, body }, multi)).text).toHaveLength(body.length)
  })
})

describe('requests made by chance', () => {
  const seed = Number(process.env.TEST_SEED ?? 7_231)

  it(`come out as they were sent (seed ${seed})`, () => {
    const chance = chanceFrom(seed)
    for (let i = 0; i < 300; i++) {
      const sent = randomRequest(chance)
      const event = albEvent(sent)
      const received = requestFromEvent(JSON.parse(JSON.stringify(event)) as ALBEvent)
      expect(
        Object.fromEntries(Object.entries(received.headers).filter(([name]) => name.startsWith('x-t-'))),
      ).toEqual(sent.headers)
      expect(received.query.split('&').sort()).toEqual(sent.query.split('&').sort())
      expect(received.path).toBe(sent.path)
      expect(Buffer.from(received.body).equals(sent.body)).toBe(true)
    }
  })

  it(`come back as they were answered (seed ${seed})`, () => {
    const chance = chanceFrom(seed)
    for (let i = 0; i < 300; i++) {
      const { headers, body, path } = randomRequest(chance)
      const result = resultFromResponse({ status: 200, headers, body }, albEvent({ path }))
      const answer = readResult(JSON.parse(JSON.stringify(result)))
      expect(answer.headerLines).toEqual(headers)
      expect(answer.body.equals(body)).toBe(true)
    }
  })
})

function randomRequest(chance: Chance) {
  const word = () =>
    Array.from({ length: 1 + Math.floor(chance() * 8) }, () => pick(chance, [...'aZ09-._~%+;:@!'])).join('')
  const list = <T>(most: number, make: (i: number) => T) =>
    Array.from({ length: Math.floor(chance() * most) }, (_, i) => make(i))
  const headers = Object.fromEntries(list(6, (i) => [`x-t-${i}`, [word(), ...list(3, word)]]))
  const query = ['q=1', ...list(6, () => `${word()}=${word()}`)].join('&')
  const body = Buffer.from(list(200, () => Math.floor(chance() * 256)))
  return { method: 'POST', path: `/${word()}`, query, headers, body }
}
