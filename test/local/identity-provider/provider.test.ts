import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICE_CLIENT_SECRET } from '../../../local/identity-provider/clients.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../local/identity-provider/index.ts'
import { signInAs, signInAsService } from '../../../local/sign-in.ts'

const PUBLIC_URL = 'http://localhost:8080'
const WEB_CLIENT = {
  clientId: 'flyte-alb',
  clientSecret: 'a-secret-of-the-test',
  redirectUris: [`${PUBLIC_URL}/oauth2/idpresponse`],
}
const COMMAND_LINE = {
  clientId: 'flytectl',
  redirectUri: 'http://localhost:53593/callback',
  scopes: ['all', 'openid', 'profile', 'email'],
}

let provider: IdentityProvider
let endpoints: { authorizationEndpoint: string; tokenEndpoint: string }

beforeAll(async () => {
  provider = await startIdentityProvider({
    port: 0,
    publicUrl: PUBLIC_URL,
    webClient: WEB_CLIENT,
    keysFile: null,
  })
  endpoints = { authorizationEndpoint: `${provider.issuer}/auth`, tokenEndpoint: `${provider.issuer}/token` }
})
afterAll(() => provider.close())

async function userinfo(token: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.json() }
}

function signIn(
  person: string,
  changes: Partial<typeof COMMAND_LINE & { endpoints: typeof endpoints }> = {},
) {
  return signInAs({ person, endpoints, ...COMMAND_LINE, ...changes })
}

describe('the documents', () => {
  it('are the same for OpenID and OAuth clients, and name the issuer', async () => {
    const [openid, oauth] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map(async (name) =>
        (await fetch(`${provider.issuer}/.well-known/${name}`)).json(),
      ),
    )
    expect(openid).toEqual(oauth)
    expect(openid).toMatchObject({
      issuer: provider.issuer,
      authorization_endpoint: `${provider.issuer}/auth`,
      token_endpoint: `${provider.issuer}/token`,
      userinfo_endpoint: `${provider.issuer}/me`,
      device_authorization_endpoint: `${provider.issuer}/device/auth`,
      code_challenge_methods_supported: ['S256'],
    })
  })
})

describe('the command line', () => {
  it('gets an RS256 access token for the deployment, with a subject and no profile', async () => {
    const { accessToken, refreshToken } = await signIn('ada')
    const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`))
    const { payload, protectedHeader } = await jwtVerify(accessToken, keys, {
      issuer: provider.issuer,
      audience: PUBLIC_URL,
      typ: 'at+jwt',
    })
    expect(protectedHeader.alg).toBe('RS256')
    expect(payload).toMatchObject({ sub: 'ada', client_id: 'flytectl', aud: PUBLIC_URL })
    expect(String(payload.scope).split(' ')).toEqual(expect.arrayContaining(['all', 'openid', 'profile']))
    for (const claim of ['name', 'email', 'given_name', 'family_name', 'picture'])
      expect(payload).not.toHaveProperty(claim)
    expect(refreshToken).toEqual(expect.any(String))
  })

  it('is told who the person is by userinfo, with that very token', async () => {
    const { accessToken } = await signIn('grace')
    expect(await userinfo(accessToken)).toMatchObject({
      status: 200,
      body: {
        sub: 'grace',
        name: 'Grace Hopper',
        given_name: 'Grace',
        family_name: 'Hopper',
        email: 'grace@example.com',
        picture: `${provider.issuer}/people/grace.svg`,
      },
    })
  })

  it('may listen on any loopback port', async () => {
    await expect(signIn('ada', { redirectUri: 'http://localhost:4567/callback' })).resolves.toHaveProperty(
      'accessToken',
    )
    await expect(signIn('ada', { redirectUri: 'http://127.0.0.1:4567/callback' })).resolves.toHaveProperty(
      'accessToken',
    )
  })

  it('gets a new access token for a refresh token, for the same deployment', async () => {
    const { refreshToken } = await signIn('ada')
    const config = await oidc.discovery(new URL(provider.issuer), 'flytectl', undefined, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    })
    const renewed = await oidc.refreshTokenGrant(config, refreshToken ?? '')
    expect(decodeJwt(renewed.access_token)).toMatchObject({ sub: 'ada', aud: PUBLIC_URL })
  })

  it('gets access tokens of another lifetime where the stack asks for it, for people and services', async () => {
    const shortLived = await startIdentityProvider({
      port: 0,
      publicUrl: PUBLIC_URL,
      webClient: WEB_CLIENT,
      keysFile: null,
      accessTokenSeconds: 777,
    })
    const tokenEndpoint = `${shortLived.issuer}/token`
    const authorizationEndpoint = `${shortLived.issuer}/auth`
    const tokens = await Promise.all([
      signIn('ada', { endpoints: { authorizationEndpoint, tokenEndpoint } }),
      signInAsService({ tokenEndpoint, clientId: 'reporter', clientSecret: SERVICE_CLIENT_SECRET }),
    ])
    await shortLived.close()
    for (const { accessToken } of tokens) {
      const { iat = 0, exp = 0 } = decodeJwt(accessToken)
      // The provider fixes the end first and signs then, maybe in the next second.
      expect([776, 777]).toContain(exp - iat)
    }
  })

  it('connects a device', async () => {
    const config = await oidc.discovery(new URL(provider.issuer), 'flytectl', undefined, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    })
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'all openid' })
    const page = await fetch(device.verification_uri)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Connect a device')
    expect(device.user_code).toMatch(/\w/)
  })

  it('is refused without PKCE', async () => {
    const url = new URL(endpoints.authorizationEndpoint)
    url.search = new URLSearchParams({
      client_id: 'flytectl',
      response_type: 'code',
      redirect_uri: COMMAND_LINE.redirectUri,
      scope: 'openid',
      state: 'some-state',
    }).toString()
    const response = await fetch(url, { redirect: 'manual' })
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.searchParams.get('error')).toBe('invalid_request')
    expect(location.searchParams.has('code')).toBe(false)
  })

  it('is refused a redirect to another host', async () => {
    await expect(signIn('ada', { redirectUri: 'http://example.com/callback' })).rejects.toMatchObject({
      reason: 'not_a_local_provider',
    })
  })

  it('is shown the sign-in page for a person nobody knows', async () => {
    await expect(signIn('mallory')).rejects.toMatchObject({ reason: 'not_a_local_provider' })
  })
})

describe('a service', () => {
  const service = () =>
    signInAsService({
      tokenEndpoint: endpoints.tokenEndpoint,
      clientId: 'reporter',
      clientSecret: SERVICE_CLIENT_SECRET,
    })

  it('gets a token whose subject is its own client', async () => {
    const { accessToken, refreshToken } = await service()
    expect(decodeJwt(accessToken)).toMatchObject({
      sub: 'reporter',
      client_id: 'reporter',
      aud: PUBLIC_URL,
      scope: 'all',
    })
    expect(refreshToken).toBeUndefined()
  })

  it('is refused with a wrong secret', async () => {
    await expect(
      signInAsService({
        tokenEndpoint: endpoints.tokenEndpoint,
        clientId: 'reporter',
        clientSecret: 'wrong',
      }),
    ).rejects.toMatchObject({ reason: 'no_token' })
  })

  it('is refused at userinfo, because it is nobody', async () => {
    const { accessToken } = await service()
    expect(await userinfo(accessToken)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  })
})

describe('userinfo', () => {
  it('refuses a token with a changed signature', async () => {
    const { accessToken } = await signIn('ada')
    const [header, payload, signature = ''] = accessToken.split('.')
    const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    expect((await userinfo(forged)).status).toBe(401)
  })

  it('refuses no token at all, and an opaque one that is not known', async () => {
    expect((await fetch(`${provider.issuer}/me`)).status).toBe(401)
    expect((await userinfo('unknown')).status).toBe(401)
  })
})

describe('the load balancer', () => {
  it('signs a person in through the page, and reads userinfo with an opaque token', async () => {
    const config = await oidc.discovery(
      new URL(provider.issuer),
      WEB_CLIENT.clientId,
      WEB_CLIENT.clientSecret,
      undefined,
      {
        execute: [oidc.allowInsecureRequests],
      },
    )
    const [redirectUri = ''] = WEB_CLIENT.redirectUris
    const authorization = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: 'state-1',
    })
    const callback = await signInThroughPage(authorization, 'grace')
    const tokens = await oidc.authorizationCodeGrant(config, callback, { expectedState: 'state-1' })
    expect(tokens.access_token).not.toContain('.')
    expect(tokens.refresh_token).toEqual(expect.any(String))
    expect(await oidc.fetchUserInfo(config, tokens.access_token, 'grace')).toMatchObject({
      name: 'Grace Hopper',
    })
  })

  it('is told when the person cancels', async () => {
    const url = new URL(endpoints.authorizationEndpoint)
    url.search = new URLSearchParams({
      client_id: WEB_CLIENT.clientId,
      response_type: 'code',
      redirect_uri: WEB_CLIENT.redirectUris[0] ?? '',
      scope: 'openid',
    }).toString()
    const callback = await signInThroughPage(url, null)
    expect(callback.searchParams.get('error')).toBe('access_denied')
  })
})

/** What a browser does: open the page, press a person's button (null: Cancel), follow the redirects. */
async function signInThroughPage(authorization: URL, person: string | null): Promise<URL> {
  const cookies = new Map<string, string>()
  const request = async (url: URL, init: RequestInit = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      cookies.set(name, value)
    }
    return response
  }
  const started = await request(authorization)
  const interaction = new URL(started.headers.get('location') ?? '', authorization)
  const page = await (await request(interaction)).text()
  expect(page).toContain('Ada Lovelace')
  const form = new URLSearchParams(person === null ? { cancel: 'yes' } : { person })
  const answered = await request(interaction, { method: 'POST', body: form })
  const resume = new URL(answered.headers.get('location') ?? '', interaction)
  const returned = await request(resume)
  return new URL(returned.headers.get('location') ?? '', resume)
}

describe('the keys', () => {
  it('can be rotated: new tokens name a new key, and old tokens stay good', async () => {
    const before = (await signIn('ada')).accessToken
    await provider.rotateKeys()
    const after = (await signIn('ada')).accessToken
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`))
    await expect(jwtVerify(before, keys)).resolves.toBeDefined()
    await expect(jwtVerify(after, keys)).resolves.toBeDefined()
    expect((await userinfo(before)).status).toBe(200)
  })

  it('are kept in a file that only the owner may read, and used again', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'provider-'))
    const keysFile = join(directory, 'deep', 'keys.json')
    const start = () =>
      startIdentityProvider({ port: 0, publicUrl: PUBLIC_URL, webClient: WEB_CLIENT, keysFile })
    try {
      const kids: string[] = []
      for (let start_ = 0; start_ < 2; start_ += 1) {
        const restarted = await start()
        const { keys } = (await (await fetch(`${restarted.issuer}/jwks`)).json()) as {
          keys: { kid: string; d?: string }[]
        }
        kids.push(keys[0]?.kid ?? '')
        expect(keys[0]).not.toHaveProperty('d')
        await restarted.close()
      }
      expect(kids[0]).toBe(kids[1])
      expect((await stat(keysFile)).mode & 0o077).toBe(0)
      expect(JSON.parse(await readFile(keysFile, 'utf8'))).toHaveProperty('jwks')
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

it('a taken port is reported with its number', async () => {
  await expect(
    startIdentityProvider({
      port: provider.port,
      publicUrl: PUBLIC_URL,
      webClient: WEB_CLIENT,
      keysFile: null,
    }),
  ).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE', port: provider.port })
})
