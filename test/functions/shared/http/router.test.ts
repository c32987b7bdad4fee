import { describe, expect, it } from 'vitest'
import { requestFromEvent } from '../../../../functions/shared/alb/event.ts'
import { type Call, newCall } from '../../../../functions/shared/call.ts'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import { jsonResponse, textResponse } from '../../../../functions/shared/http/message.ts'
import { createApp, type ExtraRoute, type PathHandler } from '../../../../functions/shared/http/router.ts'
import { connectErrorResponse } from '../../../../functions/shared/rpc/error-response.ts'
import { type AlbRequest, albEvent } from '../../../support/alb-event.ts'

const page: PathHandler = (request) => textResponse(200, request.path, { 'x-page': 'yes' })
const extra: ExtraRoute = {
  operation: 'token proxy',
  methods: ['POST'],
  matches: (path) => path === '/proxied/token',
  handle: () => jsonResponse(200, { proxied: true }),
}

function metadataApp(fail?: () => never) {
  return createApp({
    function: 'metadata',
    paths: {
      '/healthz': fail ?? page,
      '/readyz': page,
      '/healthcheck': page,
      '/.well-known/oauth-authorization-server': page,
      '/.well-known/openid-configuration': page,
      '/.well-known/oauth-protected-resource': page,
      '/config/v1/flyte_client': page,
    },
    rpc: async (request) => jsonResponse(200, { rpc: request.path }),
    extra: [extra],
    onError: (error) => connectErrorResponse(error),
  })
}

async function ask(request: AlbRequest, fail?: () => never) {
  const call: Call = newCall()
  const response = await metadataApp(fail)(requestFromEvent(albEvent(request)), call)
  return { ...response, call }
}

describe('a router', () => {
  it('answers a path of the route table', async () => {
    expect(await ask({ path: '/healthz' })).toMatchObject({
      status: 200,
      body: '/healthz',
      call: { operation: '/healthz', outcome: 'ok' },
    })
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    expect(await ask({ method: 'HEAD', path: '/healthz' })).toMatchObject({
      status: 200,
      headers: { 'x-page': 'yes' },
      body: '',
    })
  })

  it('answers the calls of its services', async () => {
    const path = '/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata'
    expect(await ask({ path, body: '' })).toMatchObject({ status: 200, body: JSON.stringify({ rpc: path }) })
  })

  it('answers a path that comes from a setting', async () => {
    expect(await ask({ path: '/proxied/token', body: 'a=b' })).toMatchObject({
      status: 200,
      call: { operation: 'token proxy' },
    })
  })

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', 'Head']) {
    it(`refuses ${method} on a page and says what it allows`, async () => {
      const answer = await ask({ method, path: '/healthz' })
      expect(answer).toMatchObject({
        status: 405,
        headers: { allow: 'GET, HEAD' },
        call: { outcome: 'method_not_allowed' },
      })
    })
  }

  for (const method of ['GET', 'HEAD', 'PUT']) {
    it(`refuses ${method} where only POST is answered`, async () => {
      expect(await ask({ method, path: '/proxied/token' })).toMatchObject({
        status: 405,
        headers: { allow: 'POST' },
      })
    })
  }

  const unknown = [
    '/',
    '',
    '/healthz/',
    '/healthz/x',
    '//healthz',
    '/HEALTHZ',
    '/health%7A',
    '/healthz;a=b',
    '/x/../healthz',
    '/.well-known',
    '/.well-known/',
    '/.well-known/security.txt',
    '/v2',
    '/flyteidl2.auth.AuthMetadataService',
    '/flyteidl2.auth.AuthMetadataServicE/GetOAuth2Metadata',
    '/flyteidl2.workflow.RunService/CreateRun',
    'flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata',
    '/__proto__',
    '/constructor',
  ]
  for (const path of unknown) {
    it(`knows nothing at ${JSON.stringify(path)}`, async () => {
      const answer = await ask({ path })
      expect(answer).toMatchObject({ status: 404, call: { operation: 'none', outcome: 'path_unknown' } })
      expect(answer.body).not.toContain(path === '' || path === '/' ? 'undefined' : path)
    })
  }

  for (const access of ['oidc', 'internal'] as const) {
    it(`refuses an open path through the ${access} target group`, async () => {
      expect(await ask({ path: '/healthz', access })).toMatchObject({
        status: 403,
        call: { outcome: 'service_refused' },
      })
    })

    it(`refuses an open service through the ${access} target group`, async () => {
      const path = '/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata'
      expect(await ask({ path, access, body: '' })).toMatchObject({
        status: 403,
        call: { outcome: 'service_refused' },
      })
    })
  }

  it('turns an error of ours into its answer', async () => {
    const answer = await ask({ path: '/healthz' }, () => {
      throw new ServiceError('provider_unavailable')
    })
    expect(answer).toMatchObject({ status: 503, call: { outcome: 'provider_unavailable' } })
  })

  it('turns a bug into an answer that says nothing about it', async () => {
    const answer = await ask({ path: '/healthz' }, () => {
      throw new TypeError('S3CRET')
    })
    expect(answer).toMatchObject({ status: 500, call: { outcome: 'internal_error' } })
    expect(answer.body).not.toContain('S3CRET')
  })
})

describe('a router without RPC', () => {
  it('knows nothing at the paths of services', async () => {
    const app = createApp({
      function: 'console',
      paths: {
        '/v2': page,
        '/v2/run': page,
        '/v2/whoami': page,
        '/v2/connect': page,
        '/v2/console.js': page,
        '/v2/console.css': page,
        '/v2/domain/{domain}/project/{project}/runs/{run}': page,
        '/v2/domain/{domain}/project/{project}/tasks/{task}': page,
        '/v2/domain/{domain}/project/{project}/triggers/{task}/{trigger}': page,
        '/v2/sign-out': page,
        '/signed-out': page,
        '/console': page,
      },
      onError: (error) => connectErrorResponse(error),
    })
    const request = requestFromEvent(
      albEvent({ path: '/flyteidl2.workflow.RunService/CreateRun', access: 'oidc' }),
    )
    expect(await app(request, newCall())).toMatchObject({ status: 404 })
  })
})
