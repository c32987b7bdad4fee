/** Two tokens travel together: one for the proxy in front, one for Flyte; both are what flyte-token prints. */
import { Code, ConnectError } from '@connectrpc/connect'
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IdentityAwareProxy, startIdentityAwareProxy } from '../../local/identity-aware-proxy/index.ts'
import {
  ASSERTION_HEADER,
  behindAssertingProxy,
  behindProxy,
  PROXY_AUDIENCE,
} from '../../local/identity-aware-proxy/settings.ts'
import { COMMAND_LINE_CLIENT_ID } from '../../local/identity-provider/clients.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { createLaptop, type Laptop } from '../cli/flyte-token/support/laptop.ts'
import { createBrowser } from '../support/web-browser.ts'
import { bearer, client, describeMaker, type Headers, sampleRun } from './support/clients.ts'

const ADA = { kind: 'user', subject: 'ada', firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' }

let stack: Stack
let proxy: IdentityAwareProxy
let laptop: Laptop

beforeAll(async () => {
  laptop = await createLaptop()
  stack = await startStack({ port: 0, settings: behindProxy() })
  proxy = await proxyFor(stack, 'token')
})
afterAll(() => Promise.all([proxy?.close(), stack?.close(), laptop?.dispose()]))

async function proxyFor(behind: Stack, passesOn: 'token' | 'assertion'): Promise<IdentityAwareProxy> {
  const { issuer } = behind
  const jwksUri = `${issuer}/jwks`
  const made = await startIdentityAwareProxy({ port: 0, issuer, audience: PROXY_AUDIENCE, jwksUri, passesOn })
  made.forwardTo({ url: behind.url })
  return made
}

/** A token of a person, by the command: at this provider the hint alone signs them in. */
async function tokenOf(person: string, ...flags: string[]): Promise<string> {
  const args = ['--issuer', stack.issuer, '--client-id', COMMAND_LINE_CLIENT_ID, '--no-browser']
  const { status, stdout } = await laptop.run(['user-id-token', ...args, '--account', person, ...flags], {
    onAddress: (address) => createBrowser().open(address),
  })
  expect(status).toBe(0)
  return stdout.trim()
}

const forProxy = async (person: string): Promise<Headers> => ({
  'proxy-authorization': `Bearer ${await tokenOf(person)}`,
})
const forFlyte = async (person: string): Promise<Headers> => ({
  authorization: `Bearer ${await tokenOf(person, '--access-token')}`,
})

/** Creates a run through a proxy, and reads who made it. */
async function makerThrough(by: IdentityAwareProxy, headers: Headers) {
  const runs = client({ ...stack, url: by.url }, RunService, headers)
  const { run } = await runs.createRun(sampleRun())
  const runId = run?.action?.id?.run
  const { details } = await runs.getRunDetails(runId === undefined ? {} : { runId })
  return describeMaker(details?.action?.metadata?.executedBy)
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(() => 'accepted').catch((error) => ConnectError.from(error).code)

describe('through an identity-aware proxy', () => {
  it('nobody comes without a token for it, whatever they have for Flyte', async () => {
    const inner = await forFlyte('ada')
    expect((await fetch(`${proxy.url}/healthz`, { headers: inner })).status).toBe(401)
    expect(await codeOf(makerThrough(proxy, inner))).toBe(Code.Unauthenticated)
  })

  it('flytekit’s two headers make a run of the person that Flyte’s token names', async () => {
    expect(await makerThrough(proxy, { ...(await forProxy('ada')), ...(await forFlyte('ada')) })).toEqual(ADA)
  })

  it('the token for Flyte names the caller also where somebody else’s opened the proxy', async () => {
    const both = { ...(await forProxy('grace')), ...(await forFlyte('ada')) }
    expect(await makerThrough(proxy, both)).toEqual(ADA)
  })

  it('a person without a token for Flyte is the one that came through', async () => {
    expect(await makerThrough(proxy, await forProxy('grace'))).toMatchObject({
      kind: 'user',
      subject: 'grace',
    })
  })

  it('a service behind a person’s token is the service', async () => {
    const both = { ...(await forProxy('grace')), ...(await bearer(stack, { client: 'reporter' })) }
    expect(await makerThrough(proxy, both)).toMatchObject({ kind: 'application', subject: 'reporter' })
  })

  it('a bad token for Flyte is refused, and the good one for the proxy does not help', async () => {
    const both = { ...(await forProxy('grace')), authorization: 'Bearer not.a.token' }
    expect(await codeOf(makerThrough(proxy, both))).toBe(Code.Unauthenticated)
  })

  it('an ID token for the proxy is no token for Flyte', async () => {
    const both = { ...(await forProxy('ada')), authorization: `Bearer ${await tokenOf('ada')}` }
    expect(await codeOf(makerThrough(proxy, both))).toBe(Code.Unauthenticated)
  })
})

describe('past the proxy, straight to the load balancer', () => {
  it('a token for the proxy proves itself there, too', async () => {
    const identity = client(stack, IdentityService, await forProxy('grace'))
    expect(await identity.userInfo({})).toMatchObject({ subject: 'grace' })
  })

  it('a forged one is refused beside a good token for Flyte', async () => {
    const [header = '', claims = ''] = (await tokenOf('grace')).split('.')
    const forged = { 'proxy-authorization': `Bearer ${header}.${claims}.AAAA`, ...(await forFlyte('ada')) }
    expect(await codeOf(client(stack, IdentityService, forged).userInfo({}))).toBe(Code.Unauthenticated)
  })
})

describe('through a proxy that strips proxy-authorization', () => {
  let asserting: IdentityAwareProxy
  let behind: Stack

  beforeAll(async () => {
    const { issuer } = stack
    asserting = await startIdentityAwareProxy({
      port: 0,
      issuer,
      audience: PROXY_AUDIENCE,
      jwksUri: `${issuer}/jwks`,
      passesOn: 'assertion',
    })
    behind = await startStack({ port: 0, settings: behindAssertingProxy(asserting.assertions) })
    asserting.forwardTo({ url: behind.url })
  })
  afterAll(() => Promise.all([asserting?.close(), behind?.close()]))

  it('its own assertion names the person', async () => {
    expect(await makerThrough(asserting, await forProxy('grace'))).toMatchObject({
      kind: 'user',
      subject: 'grace',
    })
  })

  it('an assertion that a client makes goes no further', async () => {
    const headers = { ...(await forProxy('grace')), [ASSERTION_HEADER]: 'a.b.c' }
    expect(await makerThrough(asserting, headers)).toMatchObject({ subject: 'grace' })
  })

  it('a made-up one, past the proxy, is refused', async () => {
    const identity = client(behind, IdentityService, { [ASSERTION_HEADER]: await tokenOf('grace') })
    expect(await codeOf(identity.userInfo({}))).toBe(Code.Unauthenticated)
  })
})

describe('a deployment that knows of no proxy', () => {
  it('does not read such a token at all', async () => {
    const plain = await startStack({ port: 0 })
    const identity = client(plain, IdentityService, await forProxy('grace'))
    const code = await codeOf(identity.userInfo({}))
    await plain.close()
    expect(code).toBe(Code.Unauthenticated)
  })
})
