/** What is said to a deployment that waits for the first key. */
import { describe, expect, it } from 'vitest'
import {
  answerDeployment,
  parseDeploymentEvent,
} from '../../../functions/authorization-server/deployment-event.ts'
import type { FetchOptions } from '../../../functions/shared/http/fetch-document.ts'

const EVENT = {
  RequestType: 'Create',
  ResponseURL: 'https://cloudformation-custom-resource-response.example.com/signed?a=b',
  StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/flyte-serverless/1',
  RequestId: 'request',
  LogicalResourceId: 'KeyRotationFirstRun',
  ResourceType: 'Custom::SigningKeys',
  ResourceProperties: { ServiceToken: 'arn', SigningKeysSecret: 'keys' },
}

async function answer(event: object, work: () => Promise<void>, status = 200) {
  const sent: { url: string; options: FetchOptions }[] = []
  const parsed = parseDeploymentEvent(event)
  if (parsed === undefined) throw new TypeError('not an event of a deployment')
  const failure = await answerDeployment(parsed, {
    work,
    send: async (url, options) => {
      sent.push({ url, options })
      return { status, headers: {}, body: new Uint8Array() }
    },
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { sent, failure, body: JSON.parse(String(sent[0]?.options.body)) as Record<string, unknown> }
}

describe('a run that a deployment asked for', () => {
  for (const RequestType of ['Create', 'Update']) {
    it(`is done and answered at the address of the event (${RequestType})`, async () => {
      let runs = 0
      const { sent, body, failure } = await answer({ ...EVENT, RequestType }, async () => {
        runs += 1
      })
      expect({ runs, failure }).toEqual({ runs: 1, failure: undefined })
      expect(sent.map(({ url, options }) => [url, options.method])).toEqual([[EVENT.ResponseURL, 'PUT']])
      expect(body).toEqual({
        Status: 'SUCCESS',
        StackId: EVENT.StackId,
        RequestId: 'request',
        LogicalResourceId: 'KeyRotationFirstRun',
        PhysicalResourceId: 'KeyRotationFirstRun',
      })
    })
  }

  it('keeps the name of what was made, because another one would be taken for another resource', async () => {
    const { body } = await answer({ ...EVENT, PhysicalResourceId: 'earlier' }, async () => {})
    expect(body.PhysicalResourceId).toBe('earlier')
  })

  it('is not needed to delete something', async () => {
    const { body, failure } = await answer({ ...EVENT, RequestType: 'Delete' }, async () => {
      throw new Error('was run')
    })
    expect({ status: body.Status, failure }).toEqual({ status: 'SUCCESS', failure: undefined })
  })

  it('that fails is said to have failed, and not why', async () => {
    const { body, failure } = await answer(EVENT, async () => {
      throw new Error('the key is -----BEGIN')
    })
    expect(body).toMatchObject({ Status: 'FAILED', Reason: expect.any(String) })
    expect(JSON.stringify(body)).not.toContain('BEGIN')
    expect(failure).toBeInstanceOf(Error)
  })

  it('fails if the answer is not taken', async () => {
    expect((await answer(EVENT, async () => {}, 403)).failure).toBeInstanceOf(TypeError)
  })
})

describe('an event', () => {
  const others: [what: string, event: unknown][] = [
    ['of a schedule', { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }],
    ['of nobody', undefined],
    ['without an address', { ...EVENT, ResponseURL: undefined }],
    ['that asks for something else', { ...EVENT, RequestType: 'Import' }],
  ]
  for (const [what, event] of others) {
    it(`${what} is not from a deployment`, () => expect(parseDeploymentEvent(event)).toBeUndefined())
  }
})
