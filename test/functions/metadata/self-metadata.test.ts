import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { selfMetadata } from '../../../functions/metadata/self-metadata.ts'
import type { ServiceError } from '../../../functions/shared/errors.ts'
import type { HttpMethod, PathRoute, Route } from '../../../functions/shared/routes.ts'
import { callThrough } from '../../support/alb-event.ts'
import { captureOutput, metadataHandler, OAUTH_PATH, settingsFor } from './fixture.ts'

const SERVER = { issuer: 'https://flyte.example.com', scopes: ['all', 'offline'] }

function route(path: string, ...methods: HttpMethod[]): PathRoute {
  return { kind: 'path', path, methods, function: 'metadata', access: ['open'] }
}

const FULL: readonly Route[] = [
  route('/oauth2/authorize', 'GET', 'POST'),
  route('/oauth2/token', 'POST'),
  route('/oauth2/jwks', 'GET'),
]

const describeServer = (routes: readonly Route[]) => selfMetadata(SERVER, 'https://team.example.com', routes)

describe("the own authorization server's metadata", () => {
  it('says what the server does', () => {
    expect(describeServer(FULL)).toEqual({
      issuer: 'https://flyte.example.com',
      authorization_endpoint: 'https://team.example.com/oauth2/authorize',
      token_endpoint: 'https://team.example.com/oauth2/token',
      jwks_uri: 'https://team.example.com/oauth2/jwks',
      scopes_supported: ['all', 'offline'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
  })

  it('advertises the device flow only if somebody serves it', () => {
    const metadata = describeServer([...FULL, route('/oauth2/device_authorization', 'POST')])
    expect(metadata.device_authorization_endpoint).toBe(
      'https://team.example.com/oauth2/device_authorization',
    )
    expect(metadata.grant_types_supported).toContain('urn:ietf:params:oauth:grant-type:device_code')
  })

  it('leaves out an endpoint that is served by another method only', () => {
    expect(describeServer([...FULL, route('/oauth2/revoke', 'GET')]).revocation_endpoint).toBeUndefined()
    expect(describeServer([...FULL, route('/oauth2/revoke', 'POST')]).revocation_endpoint).toBeDefined()
  })

  for (const { path } of FULL as readonly PathRoute[]) {
    it(`is not given without ${path}`, () => {
      const routes = (FULL as readonly PathRoute[]).filter((one) => one.path !== path)
      const refusal = (() => {
        try {
          return describeServer(routes)
        } catch (error) {
          return (error as ServiceError).reason
        }
      })()
      expect(refusal).toBe('feature_unconfigured')
    })
  }
})

describe('a deployment in Self mode', () => {
  let output: ReturnType<typeof captureOutput>

  beforeEach(() => {
    output = captureOutput()
  })

  afterEach(() => output.restore())

  const settings = settingsFor('https://id.example.com', {
    authServerType: 'Self',
    tokenProxy: { enabled: true },
  })

  it('describes its own server, under the host that was asked', async () => {
    const answer = await callThrough(metadataHandler(settings, { routes: FULL }), { path: OAUTH_PATH })
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ token_endpoint: 'https://flyte.example.com/oauth2/token' })
  })

  it('lists every endpoint that is deployed with it', async () => {
    const origin = 'https://flyte.example.com'
    const answer = await callThrough(metadataHandler(settings), { path: OAUTH_PATH })
    expect(answer.json()).toMatchObject({
      issuer: origin,
      device_authorization_endpoint: `${origin}/oauth2/device_authorization`,
      revocation_endpoint: `${origin}/oauth2/revoke`,
      introspection_endpoint: `${origin}/oauth2/introspect`,
      jwks_uri: `${origin}/oauth2/jwks`,
    })
  })

  it('says that it is not configured while nobody serves its endpoints', async () => {
    const answer = await callThrough(metadataHandler(settings, { routes: [] }), { path: OAUTH_PATH })
    expect(answer.status).toBe(501)
    expect(answer.json()).toMatchObject({ code: 'unimplemented' })
  })

  it('names itself as authorization server only if it is one', async () => {
    const request = { path: '/.well-known/oauth-protected-resource' }
    const served = await callThrough(metadataHandler(settings, { routes: FULL }), request)
    const unserved = await callThrough(metadataHandler(settings, { routes: [] }), request)
    expect(served.json()).toMatchObject({ authorization_servers: ['https://flyte.example.com'] })
    expect(unserved.json()).not.toHaveProperty('authorization_servers')
  })

  it('has no token endpoint proxy', async () => {
    const answer = await callThrough(metadataHandler(settings), {
      path: '/token-proxy/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=refresh_token',
    })
    expect(answer.status).toBe(404)
  })
})
