import type { ALBEvent } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { requestFromEvent } from '../../functions/shared/alb/event.ts'
import { envelopes, runServiceFunction } from '../functions/shared/rpc/fixture.ts'
import { albEvent, lambdaContext, readResult } from '../support/alb-event.ts'
import { eventNames, readEvent } from './index.ts'

const { handler } = runServiceFunction({
  getRunDetails: ({ runId }) => ({ details: { action: { id: { run: runId, name: 'a0' } } } }),
  async *watchRunDetails({ runId }) {
    yield { details: { action: { id: { run: runId, name: 'a0' } } } }
  },
})

const answerTo = async (name: string) => readResult(await handler(readEvent(name), lambdaContext()))
const isMultiValue = (event: ALBEvent) => event.multiValueHeaders !== undefined

describe('an event of the load balancer', () => {
  for (const name of eventNames()) {
    it(`(${name}) is read, and answered in its own mode`, async () => {
      const event = readEvent(name)
      const request = requestFromEvent(event)
      expect(request).toMatchObject({ method: event.httpMethod, path: event.path })
      const result = await handler(event, lambdaContext())
      expect(result.multiValueHeaders !== undefined).toBe(isMultiValue(event))
      expect(result.headers !== undefined).toBe(!isMultiValue(event))
      expect(readResult(result).status).toBeLessThan(500)
    })

    it(`(${name}) is one that our tests make as well`, () => {
      const event = readEvent(name)
      const { headers, query, body, access, method, path } = requestFromEvent(event)
      const bytes = Buffer.from(body)
      const made = albEvent({
        method,
        path,
        query,
        headers,
        body: bytes,
        access,
        multiValue: isMultiValue(event),
      })
      expect(Object.keys(made).sort()).toEqual(Object.keys(event).sort())
      expect(made).toMatchObject({
        ...event,
        requestContext: { elb: { targetGroupArn: expect.any(String) } },
      })
    })
  }

  it('from a browser keeps its query encoded, in order, and repeated where it was', () => {
    expect(requestFromEvent(readEvent('browser-get-multi')).query).toBe(
      'project=flytesnacks&redirect=https%3A%2F%2Fflyte.example.com%2Fv2%3Fa%3Db&tag=a&tag=b+c',
    )
  })

  it('from a browser keeps both lines of its cookies', () => {
    expect(requestFromEvent(readEvent('browser-get-multi')).headers.cookie).toHaveLength(2)
  })

  it('of a health check is nobody’s, though it went through no rule', () => {
    const request = requestFromEvent(readEvent('health-check-multi'))
    expect(request).toMatchObject({ access: 'open', traceId: undefined, requestIdIsCallers: false })
    expect(request.headers.authorization).toBeUndefined()
  })

  it('of a form comes with its bytes', () => {
    const { body } = requestFromEvent(readEvent('token-form-multi'))
    expect(new URLSearchParams(Buffer.from(body).toString('utf8')).get('redirect_uri')).toBe(
      'http://localhost:53593/callback',
    )
  })

  for (const name of ['sdk-unary-gzip-multi', 'connect-get-multi']) {
    it(`of a unary call (${name}) is answered in protobuf`, async () => {
      const answer = await answerTo(name)
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/proto' } })
      expect(answer.text).toContain('flytesnacks')
    })
  }

  for (const name of ['curl-json-multi', 'curl-json-single']) {
    it(`of a call by hand (${name}) is answered in JSON`, async () => {
      const run = { project: 'flytesnacks', domain: 'development', name: 'r1' }
      expect((await answerTo(name)).json()).toEqual({ details: { action: { id: { run, name: 'a0' } } } })
    })
  }

  it('of a stream is answered with its messages and its end', async () => {
    const answer = await answerTo('sdk-stream-multi')
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/connect+proto' } })
    expect(envelopes(answer.body).map(({ flags }) => flags & 2)).toEqual([0, 2])
  })

  it('of a service that is internal is unknown to a function that serves another', async () => {
    expect(await answerTo('internal-enqueue-multi')).toMatchObject({ status: 404 })
  })
})
