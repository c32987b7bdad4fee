/** The main job: a run that knows who started it, whichever way they came. */
import { Code, ConnectError } from '@connectrpc/connect'
import { AuthMetadataService } from '@flyteorg/flyteidl2/flyteidl2/auth/auth_service_pb.ts'
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { Filter_Function } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { createBrowser } from '../support/web-browser.ts'
import { bearer, client, describeMaker, type Headers, PROJECT, sampleRun, signIn } from './support/clients.ts'

const ADA = { kind: 'user', subject: 'ada', firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' }
const GRACE = {
  kind: 'user',
  subject: 'grace',
  firstName: 'Grace',
  lastName: 'Hopper',
  email: 'grace@example.com',
}

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ port: 0 })
})
afterAll(() => stack?.close())

/** Creates a run and reads back who made it, from the answer and from the details. */
async function createAndRead(headers: Headers) {
  const runs = client(stack, RunService, headers)
  const { run } = await runs.createRun(sampleRun())
  const runId = run?.action?.id?.run
  const { details } = await runs.getRunDetails(runId === undefined ? {} : { runId })
  return { runId, maker: describeMaker(details?.action?.metadata?.executedBy) }
}

describe('with a bearer token', () => {
  it('a person is recorded by name and e-mail, though their token carries only a subject', async () => {
    const { maker } = await createAndRead(await bearer(stack, { person: 'ada' }))
    expect(maker).toEqual(ADA)
  })

  it('whoami answers what a run would record', async () => {
    const identity = client(stack, IdentityService, await bearer(stack, { person: 'ada' }))
    expect(await identity.userInfo({})).toMatchObject({
      subject: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    })
  })

  it('a service is recorded as an application', async () => {
    const { maker } = await createAndRead(await bearer(stack, { client: 'reporter' }))
    expect(maker).toMatchObject({ kind: 'application', subject: 'reporter' })
  })

  it('a retry finds the run of the first try', async () => {
    const headers = { ...(await bearer(stack, { person: 'ada' })), 'x-request-id': crypto.randomUUID() }
    const [first, second] = [await createAndRead(headers), await createAndRead(headers)]
    expect(second.runId?.name).toBe(first.runId?.name)
  })

  it('my runs are listed, and nobody else’s', async () => {
    await createAndRead(await bearer(stack, { client: 'reporter' }))
    const mine = await createAndRead(await bearer(stack, { person: 'ada' }))
    const runs = client(stack, RunService, await bearer(stack, { person: 'ada' }))
    const page = await runs.listRuns({
      scopeBy: { case: 'projectId', value: PROJECT },
      request: {
        limit: 100,
        filters: [{ function: Filter_Function.EQUAL, field: 'created_by', values: ['ada'] }],
      },
    })
    expect(page.runs.map((run) => run.action?.id?.run?.name)).toContain(mine.runId?.name)
    const makers = page.runs.map((run) => describeMaker(run.action?.metadata?.executedBy).subject)
    expect(new Set(makers)).toEqual(new Set(['ada']))
  })
})

describe('signed in through the load balancer', () => {
  it('a person lands on the console, and their run says who made it', async () => {
    const { browser, page } = await signIn(stack, 'grace')
    expect(page).toMatchObject({ status: 200, url: new URL(`${stack.url}/v2`) })
    expect(page.text).toContain('Grace Hopper')
    const { maker } = await createAndRead({ cookie: browser.cookies(stack.url) })
    expect(maker).toEqual(GRACE)
  })

  it('the header that is signed with a rotated key is believed', async () => {
    const { browser } = await signIn(stack, 'grace')
    stack.loadBalancer.rotateSigningKey()
    expect((await createAndRead({ cookie: browser.cookies(stack.url) })).maker).toEqual(GRACE)
  })

  it('somebody who cancels is not signed in', async () => {
    const browser = createBrowser()
    const question = await browser.open(`${stack.url}/v2`)
    const page = await browser.open(question.url.href, new URLSearchParams({ cancel: 'yes' }))
    expect(page.status).toBe(401)
    expect((await browser.open(`${stack.url}/v2`)).url.origin).toBe(stack.issuer)
  })
})

describe('with neither', () => {
  const createRun = (headers: Headers, body = '{}') =>
    fetch(`${stack.url}/flyteidl2.workflow.RunService/CreateRun`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })

  it('a call answers 401 and says where to find out how to sign in', async () => {
    const response = await createRun({})
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
    const challenge = response.headers.get('www-authenticate') ?? ''
    const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? []
    const document = await (await fetch(metadata)).json()
    expect(document).toMatchObject({ resource: stack.url, authorization_servers: [stack.issuer] })
  })

  const refusals: [string, () => Promise<Headers> | Headers][] = [
    [
      'a header that only the load balancer may set',
      () => ({ 'x-amzn-oidc-data': 'a.b.c', 'x-amzn-oidc-identity': 'ada' }),
    ],
    ['a bearer token that is none', () => ({ authorization: 'Bearer not-a-token' })],
    [
      'a token with a changed signature',
      async () => {
        const { authorization = '' } = await bearer(stack, { person: 'ada' })
        return { authorization: authorization.replace(/.{8}$/, 'AAAAAAAA') }
      },
    ],
    ['a session cookie that nobody sealed', () => ({ cookie: 'AWSELBAuthSessionCookie-0=forged' })],
    [
      'a bad token beside a session cookie of the right name',
      () => ({ authorization: 'Bearer a.b.c', cookie: 'AWSELBAuthSessionCookie-0=forged' }),
    ],
  ]
  for (const [what, headers] of refusals) {
    it(`${what} is refused`, async () => {
      expect((await createRun(await headers())).status).toBe(401)
    })
  }

  it('the SDK is told that it is not signed in, in words that it retries with a token', async () => {
    const error = await client(stack, RunService)
      .createRun(sampleRun())
      .catch((thrown: unknown) => ConnectError.from(thrown))
    expect(error).toMatchObject({ code: Code.Unauthenticated })
  })

  it('what a client needs to sign in is open', async () => {
    const metadata = client(stack, AuthMetadataService)
    const [server, own] = await Promise.all([
      metadata.getOAuth2Metadata({}),
      metadata.getPublicClientConfig({}),
    ])
    expect(server).toMatchObject({ issuer: stack.issuer, tokenEndpoint: `${stack.issuer}/token` })
    expect(own).toMatchObject({
      clientId: 'flytectl',
      authorizationMetadataKey: 'authorization',
      audience: stack.url,
    })
  })
})

describe('from outside', () => {
  for (const path of [
    '/flyteidl2.actions.ActionsService/Enqueue',
    '/flyteidl2.workflow.InternalRunService/RecordAction',
  ]) {
    it(`${path} is refused, even with a good token`, async () => {
      const headers = { ...(await bearer(stack, { person: 'ada' })), 'content-type': 'application/json' }
      const response = await fetch(stack.url + path, { method: 'POST', headers, body: '{}' })
      expect(response.status).toBe(403)
    })
  }

  it('an unknown path is not found', async () => {
    expect((await fetch(`${stack.url}/v2/unknown`)).status).toBe(404)
    expect((await fetch(`${stack.url}/flyteidl2.workflow.Unknown/Call`, { method: 'POST' })).status).toBe(404)
  })

  it('a body over the load balancer’s megabyte is refused in the words of the protocol', async () => {
    const headers = { ...(await bearer(stack, { person: 'ada' })), 'content-type': 'application/proto' }
    const body = new Uint8Array(1024 * 1024 + 1)
    const response = await fetch(`${stack.url}/flyteidl2.workflow.RunService/CreateRun`, {
      method: 'POST',
      headers,
      body,
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'out_of_range' })
  })

  it('a body of unknown length that becomes too large is cut off by the load balancer', async () => {
    const headers = { ...(await bearer(stack, { person: 'ada' })), 'content-type': 'application/proto' }
    const body = new Blob([new Uint8Array(1024 * 1024 + 1)]).stream()
    const request = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const response = await fetch(`${stack.url}/flyteidl2.workflow.RunService/CreateRun`, request)
    expect(response.status).toBe(413)
  })

  it('everything is up', async () => {
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200)
  })
})
