import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tokenProxyPathPatterns } from '../../../functions/shared/routes.ts'
import { type AlbRequest, callThrough } from '../../support/alb-event.ts'
import {
  type Changes,
  captureOutput,
  documentOf,
  html,
  json,
  metadataHandler,
  OAUTH_PATH,
  type Provider,
  settingsFor,
  startProvider,
  status,
} from './fixture.ts'

const PROVIDER_PATH = '/oauth2/v1/token'
const PATH = `/token-proxy${PROVIDER_PATH}`
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const BODY = 'grant_type=authorization_code&code=very-secret-code&code_verifier=very-secret-verifier'
const TOKENS = { access_token: 'very-secret-token', token_type: 'Bearer', expires_in: 300 }

let provider: Provider
let output: ReturnType<typeof captureOutput>

beforeEach(async () => {
  provider = await startProvider()
  provider.answers.set(PROVIDER_PATH, json(TOKENS))
  output = captureOutput()
})

afterEach(async () => {
  output.restore()
  await provider.close()
})

const handlerOf = (changes: Changes = {}) =>
  metadataHandler(
    settingsFor(provider.url, { ...changes, tokenProxy: { enabled: true, ...changes.tokenProxy } }),
  )

const post = (request: Partial<AlbRequest> = {}, changes?: Changes) =>
  callThrough(handlerOf(changes), { path: PATH, method: 'POST', headers: FORM, body: BODY, ...request })

const tokenRequests = () => provider.asked.filter((request) => request.path.startsWith(PROVIDER_PATH))

describe('the advertised token endpoint', () => {
  it('is ours in both documents while the proxy is on, at a path that the load balancer sends here', async () => {
    const handler = handlerOf({ tokenProxy: { publicUrl: 'https://flyte.example.com/' } })
    const wellKnown = await callThrough(handler, { path: OAUTH_PATH })
    const rpc = await callThrough(handler, {
      path: '/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(wellKnown.json()).toMatchObject({ token_endpoint: `https://flyte.example.com${PATH}` })
    expect(rpc.json()).toMatchObject({ tokenEndpoint: `https://flyte.example.com${PATH}` })
    const patterns = tokenProxyPathPatterns('/token-proxy').map(
      (pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`),
    )
    expect(patterns.some((pattern) => pattern.test(PATH))).toBe(true)
  })

  it("is the provider's while the proxy is off", async () => {
    const answer = await callThrough(handlerOf({ tokenProxy: { enabled: false } }), { path: OAUTH_PATH })
    expect(answer.json()).toMatchObject({ token_endpoint: `${provider.url}${PROVIDER_PATH}` })
  })

  it('is not given if the load balancer would not send it here', async () => {
    const document = documentOf(provider.url, { token_endpoint: `${provider.url}/access_tokens` })
    provider.answers.set(OAUTH_PATH, json(document))
    const answer = await callThrough(handlerOf(), { path: OAUTH_PATH })
    expect(answer.status).toBe(501)
    expect(answer.json()).toMatchObject({ code: 'unimplemented' })
  })
})

describe('a token request', () => {
  it('reaches the provider with its form and its client, and nothing else', async () => {
    const answer = await post({
      query: 'code=in-the-query',
      headers: {
        ...FORM,
        authorization: 'Basic Y2xpZW50OnNlY3JldA==',
        cookie: 'session=1',
        'x-amzn-oidc-data': 'forged',
        'x-forwarded-for': '203.0.113.7',
        'proxy-authorization': 'Bearer other',
        connection: 'x-drop',
        'x-drop': '1',
        'user-agent': 'connectrpc/1',
      },
    })
    expect(answer.json()).toEqual(TOKENS)
    const [received] = tokenRequests()
    expect(received).toMatchObject({ method: 'POST', path: PROVIDER_PATH, body: BODY })
    expect(Object.keys(received?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
    ])
    expect(received?.headers).toMatchObject({
      authorization: 'Basic Y2xpZW50OnNlY3JldA==',
      host: new URL(provider.url).host,
    })
  })

  it('leaves nothing of itself or its answer in the log', async () => {
    await post({ headers: { ...FORM, authorization: 'Basic dmVyeS1zZWNyZXQ=' } })
    provider.answers.set(
      PROVIDER_PATH,
      json({ error: 'invalid_grant', error_description: 'very-secret' }, 400),
    )
    await post()
    provider.answers.set(PROVIDER_PATH, (request) => void request.socket.destroy())
    await post()
    expect(output.text()).toContain('"operation":"token-proxy"')
    expect(output.text()).not.toMatch(/very-secret|dmVyeS1zZWNyZXQ|grant_type|invalid_grant/)
  })

  it('is answered with the status, the body and the caching of the provider', async () => {
    const refused: RequestListener = (_request, response) =>
      void response
        .writeHead(401, {
          'content-type': 'application/json;charset=UTF-8',
          'cache-control': 'no-store, private',
          pragma: 'no-cache',
          'www-authenticate': 'Basic realm="id"',
          'set-cookie': 'provider=1',
          server: 'nginx',
          'x-internal': '1',
        })
        .end('{"error":"invalid_client"}')
    provider.answers.set(PROVIDER_PATH, refused)
    const answer = await post()
    expect(answer.status).toBe(401)
    expect(answer.text).toBe('{"error":"invalid_client"}')
    const { 'x-request-id': _, ...headers } = answer.headers
    expect(headers).toEqual({
      'content-type': 'application/json;charset=UTF-8',
      'cache-control': 'no-store, private',
      pragma: 'no-cache',
      'www-authenticate': 'Basic realm="id"',
    })
  })

  it('is never stored on the way, even if the provider does not say so', async () => {
    expect((await post()).headers['cache-control']).toBe('no-store')
  })

  it('is passed on again each time, while the metadata is fetched once', async () => {
    const handler = handlerOf()
    const request = { path: PATH, headers: FORM, body: BODY }
    await callThrough(handler, request)
    await callThrough(handler, request)
    expect(provider.asked.map(({ path }) => path)).toEqual([OAUTH_PATH, PROVIDER_PATH, PROVIDER_PATH])
  })

  it('goes to the whole token endpoint, with a query of its own', async () => {
    const token_endpoint = `${provider.url}${PROVIDER_PATH}?p=policy`
    provider.answers.set(OAUTH_PATH, json(documentOf(provider.url, { token_endpoint })))
    provider.answers.set(`${PROVIDER_PATH}?p=policy`, json(TOKENS))
    expect((await post()).json()).toEqual(TOKENS)
  })

  it('goes out through the proxy of the settings', async () => {
    const way = await startProvider()
    way.answers.set(`${provider.url}${OAUTH_PATH}`, json(documentOf(provider.url)))
    way.answers.set(`${provider.url}${PROVIDER_PATH}`, json(TOKENS))
    const answer = await post({}, { externalAuthServer: { httpProxyUrl: way.url } })
    expect(answer.json()).toEqual(TOKENS)
    expect(way.asked).toMatchObject([{ method: 'GET' }, { method: 'POST', body: BODY }])
    expect(provider.asked).toEqual([])
    await way.close()
  })
})

describe('a token request that is refused here', () => {
  const refusals: readonly (readonly [
    name: string,
    request: Partial<AlbRequest>,
    status: number,
    error: string,
  ])[] = [
    ['JSON', { headers: { 'content-type': 'application/json' } }, 415, 'invalid_request'],
    ['no content type', { headers: {} }, 415, 'invalid_request'],
    [
      'two content types',
      { headers: { 'content-type': ['text/plain', FORM['content-type']] } },
      415,
      'invalid_request',
    ],
    ['a compressed form', { headers: { ...FORM, 'content-encoding': 'gzip' } }, 415, 'invalid_request'],
    [
      'two credentials',
      { headers: { ...FORM, authorization: ['Basic a', 'Basic b'] } },
      400,
      'invalid_request',
    ],
    ['more than 64 KiB', { body: 'x'.repeat(64 * 1024 + 1) }, 400, 'invalid_request'],
    ['another target group', { access: 'internal' }, 403, 'invalid_request'],
    ['another path below the prefix', { path: '/token-proxy/other/token' }, 404, 'invalid_request'],
    ['a path that only begins like it', { path: `${PATH}/token` }, 404, 'invalid_request'],
    ['a path with another spelling', { path: '/token-proxy/oauth2/%76%31/token' }, 404, 'invalid_request'],
  ]
  for (const [name, request, code, error] of refusals) {
    it(`has ${name}`, async () => {
      const answer = await post(request)
      expect(answer.status).toBe(code)
      expect(answer.headers['content-type']).toBe('application/json')
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.json()).toEqual({ error, error_description: expect.any(String) })
      expect(tokenRequests()).toEqual([])
    })
  }

  it('is a GET', async () => {
    const answer = await callThrough(handlerOf(), { path: PATH })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('POST')
    expect(answer.json()).toMatchObject({ error: 'invalid_request' })
  })

  it.each([
    PROVIDER_PATH,
    '/token-proxy',
    '/token-proxy/',
    '/token-proxytoken',
    '/token-proxy/oauth2/v1/keys',
  ])('is at a path that is not the proxy: %s', async (path) => {
    const answer = await post({ path })
    expect(answer.status).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'not_found' })
    expect(provider.asked).toEqual([])
  })

  it('comes while the proxy is off', async () => {
    expect((await post({}, { tokenProxy: { enabled: false } })).status).toBe(404)
    expect(provider.asked).toEqual([])
  })
})

describe('a provider that gives no token answer', () => {
  const answers: readonly (readonly [string, RequestListener])[] = [
    ['an error of its own', status(500)],
    ['a page', html],
    ['a redirect', status(302, { location: 'https://evil.example.com/token' })],
    ['nothing', (request) => void request.socket.destroy()],
    [
      'a page with a refusal',
      (_request, response) => void response.writeHead(403, { 'content-type': 'text/html' }).end(),
    ],
    ['far too much', json({ access_token: 'x'.repeat(300 * 1024) })],
  ]
  for (const [name, answer] of answers) {
    it(`is unavailable for now: ${name}`, async () => {
      provider.answers.set(PROVIDER_PATH, answer)
      const response = await post()
      expect(response.status).toBe(503)
      expect(response.json()).toMatchObject({ error: 'temporarily_unavailable' })
      expect(response.headers.location).toBeUndefined()
      expect(tokenRequests().length).toBe(1)
    })
  }

  it('is unavailable for now without its metadata', async () => {
    provider.answers.set(OAUTH_PATH, status(503))
    const response = await post()
    expect(response.status).toBe(503)
    expect(response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect(tokenRequests()).toEqual([])
  })
})
