/** What a deployment has its functions do, and what it makes of their answers. */
import { describe, expect, it } from 'vitest'
import { createResolver } from '../../local/alb/index.ts'
import { CustomResourceError, makeCustomResources } from '../../local/custom-resources.ts'

const template = {
  Resources: {
    Function: { Type: 'AWS::Lambda::Function' },
    Table: { Type: 'AWS::DynamoDB::Table' },
    First: {
      Type: 'Custom::SigningKeys',
      Properties: { ServiceToken: { Ref: 'Alias' }, Secret: { Ref: 'Table' } },
    },
    Second: { Type: 'AWS::CloudFormation::CustomResource', Properties: { ServiceToken: { Ref: 'Alias' } } },
  },
}

interface Event {
  readonly LogicalResourceId: string
  readonly ResponseURL: string
  readonly ResourceProperties: unknown
  readonly RequestType: string
}

/** Makes the resources with a function that does `act`; the events that it was sent. */
async function make(act: (event: Event) => Promise<unknown>): Promise<[unknown, Event][]> {
  const events: [unknown, Event][] = []
  const resolver = createResolver({
    template,
    physicalIds: (id) => `physical-${id}`,
    attributes: (name) => name,
    dynamicReference: () => '',
    region: 'eu-west-1',
    accountId: '123456789012',
    stackName: 'local',
  })
  await makeCustomResources({
    deployment: { template, resolver } as never,
    functions: {
      run: async (reference: unknown, event: unknown) => {
        events.push([reference, event as Event])
        await act(event as Event)
        return { payload: null }
      },
    } as never,
  })
  return events
}

const put = (url: string, body: string) => fetch(url, { method: 'PUT', body })
const succeed = ({ ResponseURL }: Event) => put(ResponseURL, JSON.stringify({ Status: 'SUCCESS' }))

describe('a custom resource', () => {
  it('is made by its function, with its properties resolved, in the order of the template', async () => {
    const events = await make(succeed)
    expect(events.map(([reference]) => reference)).toEqual([{ Ref: 'Alias' }, { Ref: 'Alias' }])
    expect(events.map(([, event]) => event)).toMatchObject([
      { LogicalResourceId: 'First', RequestType: 'Create', ResourceProperties: { Secret: 'physical-Table' } },
      { LogicalResourceId: 'Second', ResourceProperties: {} },
    ])
  })

  const failures: [what: string, act: (event: Event) => Promise<unknown>][] = [
    ['says that it failed', ({ ResponseURL }) => put(ResponseURL, JSON.stringify({ Status: 'FAILED' }))],
    ['says nothing', async () => {}],
    ['answers something else', ({ ResponseURL }) => put(ResponseURL, 'SUCCESS')],
    ['answers elsewhere', ({ ResponseURL }) => put(`${ResponseURL}x`, '{"Status":"SUCCESS"}')],
    ['reads where it has to write', ({ ResponseURL }) => fetch(ResponseURL)],
  ]
  for (const [what, act] of failures) {
    it(`stops the deployment if its function ${what}`, async () => {
      const failure = await make(act).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(CustomResourceError)
      expect(failure).toMatchObject({ logicalId: 'First' })
    })
  }
})
