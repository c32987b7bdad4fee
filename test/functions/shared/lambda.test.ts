import type { ALBEvent } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../../functions/shared/errors.ts'
import { type HttpResponse, textResponse } from '../../../functions/shared/http/message.ts'
import type { App } from '../../../functions/shared/http/router.ts'
import { createLambdaHandler } from '../../../functions/shared/lambda.ts'
import type { EndedCall } from '../../../functions/shared/telemetry.ts'
import { albEvent, callThrough, lambdaContext, readResult } from '../../support/alb-event.ts'

function lambda(app: App) {
  const ended: EndedCall[] = []
  const telemetry = { callEnded: (call: EndedCall) => ended.push(call) }
  return { handler: createLambdaHandler({ app, telemetry, tracing: false }), ended }
}

const answering =
  (response: HttpResponse): App =>
  async () =>
    response

describe('a handler', () => {
  it('answers what its app answers, with the request id', async () => {
    const { handler, ended } = lambda(answering(textResponse(200, 'hello')))
    const answer = await callThrough(handler, { path: '/', headers: { 'x-request-id': 'id-1' } })
    expect(answer).toMatchObject({ status: 200, text: 'hello', headers: { 'x-request-id': 'id-1' } })
    expect(ended).toMatchObject([
      { request: { requestId: 'id-1' }, response: { status: 200 }, call: { outcome: 'ok' } },
    ])
    expect(ended[0]?.durationMs).toBeGreaterThan(0)
  })

  it('answers in the mode of its target group', async () => {
    const { handler } = lambda(answering(textResponse(200, 'hello')))
    const single = await handler(albEvent({ path: '/', multiValue: false }), lambdaContext())
    expect(single).toMatchObject({ headers: { 'content-type': 'text/plain; charset=utf-8' } })
    expect(single).not.toHaveProperty('multiValueHeaders')
    const multi = await handler(albEvent({ path: '/' }), lambdaContext())
    expect(multi).toMatchObject({ multiValueHeaders: { 'content-type': ['text/plain; charset=utf-8'] } })
    expect(multi).not.toHaveProperty('headers')
  })

  it('answers a target group that is not ours with an error, and asks its app nothing', async () => {
    let asked = 0
    const { handler, ended } = lambda(async () => {
      asked++
      return textResponse(200, 'hello')
    })
    const event = albEvent({ path: '/' })
    event.requestContext.elb.targetGroupArn = 'arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/other/0a'
    const answer = readResult(await handler(event, lambdaContext()))
    expect(answer).toMatchObject({ status: 500, headers: { 'content-type': 'application/json' } })
    expect(answer.json()).toEqual({ code: 'internal', message: 'Something went wrong on our side.' })
    expect(ended).toMatchObject([{ request: undefined, call: { outcome: 'internal_error' } }])
    expect(asked).toBe(0)
  })

  for (const event of [{}, { requestContext: {} }, { Records: [] }]) {
    it(`answers ${JSON.stringify(event)}, which no load balancer sends, with an error`, async () => {
      const { handler } = lambda(answering(textResponse(200, 'hello')))
      expect(readResult(await handler(event as ALBEvent, lambdaContext())).status).toBe(500)
    })
  }

  it('answers for an app that throws', async () => {
    for (const thrown of [new TypeError('S3CRET'), 'S3CRET', undefined]) {
      const { handler, ended } = lambda(() => Promise.reject(thrown))
      const answer = await callThrough(handler, { path: '/', headers: { 'x-request-id': 'id-1' } })
      expect(answer).toMatchObject({ status: 500, headers: { 'x-request-id': 'id-1' } })
      expect(answer.text).not.toContain('S3CRET')
      expect(ended).toMatchObject([{ call: { outcome: 'internal_error' } }])
    }
  })

  it('answers with the reason of an error that is ours', async () => {
    const { handler } = lambda(() => Promise.reject(new ServiceError('store_unavailable')))
    expect(await callThrough(handler, { path: '/' })).toMatchObject({ status: 503 })
  })

  it('replaces an answer that the load balancer would refuse', async () => {
    const { handler, ended } = lambda(answering(textResponse(200, 'a'.repeat(1_100_000))))
    const answer = await callThrough(handler, { path: '/' })
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'out_of_range' })
    expect(ended).toMatchObject([{ response: { status: 400 }, call: { outcome: 'response_too_large' } }])
  })

  it('never drops a cookie without saying so', async () => {
    const { handler, ended } = lambda(
      answering({ status: 200, headers: { 'set-cookie': ['a=1', 'b=2'] }, body: '' }),
    )
    expect(await callThrough(handler, { path: '/', multiValue: false })).toMatchObject({ status: 500 })
    expect(ended).toMatchObject([{ call: { outcome: 'internal_error' } }])
  })

  it('notes a failed app once', async () => {
    const { handler, ended } = lambda(() => Promise.reject(new ServiceError('run_not_found')))
    await callThrough(handler, { path: '/' })
    expect(ended).toHaveLength(1)
  })
})
