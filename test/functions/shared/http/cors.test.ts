import { describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { createOriginMatcher } from '../../../../functions/shared/http/authorized-origins.ts'
import { withCors } from '../../../../functions/shared/http/cors.ts'
import { jsonResponse } from '../../../../functions/shared/http/message.ts'
import { requestWith } from '../../../support/identity-fixture.ts'

const SITE = 'https://flyte.example.com'
const isOwnOrigin = createOriginMatcher([SITE, 'https://*.flyte.example.org', 'http://localhost:8080'])
const NOTHING_SAID = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
]

type Headers = Readonly<Record<string, string | readonly string[]>>

function ask(
  headers: Headers,
  { method = 'POST', access = 'open' as 'open' | 'oidc', answered = {} as Record<string, string> } = {},
) {
  const app = withCors(async () => jsonResponse(200, {}, answered), {
    isOwnOrigin,
    onRefusal: (error) => jsonResponse(error.status, { code: error.code }),
  })
  return app(requestWith(headers, access, method), newCall())
}

const preflight = (headers: Headers) =>
  ask({ 'access-control-request-method': 'POST', ...headers }, { method: 'OPTIONS' })

const ours = [SITE, 'https://a.flyte.example.org', 'http://localhost:8080']
const others: readonly [string, string | readonly string[]][] = [
  ['another site', 'https://evil.example'],
  ['a page without an origin', 'null'],
  ['our host without TLS', 'http://flyte.example.com'],
  ['our host on another port', 'https://flyte.example.com:8443'],
  ['a host that ends like ours', 'https://evilflyte.example.com'],
  ['a host that begins like ours', 'https://flyte.example.com.evil.example'],
  ['two levels below a wildcard', 'https://a.b.flyte.example.org'],
  ['what a wildcard is below', 'https://flyte.example.org'],
  ['our host with a path', `${SITE}/v2`],
  ['our host with somebody before it', 'https://evil.example@flyte.example.com'],
  ['our host in capitals, as no browser writes it', 'https://FLYTE.example.com'],
  ['everybody', '*'],
  ['no origin at all', 'flyte'],
  ['two origins at once', [SITE, 'https://evil.example']],
]

describe('a call that a page makes', () => {
  for (const origin of ours) {
    it(`may be read by ${origin}, with its session`, async () => {
      const { status, headers } = await ask({ origin })
      expect(status).toBe(200)
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'www-authenticate, x-request-id',
        vary: 'Origin',
      })
    })
  }

  for (const [what, origin] of others) {
    it(`may not be read by ${what}`, async () => {
      const { headers } = await ask({ origin })
      for (const name of NOTHING_SAID) expect(headers[name]).toBeUndefined()
      expect(headers.vary).toBe('Origin')
    })
  }

  it('is not kept for one origin and given to another', async () => {
    expect((await ask({})).headers.vary).toBe('Origin')
    const { headers } = await ask({ origin: SITE }, { answered: { vary: 'accept' } })
    expect(headers.vary).toBe('accept, Origin')
  })

  it('on the session of the load balancer may be read by nobody else', async () => {
    const { headers } = await ask({ origin: 'https://a.flyte.example.org' }, { access: 'oidc' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('a question of a browser before a call', () => {
  for (const origin of ours) {
    it(`is answered to ${origin}`, async () => {
      const { status, headers, body } = await preflight({ origin })
      expect({ status, body }).toEqual({ status: 204, body: '' })
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST',
        vary: 'Origin',
      })
      expect(headers['access-control-allow-headers']).toContain('authorization, connect-protocol-version')
    })
  }

  for (const [what, origin] of others) {
    it(`is refused to ${what}`, async () => {
      const { status, headers } = await preflight({ origin })
      expect(status).toBe(403)
      for (const name of NOTHING_SAID) expect(headers[name]).toBeUndefined()
    })
  }

  it('allows no more than the API reads, whatever is asked for', async () => {
    const { headers } = await preflight({ origin: SITE, 'access-control-request-headers': 'x-anything' })
    expect(headers['access-control-allow-headers']).not.toMatch(/x-anything|\*/)
  })

  it('is none without the method that is asked about', async () => {
    expect((await ask({ origin: SITE }, { method: 'OPTIONS' })).status).toBe(200)
  })

  it('leaves a refusal in the log', async () => {
    const call = newCall()
    const app = withCors(async () => jsonResponse(200, {}), {
      isOwnOrigin,
      onRefusal: ({ status }) => jsonResponse(status, {}),
    })
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    await app(requestWith(headers, 'open', 'OPTIONS'), call)
    expect(call).toMatchObject({ operation: 'preflight', outcome: 'cross_site_request' })
  })
})
