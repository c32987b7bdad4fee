import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createExternalMetadata,
  type ExternalMetadata,
  TIME_LIMITS,
  type TimeLimits,
} from '../../../functions/metadata/external-metadata.ts'
import { newCall } from '../../../functions/shared/call.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import {
  type Changes,
  documentOf,
  html,
  json,
  OAUTH_PATH,
  OPENID_PATH,
  type Provider,
  reasonOf,
  settingsFor,
  startProvider,
  status,
} from './fixture.ts'

const MINUTE_MS = 60_000

let provider: Provider
let nowMs: number

beforeEach(async () => {
  provider = await startProvider()
  nowMs = 1_800_000_000_000
})

afterEach(() => provider.close())

interface Setup {
  readonly server?: Changes['externalAuthServer']
  readonly otherIssuer?: string
  readonly limits?: Partial<TimeLimits>
}

function source({ server, otherIssuer, limits }: Setup = {}): ExternalMetadata {
  const { auth } = settingsFor(provider.url, { externalAuthServer: server ?? {} })
  const [trusted] = auth.trustedIssuers
  const other = otherIssuer && trusted ? [{ ...trusted, issuer: otherIssuer }] : []
  return createExternalMetadata({
    auth: { ...auth, trustedIssuers: [...auth.trustedIssuers, ...other] },
    fetch: fetchDocument,
    now: () => nowMs,
    limits: { ...TIME_LIMITS, ...limits },
  })
}

const asked = () => provider.asked.map((request) => request.path)

/** Answers each time with the next of these, and with the last one from then on. */
function sequence(...answers: RequestListener[]): RequestListener {
  let next = 0
  return (request, response) => answers[Math.min(next++, answers.length - 1)]?.(request, response)
}

describe("the provider's metadata", () => {
  it('is its document, without the fields that the standard does not have', async () => {
    const { claims_supported: _, x_vendor: __, ...known } = documentOf(provider.url)
    expect(await source().get(newCall())).toEqual(known)
    expect(provider.asked).toMatchObject([{ method: 'GET', headers: { accept: 'application/json' } }])
  })

  it('may be spelled in camelCase', async () => {
    provider.answers.set(
      OAUTH_PATH,
      json({
        issuer: provider.url,
        tokenEndpoint: `${provider.url}/token`,
        deviceAuthorizationEndpoint: '',
        jwksUri: null,
        scopesSupported: ['all'],
      }),
    )
    expect(await source().get(newCall())).toEqual({
      issuer: provider.url,
      token_endpoint: `${provider.url}/token`,
      scopes_supported: ['all'],
    })
  })

  it("prefers the standard's spelling", async () => {
    provider.answers.set(OAUTH_PATH, json({ ...documentOf(provider.url), tokenEndpoint: 'https://other/' }))
    expect((await source().get(newCall())).token_endpoint).toBe(`${provider.url}/oauth2/v1/token`)
  })
})

describe('the place of the metadata', () => {
  it('falls back to the OpenID document where there is no other', async () => {
    provider.answers.delete(OAUTH_PATH)
    provider.answers.set(OPENID_PATH, json(documentOf(provider.url)))
    expect((await source().get(newCall())).issuer).toBe(provider.url)
    expect(asked()).toEqual([OAUTH_PATH, OPENID_PATH])
  })

  it('is below the path of an issuer, or inserted before it', async () => {
    const issuer = `${provider.url}/oauth2/default`
    provider.answers.set(`${OAUTH_PATH}/oauth2/default`, json(documentOf(issuer)))
    const metadata = await source({ server: { baseUrl: issuer } }).get(newCall())
    expect(metadata.issuer).toBe(issuer)
    expect(asked()).toEqual([`/oauth2/default${OAUTH_PATH}`, `${OAUTH_PATH}/oauth2/default`])
  })

  it.each([
    [
      'relative',
      (url: string) => ({ baseUrl: `${url}/tenant`, metadataUrl: 'meta/doc' }),
      '/tenant/meta/doc',
    ],
    [
      'absolute',
      (url: string) => ({ baseUrl: 'https://id.invalid', metadataUrl: `${url}/elsewhere` }),
      '/elsewhere',
    ],
  ])("is the operator's own %s one and nothing else", async (_kind, server, path) => {
    const settings = server(provider.url)
    expect(await reasonOf(source({ server: settings }).get(newCall()))).toBe('provider_answer_invalid')
    expect(asked()).toEqual([path])
    provider.answers.set(
      path,
      json(documentOf(settings.baseUrl, { token_endpoint: 'https://id.invalid/token' })),
    )
    expect((await source({ server: settings }).get(newCall())).issuer).toBe(settings.baseUrl)
  })

  it.each([401, 403, 404, 405, 410])(
    'is looked for elsewhere after %i, without asking again',
    async (code) => {
      provider.answers.set(OAUTH_PATH, status(code))
      provider.answers.set(OPENID_PATH, json(documentOf(provider.url)))
      await source({ server: { retryAttempts: 5 } }).get(newCall())
      expect(asked()).toEqual([OAUTH_PATH, OPENID_PATH])
    },
  )
})

describe("the provider's issuer", () => {
  it.each([
    ['another host', () => 'https://evil.example.com'],
    ['a slash more', (url: string) => `${url}/`],
    ['another case', (url: string) => url.replace('http', 'HTTP')],
    ['a path more', (url: string) => `${url}/tenant`],
  ])('is refused with %s', async (_kind, issuer) => {
    provider.answers.set(OAUTH_PATH, json(documentOf(provider.url, { issuer: issuer(provider.url) })))
    expect(await reasonOf(source().get(newCall()))).toBe('provider_issuer_mismatch')
  })

  it('may be another one that the settings name', async () => {
    const issuer = 'https://sts.example.com/tenant/'
    provider.answers.set(OAUTH_PATH, json(documentOf(provider.url, { issuer })))
    expect((await source({ otherIssuer: issuer }).get(newCall())).issuer).toBe(issuer)
  })
})

describe("a provider's answer that is not its document", () => {
  const invalid: readonly (readonly [name: string, answer: (url: string) => RequestListener])[] = [
    ['a web page', () => html],
    ['a list', () => json([])],
    ['null', () => json(null)],
    ['nothing', () => status(200)],
    ['a redirect', () => status(302, { location: OPENID_PATH })],
    ['no content', () => status(204)],
    [
      'text that is not UTF-8',
      () => (_request, response) => void response.end(Buffer.from('{"issuer":"\xff"}', 'latin1')),
    ],
    ['more than a mebibyte', (url) => json(documentOf(url, { pad: 'x'.repeat(1024 * 1024) }))],
    ['no issuer', (url) => json(documentOf(url, { issuer: undefined }))],
    ['a number as issuer', (url) => json(documentOf(url, { issuer: 1 }))],
    ['no token endpoint', (url) => json(documentOf(url, { token_endpoint: '' }))],
    ['an http token endpoint', (url) => json(documentOf(url, { token_endpoint: 'http://id.example.com/t' }))],
    ['a relative endpoint', (url) => json(documentOf(url, { authorization_endpoint: '/authorize' }))],
    [
      'a script as endpoint',
      (url) => json(documentOf(url, { authorization_endpoint: 'javascript:alert(1)' })),
    ],
    ['scopes as text', (url) => json(documentOf(url, { scopes_supported: 'openid all' }))],
    ['a list of numbers', (url) => json(documentOf(url, { grant_types_supported: [1] }))],
    [
      'text as a flag',
      (url) => json(documentOf(url, { authorization_response_iss_parameter_supported: 'yes' })),
    ],
  ]
  for (const [name, answer] of invalid) {
    it(`is refused, and not asked for again: ${name}`, async () => {
      provider.answers.set(OAUTH_PATH, answer(provider.url))
      const metadata = source({ server: { retryAttempts: 3 } })
      expect(await reasonOf(metadata.get(newCall()))).toBe('provider_answer_invalid')
      expect(asked()).toEqual([OAUTH_PATH])
    })
  }
})

describe('a provider that does not answer', () => {
  it.each([500, 502, 503, 429, 408])(
    'is asked again after %i, as often as the settings say',
    async (code) => {
      provider.answers.set(OAUTH_PATH, status(code))
      expect(await reasonOf(source({ server: { retryAttempts: 3 } }).get(newCall()))).toBe(
        'provider_unavailable',
      )
      expect(asked()).toEqual([OAUTH_PATH, OAUTH_PATH, OAUTH_PATH])
    },
  )

  it('is believed once it answers', async () => {
    const hangUp: RequestListener = (request) => void request.socket.destroy()
    provider.answers.set(OAUTH_PATH, sequence(status(503), hangUp, json(documentOf(provider.url))))
    expect((await source({ server: { retryAttempts: 5 } }).get(newCall())).issuer).toBe(provider.url)
  })

  it('is given up on when the time for all attempts is over', async () => {
    provider.answers.set(OAUTH_PATH, () => undefined)
    const limits = { attemptMs: 60, firstMs: 150 }
    const metadata = source({ server: { retryAttempts: 20, retryDelayMs: 10 }, limits })
    expect(await reasonOf(metadata.get(newCall()))).toBe('provider_unavailable')
    expect(provider.asked.length).toBeGreaterThan(1)
    expect(provider.asked.length).toBeLessThan(5)
  })

  it('is not waited for during a pause that would outlast the time', async () => {
    provider.answers.set(OAUTH_PATH, status(503))
    const metadata = source({ server: { retryAttempts: 5, retryDelayMs: 60_000 }, limits: { firstMs: 50 } })
    expect(await reasonOf(metadata.get(newCall()))).toBe('provider_unavailable')
    expect(provider.asked.length).toBe(1)
  })

  it('is left alone for a while after it failed', async () => {
    provider.answers.set(OAUTH_PATH, status(503))
    const metadata = source()
    for (let i = 0; i < 5; i++) {
      expect(await reasonOf(metadata.get(newCall()))).toBe('provider_unavailable')
    }
    expect(provider.asked.length).toBe(1)
    nowMs += 11_000
    provider.answers.set(OAUTH_PATH, json(documentOf(provider.url)))
    expect((await metadata.get(newCall())).issuer).toBe(provider.url)
  })
})

describe('a document that was fetched', () => {
  it('is kept for five minutes', async () => {
    const metadata = source()
    await metadata.get(newCall())
    nowMs += 5 * MINUTE_MS - 1
    await metadata.get(newCall())
    expect(provider.asked.length).toBe(1)
    nowMs += 1
    await metadata.get(newCall())
    expect(provider.asked.length).toBe(2)
  })

  it('is fetched once for everybody who asks at the same time', async () => {
    const metadata = source()
    const all = await Promise.all(Array.from({ length: 50 }, () => metadata.get(newCall())))
    expect(new Set(all).size).toBe(1)
    expect(provider.asked.length).toBe(1)
  })

  it.each([
    ['is down', status(503), 'provider_unavailable'],
    ['hangs', () => undefined, 'provider_unavailable'],
    ['answers with a page', html, 'provider_answer_invalid'],
    ['speaks for another issuer', json(documentOf('https://evil.example.com')), 'provider_issuer_mismatch'],
  ] as const)('is given on while the provider %s, and the log says so', async (_kind, answer, reason) => {
    const metadata = source({ server: { retryAttempts: 5 }, limits: { refreshMs: 100 } })
    const first = await metadata.get(newCall())
    nowMs += 6 * MINUTE_MS
    provider.answers.set(OAUTH_PATH, answer as RequestListener)
    const call = newCall()
    expect(await metadata.get(call)).toEqual(first)
    expect(call.notes.staleBecause).toBe(reason)
    await metadata.get(newCall())
    expect(provider.asked.length).toBe(2)
    nowMs += 11_000
    provider.answers.set(OAUTH_PATH, json(documentOf(provider.url, { scopes_supported: ['new'] })))
    const recovered = newCall()
    expect((await metadata.get(recovered)).scopes_supported).toEqual(['new'])
    expect(recovered.notes.staleBecause).toBeUndefined()
  })

  it('is not given on for more than a day', async () => {
    const metadata = source()
    await metadata.get(newCall())
    provider.answers.set(OAUTH_PATH, status(503))
    nowMs += 24 * 60 * MINUTE_MS + 1
    expect(await reasonOf(metadata.get(newCall()))).toBe('provider_unavailable')
  })
})

describe('the way out', () => {
  it('leads through the proxy of the settings', async () => {
    const proxy = await startProvider()
    proxy.answers.set(`${provider.url}${OAUTH_PATH}`, json(documentOf(provider.url)))
    const metadata = source({ server: { httpProxyUrl: proxy.url } })
    expect((await metadata.get(newCall())).issuer).toBe(provider.url)
    expect(proxy.asked.length).toBe(1)
    expect(provider.asked.length).toBe(0)
    await proxy.close()
  })
})
