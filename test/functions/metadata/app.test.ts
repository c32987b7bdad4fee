import { createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { AuthMetadataService } from '@flyteorg/flyteidl2/flyteidl2/auth/auth_service_pb.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callThrough, type ListeningHandler, serveThrough } from '../../support/alb-event.ts'
import {
  captureOutput,
  documentOf,
  json,
  metadataHandler,
  OAUTH_PATH,
  type Provider,
  settingsFor,
  startProvider,
  status,
} from './fixture.ts'

const SERVICE = '/flyteidl2.auth.AuthMetadataService'
const WELL_KNOWN = [
  '/healthz',
  '/readyz',
  '/healthcheck',
  OAUTH_PATH,
  '/.well-known/openid-configuration',
  '/.well-known/oauth-protected-resource',
  '/config/v1/flyte_client',
]

let provider: Provider
let output: ReturnType<typeof captureOutput>

beforeEach(async () => {
  provider = await startProvider()
  output = captureOutput()
})

afterEach(async () => {
  output.restore()
  await provider.close()
})

describe('every path of the metadata function', () => {
  for (const path of WELL_KNOWN) {
    it(`answers GET and HEAD alike: ${path}`, async () => {
      const handler = metadataHandler(settingsFor(provider.url))
      const get = await callThrough(handler, { path })
      const head = await callThrough(handler, { path, method: 'HEAD' })
      expect(get.status).toBe(path.endsWith('openid-configuration') ? 303 : 200)
      expect(head.status).toBe(get.status)
      expect(head.text).toBe('')
      expect(head.headers['content-type']).toBe(get.headers['content-type'])
      expect(get.headers['cache-control']).toBe(
        path.startsWith('/health') || path === '/readyz' ? 'no-store' : 'public, max-age=300',
      )
    })

    it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])(
      `refuses other methods: ${path} %s`,
      async (method) => {
        const answer = await callThrough(metadataHandler(settingsFor(provider.url)), { path, method })
        expect(answer.status).toBe(405)
        expect(answer.headers.allow).toBe('GET, HEAD')
        expect(answer.json()).toMatchObject({ code: 'unimplemented' })
      },
    )
  }

  it.each(['oidc', 'internal'] as const)('is refused to the %s target group', async (access) => {
    const answer = await callThrough(metadataHandler(settingsFor(provider.url)), { path: OAUTH_PATH, access })
    expect(answer.status).toBe(403)
    expect(answer.json()).toMatchObject({ code: 'permission_denied' })
  })

  it.each(['/', '/healthz/', '/.well-known/', `${OAUTH_PATH}/x`, '/config/v1/flyte_client?x', '/%2e'])(
    'is exact: %s',
    async (path) => {
      const answer = await callThrough(metadataHandler(settingsFor(provider.url)), { path })
      expect(answer.status).toBe(path.includes('?') ? 200 : 404)
    },
  )
})

describe('/.well-known/oauth-authorization-server', () => {
  it("is the provider's document in the names of RFC 8414", async () => {
    const answer = await callThrough(metadataHandler(settingsFor(provider.url)), { path: OAUTH_PATH })
    const { claims_supported: _, x_vendor: __, ...known } = documentOf(provider.url)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.json()).toEqual(known)
  })

  it.each([
    ['down', status(503)],
    ['speaking for another issuer', json(documentOf('https://evil.example.com'))],
  ])('is a JSON error while the provider is %s, which names nothing received', async (_kind, reply) => {
    provider.answers.set(OAUTH_PATH, reply)
    const answer = await callThrough(metadataHandler(settingsFor(provider.url)), { path: OAUTH_PATH })
    expect(answer.status).toBe(503)
    expect(answer.headers['cache-control']).toBeUndefined()
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
    expect(answer.text + output.text()).not.toContain('evil')
  })
})

describe('/.well-known/openid-configuration', () => {
  it.each(['https://id.example.com/tenant', 'https://id.example.com/tenant/'])(
    'leads to the provider that people sign in with: %s',
    async (url) => {
      const answer = await callThrough(metadataHandler(settingsFor(url)), {
        path: '/.well-known/openid-configuration',
      })
      expect(answer.status).toBe(303)
      expect(answer.headers.location).toBe('https://id.example.com/tenant/.well-known/openid-configuration')
    },
  )
})

describe('/.well-known/oauth-protected-resource', () => {
  it('names the resource, its authorization server and how a token is sent', async () => {
    const handler = metadataHandler(settingsFor(provider.url))
    const answer = await callThrough(handler, { path: '/.well-known/oauth-protected-resource' })
    expect(answer.json()).toEqual({
      resource: 'https://flyte.example.com',
      authorization_servers: [provider.url],
      bearer_methods_supported: ['header'],
      scopes_supported: ['all'],
    })
    expect(provider.asked).toEqual([])
  })
})

describe('the public URL', () => {
  const authorizedUris = [
    'https://flyte.example.com/',
    'https://*.flyte.example.com',
    'http://localhost:8080',
  ]
  const hosts: readonly (readonly [host: string | string[], publicUrl: string])[] = [
    ['flyte.example.com', 'https://flyte.example.com'],
    ['Team.Flyte.Example.com', 'https://team.flyte.example.com'],
    ['localhost:8080', 'http://localhost:8080'],
    ['localhost:8081', 'https://flyte.example.com'],
    ['a.b.flyte.example.com', 'https://flyte.example.com'],
    ['evil.example.com', 'https://flyte.example.com'],
    ['flyte.example.com.evil.com', 'https://flyte.example.com'],
    ['evil.com/.flyte.example.com', 'https://flyte.example.com'],
    ['evil.com#.flyte.example.com', 'https://flyte.example.com'],
    ['.flyte.example.com', 'https://flyte.example.com'],
    [['evil.com', 'team.flyte.example.com'], 'https://flyte.example.com'],
    ['', 'https://flyte.example.com'],
  ]
  for (const [host, publicUrl] of hosts) {
    it(`for ${JSON.stringify(host)} is ${publicUrl}`, async () => {
      const handler = metadataHandler(settingsFor(provider.url, { authorizedUris }))
      const headers = { host, 'x-forwarded-host': 'evil.example.com', forwarded: 'host=evil.example.com' }
      const resource = await callThrough(handler, { path: '/.well-known/oauth-protected-resource', headers })
      const config = await callThrough(handler, { path: '/config/v1/flyte_client', headers })
      expect(resource.json()).toMatchObject({ resource: publicUrl })
      expect(config.json()).toMatchObject({ dataplane_domain: publicUrl, service_http_endpoint: publicUrl })
      expect(resource.text + config.text).not.toContain('evil')
    })
  }
})

describe('the public client', () => {
  it("is described in the names of Flyte's gateway", async () => {
    const flyteClient = { clientId: 'cli', scopes: ['all', 'offline'], audience: 'api://flyte' }
    const handler = metadataHandler(settingsFor(provider.url, { flyteClient }))
    const answer = await callThrough(handler, { path: '/config/v1/flyte_client' })
    expect(answer.json()).toEqual({
      client_id: 'cli',
      redirect_uri: 'http://localhost:53593/callback',
      scopes: ['all', 'offline'],
      authorization_metadata_key: 'authorization',
      service_http_endpoint: 'https://flyte.example.com',
      audience: 'api://flyte',
      dataplane_domain: 'https://flyte.example.com',
    })
  })
})

describe('AuthMetadataService, as the SDK calls it', () => {
  let listening: ListeningHandler

  beforeEach(async () => {
    const authorizedUris = ['https://flyte.example.com', 'http://127.0.0.1']
    listening = await serveThrough(metadataHandler(settingsFor(provider.url, { authorizedUris })))
  })

  afterEach(() => listening.close())

  const clients: readonly (readonly [string, { useBinaryFormat?: boolean; useHttpGet?: boolean }])[] = [
    ['protobuf', {}],
    ['JSON', { useBinaryFormat: false }],
    ['Connect GET', { useHttpGet: true }],
  ]
  for (const [name, options] of clients) {
    it(`answers both methods in ${name}`, async () => {
      const transport = createConnectTransport({ baseUrl: listening.url, httpVersion: '1.1', ...options })
      const client = createClient(AuthMetadataService, transport)
      const [metadata, config] = await Promise.all([
        client.getOAuth2Metadata({}),
        client.getPublicClientConfig({}),
      ])
      expect(metadata).toMatchObject({
        issuer: provider.url,
        authorizationEndpoint: `${provider.url}/authorize`,
        tokenEndpoint: `${provider.url}/oauth2/v1/token`,
        deviceAuthorizationEndpoint: `${provider.url}/device`,
        jwksUri: `${provider.url}/keys`,
        scopesSupported: ['openid', 'all'],
        codeChallengeMethodsSupported: ['S256'],
      })
      expect(config).toMatchObject({
        clientId: 'flytectl',
        authorizationMetadataKey: 'authorization',
        dataplaneDomain: 'https://flyte.example.com',
      })
    })
  }

  it.each([
    ['GetOAuth2Metadata', 'POST', { 'content-type': 'text/html' }, '{}', 415, 'invalid_argument'],
    ['GetOAuth2Metadata', 'PUT', { 'content-type': 'application/json' }, '{}', 405, 'unimplemented'],
    ['GetOAuth2Metadata', 'POST', { 'content-type': 'application/json' }, '{', 400, 'invalid_argument'],
    [
      'GetPublicClientConfig',
      'POST',
      { 'content-type': 'application/proto' },
      '\x0a\x7f',
      400,
      'invalid_argument',
    ],
    [
      'GetPublicClientConfig',
      'POST',
      { 'content-type': 'application/proto', 'content-encoding': 'gzip' },
      'plain',
      400,
      'invalid_argument',
    ],
    ['Nothing', 'POST', { 'content-type': 'application/json' }, '{}', 404, 'unimplemented'],
  ])('refuses %s by %s with %j and %j', async (rpc, method, headers, body, code, error) => {
    const handler = metadataHandler(settingsFor(provider.url))
    const answer = await callThrough(handler, { path: `${SERVICE}/${rpc}`, method, headers, body })
    expect(answer.status).toBe(code)
    expect(answer.json()).toMatchObject({ code: error })
  })

  it('answers unavailable, in JSON, while the provider is down', async () => {
    provider.answers.set(OAUTH_PATH, status(503))
    const answer = await callThrough(metadataHandler(settingsFor(provider.url)), {
      path: `${SERVICE}/GetOAuth2Metadata`,
      headers: { 'content-type': 'application/proto' },
      method: 'POST',
    })
    expect(answer.status).toBe(503)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
    expect(output.text()).toContain('"outcome":"provider_unavailable"')
  })
})

describe('a page of another origin', () => {
  const ask = (origin: string, method = 'POST') =>
    callThrough(metadataHandler(settingsFor(provider.url)), {
      path: `${SERVICE}/GetPublicClientConfig`,
      method,
      headers: {
        origin,
        ...(method === 'OPTIONS' ? { 'access-control-request-method': 'POST' } : {}),
        'content-type': 'application/json',
      },
      ...(method === 'OPTIONS' ? {} : { body: '{}' }),
    })

  it('reads how to sign in if it is one of ours', async () => {
    const origin = new URL(settingsFor(provider.url).authorizedUris[0] as string).origin
    expect((await ask(origin)).headers).toMatchObject({
      'access-control-allow-origin': origin,
      vary: 'Origin',
    })
    expect((await ask(origin, 'OPTIONS')).status).toBe(204)
  })

  it('does not otherwise', async () => {
    const { headers } = await ask('https://evil.example')
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect((await ask('https://evil.example', 'OPTIONS')).status).toBe(403)
  })
})
