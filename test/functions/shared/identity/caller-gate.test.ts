import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import { bearerChallenge } from '../../../../functions/shared/http/challenge.ts'
import { createPublicUrlResolver } from '../../../../functions/shared/http/public-url.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { callerKey, createCallerGate } from '../../../../functions/shared/identity/caller-gate.ts'
import { userInfoOf } from '../../../../functions/shared/identity/enriched-identity.ts'
import { resolvedCaller } from '../../../../functions/shared/identity/resolved-caller.ts'
import { assertSameSite } from '../../../../functions/shared/identity/same-site.ts'
import { createRpcHandler } from '../../../../functions/shared/rpc/router.ts'
import { PUBLIC_URL, requestWith } from '../../../support/identity-fixture.ts'

const publicUrl = createPublicUrlResolver([PUBLIC_URL, 'https://*.flyte.example.com'])
const ADA: Caller = {
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ada',
  clientId: undefined,
  scopes: [],
  profile: { name: 'Ada Lovelace' },
  source: 'alb-claims',
  expiresAtEpochSeconds: undefined,
}

function whoami(resolve: () => Caller | undefined) {
  const gate = createCallerGate(async () => {
    const caller = resolve()
    return caller && resolvedCaller(caller)
  }, publicUrl)
  const handler = createRpcHandler({
    gate,
    services: (router) =>
      router.service(IdentityService, {
        userInfo: (_request, context) => userInfoOf(context.values.get(callerKey).caller),
      }),
    errorHeaders: (error): Record<string, string> =>
      error.status === 401 ? { 'www-authenticate': bearerChallenge(PUBLIC_URL, error) } : {},
  })
  return async (headers: Record<string, string> = {}, access: 'open' | 'oidc' = 'open') => {
    const request = requestWith({ 'content-type': 'application/json', ...headers }, access)
    const path = '/flyteidl2.auth.IdentityService/UserInfo'
    const call = newCall()
    const response = await handler({ ...request, path, body: Buffer.from('{}') }, call)
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(String(response.body)),
      call,
    }
  }
}

describe('the gate before an RPC', () => {
  it('lets a known caller through to the method', async () => {
    const { status, body } = await whoami(() => ADA)()
    expect(status).toBe(200)
    expect(body).toMatchObject({ subject: 'ada', name: 'Ada Lovelace' })
  })

  it('refuses nobody, and says how to sign in', async () => {
    const { status, headers, body, call } = await whoami(() => undefined)()
    expect(status).toBe(401)
    expect(body).toMatchObject({ code: 'unauthenticated' })
    expect(headers['www-authenticate']).toContain('resource_metadata=')
    expect(call.outcome).toBe('credentials_missing')
  })

  it('passes on why a credential was refused', async () => {
    const answer = await whoami(() => {
      throw new ServiceError('token_expired')
    })()
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
      call: { outcome: 'token_expired' },
    })
  })

  it('answers that it cannot tell right now when keys are unavailable', async () => {
    const answer = await whoami(() => {
      throw new ServiceError('keys_unavailable')
    })()
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  })

  it('refuses a signed-in browser that another site asked', async () => {
    const answer = await whoami(() => ADA)({ origin: 'https://evil.example' }, 'oidc')
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'permission_denied' },
      call: { outcome: 'cross_site_request' },
    })
  })
})

describe('a request that rides on the load balancer’s session', () => {
  const HOST = { host: 'flyte.example.com', 'x-forwarded-proto': 'https' }
  type Headers = Record<string, string | string[]>

  function outcome(headers: Headers, access: 'open' | 'oidc' = 'oidc', method = 'POST'): Reason | 'passes' {
    try {
      assertSameSite(requestWith({ ...HOST, ...headers }, access, method), publicUrl)
      return 'passes'
    } catch (error) {
      if (error instanceof ServiceError) return error.reason
      throw error
    }
  }

  const passing: [name: string, headers: Headers, access?: 'open' | 'oidc', method?: string][] = [
    ['says nothing about where it is from', {}],
    ['is from a page of this site', { origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' }],
    ['is from a page of this site, by an older browser', { origin: PUBLIC_URL }],
    [
      'is from a page of another host of ours',
      { host: 'eu.flyte.example.com', origin: 'https://eu.flyte.example.com' },
    ],
    [
      'is from a page of the host it asks, on any name',
      { host: '127.0.0.1:8080', 'x-forwarded-proto': 'http', origin: 'http://127.0.0.1:8080' },
    ],
    ['only reads', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 'oidc', 'GET'],
    ['carries its own credential', { origin: 'https://evil.example' }, 'open'],
  ]
  for (const [name, headers, access, method] of passing) {
    it(`passes if it ${name}`, () => expect(outcome(headers, access, method)).toBe('passes'))
  }

  const refused: [name: string, headers: Headers][] = [
    ['from a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    [
      'from a page of a neighbouring host',
      { origin: 'https://other.example.com', 'sec-fetch-site': 'same-site' },
    ],
    ['from a neighbouring host that names no origin', { 'sec-fetch-site': 'same-site' }],
    ['from a page that hides where it is from', { origin: 'null' }],
    ['from the same host without encryption', { origin: 'http://flyte.example.com' }],
    ['from another port of the same host', { origin: 'https://flyte.example.com:8443' }],
    ['from a host that begins like ours', { origin: 'https://flyte.example.com.evil.example' }],
    ['that says two things about where it is from', { origin: [PUBLIC_URL, 'https://evil.example'] }],
    ['that says it is from here and elsewhere', { origin: PUBLIC_URL, 'sec-fetch-site': 'cross-site' }],
    ['typed into the address bar, which cannot be a POST', { 'sec-fetch-site': 'none' }],
  ]
  for (const [name, headers] of refused) {
    it(`is refused ${name}`, () => expect(outcome(headers)).toBe('cross_site_request'))
  }

  it('is refused whatever method it has, unless that only reads', () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      expect(outcome({ origin: 'https://evil.example' }, 'oidc', method)).toBe('cross_site_request')
    }
  })
})
