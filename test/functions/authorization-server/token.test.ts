/** The token endpoint: codes, secrets and what is in a token (RFC 6749, 7636, 9068, 9700). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, openBrowser } from './support/browser.ts'
import {
  basic,
  CHALLENGE,
  claimsOf,
  codeFor,
  headerOf,
  type Parameters,
  postForm,
  redeem,
  refresh,
  refusalOf,
  tokensOf,
  VERIFIER,
} from './support/flow.ts'
import {
  bcryptHash,
  DASHBOARD,
  DASHBOARD_REDIRECT,
  DASHBOARD_SECRET,
  ISSUER,
  REPORTER,
  REPORTER_SECRET,
  startTestServer,
  type TestServer,
} from './support/server.ts'

let database: TestDatabase
let server: TestServer
let browser: Browser

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  server = startTestServer(database)
  browser = openBrowser(server.handler)
  vi.useRealTimers()
})

function moveClock(seconds: number): void {
  const nowMs = Date.now() + seconds * 1000
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
}

const asService = (form: Parameters = {}, secret = REPORTER_SECRET, id = REPORTER) =>
  postForm(
    server,
    '/oauth2/token',
    { grant_type: 'client_credentials', ...form },
    { authorization: basic(id, secret) },
  )

const INVALID_GRANT = { status: 400, error: 'invalid_grant' }
const INVALID_CLIENT = { status: 401, error: 'invalid_client' }
const INVALID_REQUEST = { status: 400, error: 'invalid_request' }

describe('a code', () => {
  it('gives tokens, which nobody stores', async () => {
    const answer = await redeem(server, await codeFor(browser))
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' })
    expect(tokensOf(answer)).toMatchObject({ token_type: 'Bearer', expires_in: 1800, scope: 'all offline' })
  })

  it('is taken with all the parameters of the authorization request once more, as Flyte’s SDK sends them', async () => {
    const again = {
      response_type: 'code',
      scope: 'all offline',
      state: 'the-state',
      audience: ISSUER,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    }
    expect((await redeem(server, await codeFor(browser, { audience: ISSUER }), again)).status).toBe(200)
  })

  const refused: readonly [string, Parameters][] = [
    ['no verifier', { code_verifier: undefined }],
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['the challenge for a verifier', { code_verifier: CHALLENGE }],
    ['another client', { client_id: 'flyte-cli' }],
    ['another port', { redirect_uri: 'http://localhost:12345/callback' }],
    ['another audience', { audience: 'https://other.example.com' }],
  ]
  for (const [name, changes] of refused) {
    it(`is refused with ${name}`, async () => {
      const { status, error } = refusalOf(await redeem(server, await codeFor(browser), changes))
      expect(status).toBe(400)
      expect(error).toBe(changes.audience === undefined ? 'invalid_grant' : 'invalid_target')
    })
  }

  it('is used up by a wrong verifier', async () => {
    const code = await codeFor(browser)
    await redeem(server, code, { code_verifier: 'x'.repeat(43) })
    expect(refusalOf(await redeem(server, code))).toEqual(INVALID_GRANT)
  })

  for (const verifier of ['x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(42)}!`, `${'x'.repeat(42)} `]) {
    it(`is refused with a verifier of ${verifier.length} characters ending in "${verifier.at(-1)}"`, async () => {
      const answer = await redeem(server, await codeFor(browser), { code_verifier: verifier })
      expect(answer.status).toBe(400)
    })
  }

  it('fits the example of RFC 7636 appendix B', () => {
    expect(createHash('sha256').update(VERIFIER).digest('base64url')).toBe(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    )
    expect(CHALLENGE).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  it('must come with its redirect URI', async () => {
    const answer = await redeem(server, await codeFor(browser), { redirect_uri: undefined })
    expect(refusalOf(answer)).toEqual(INVALID_REQUEST)
  })

  it('works once, and takes back what it gave when it comes again', async () => {
    const code = await codeFor(browser)
    const tokens = tokensOf(await redeem(server, code))
    expect(refusalOf(await redeem(server, code))).toEqual(INVALID_GRANT)
    expect(refusalOf(await refresh(server, tokens.refresh_token))).toEqual(INVALID_GRANT)
    const known = await postForm(server, '/oauth2/introspect', {
      client_id: 'flytectl',
      token: tokens.access_token,
    })
    expect(known.json()).toEqual({ active: false })
  })

  it('works once, even for two at the same moment', async () => {
    const code = await codeFor(browser)
    const answers = await Promise.all([1, 2, 3].map(() => redeem(server, code)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    const winner = answers.find(({ status }) => status === 200)
    expect(winner && (await refresh(server, tokensOf(winner).refresh_token)).status).toBe(200)
  })

  it('works for five minutes', async () => {
    const [early, late] = [await codeFor(browser), await codeFor(browser)]
    moveClock(290)
    expect((await redeem(server, early)).status).toBe(200)
    moveClock(11)
    expect(refusalOf(await redeem(server, late))).toEqual(INVALID_GRANT)
  })

  it('is no refresh token, and no device code', async () => {
    const code = await codeFor(browser)
    expect(refusalOf(await refresh(server, code))).toEqual(INVALID_GRANT)
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const asDevice = { grant_type, client_id: 'flytectl', device_code: code }
    expect(refusalOf(await postForm(server, '/oauth2/token', asDevice))).toEqual(INVALID_GRANT)
  })

  it('is not an access token, nor a refresh token, nor made up', async () => {
    const tokens = tokensOf(await redeem(server, await codeFor(browser)))
    for (const code of [tokens.access_token, tokens.refresh_token, 'x', 'x'.repeat(2000), 'ü']) {
      expect(refusalOf(await redeem(server, code))).toEqual(INVALID_GRANT)
    }
  })
})

describe('a client', () => {
  it('proves itself with its secret, in the header or in the form', async () => {
    expect((await asService()).status).toBe(200)
    const inForm = { grant_type: 'client_credentials', client_id: REPORTER, client_secret: REPORTER_SECRET }
    expect((await postForm(server, '/oauth2/token', inForm)).status).toBe(200)
  })

  const refused: readonly [string, () => ReturnType<typeof asService>, unknown][] = [
    ['a wrong secret', () => asService({}, 'wrong'), INVALID_CLIENT],
    ['the secret of another client', () => asService({}, DASHBOARD_SECRET), INVALID_CLIENT],
    ['a secret that goes on', () => asService({}, `${REPORTER_SECRET}!`), INVALID_CLIENT],
    ['a secret longer than bcrypt reads', () => asService({}, 'x'.repeat(73)), INVALID_CLIENT],
    ['an unknown name', () => asService({}, 'x', 'nobody'), INVALID_CLIENT],
    [
      'no secret',
      () => postForm(server, '/oauth2/token', { grant_type: 'client_credentials', client_id: REPORTER }),
      INVALID_CLIENT,
    ],
    ['a secret, though it is public', () => redeem(server, 'x', { client_secret: 'x' }), INVALID_CLIENT],
    [
      'no name',
      () => postForm(server, '/oauth2/token', { grant_type: 'client_credentials' }),
      INVALID_REQUEST,
    ],
    ['two names', () => asService({ client_id: DASHBOARD }), INVALID_REQUEST],
    ['two secrets', () => asService({ client_secret: REPORTER_SECRET }), INVALID_REQUEST],
    [
      'two headers',
      () =>
        postForm(
          server,
          '/oauth2/token',
          { grant_type: 'client_credentials' },
          { authorization: [basic(REPORTER, REPORTER_SECRET), basic(DASHBOARD, DASHBOARD_SECRET)] },
        ),
      INVALID_REQUEST,
    ],
    [
      'a hash that it is kept as',
      () => asService({}, String(server.secrets.clients[REPORTER])),
      INVALID_CLIENT,
    ],
  ]
  for (const [name, send, refusal] of refused) {
    it(`is refused with ${name}`, async () => {
      expect(refusalOf(await send())).toEqual(refusal)
    })
  }

  it('is told how to prove itself', async () => {
    expect((await asService({}, 'wrong')).headers['www-authenticate']).toMatch(/^Basic realm=/)
  })

  it('has no secret until its operator makes one', async () => {
    expect(refusalOf(await asService({}, 'foobar', 'flytepropeller'))).toEqual(INVALID_CLIENT)
    expect(refusalOf(await asService({}, 'anything', 'toString'))).toEqual(INVALID_CLIENT)
  })

  it('may have two secrets while one replaces the other', async () => {
    server.secrets.clients = { [REPORTER]: [bcryptHash('new'), bcryptHash(REPORTER_SECRET)] }
    server.restart()
    expect((await asService({}, 'new')).status).toBe(200)
    expect((await asService()).status).toBe(200)
    server.secrets.clients = { [REPORTER]: bcryptHash('new') }
    expect((await asService({}, 'new')).status).toBe(200)
    expect(refusalOf(await asService())).toEqual(INVALID_CLIENT)
  })

  it('says who it is in the query in vain', async () => {
    const answer = await server.call({
      method: 'POST',
      path: `/oauth2/token?client_id=${REPORTER}&client_secret=${encodeURIComponent(REPORTER_SECRET)}&grant_type=client_credentials`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
    })
    expect(answer.status).toBe(400)
  })

  it('that is confidential still needs its verifier', async () => {
    const authorization = { authorization: basic(DASHBOARD, DASHBOARD_SECRET) }
    const { headers } = await browser.get(
      `/oauth2/authorize?client_id=${DASHBOARD}&response_type=code&redirect_uri=${DASHBOARD_REDIRECT}`,
    )
    expect(new URL(headers.location ?? '').searchParams.get('error')).toBe('invalid_request')
    const answer = await postForm(
      server,
      '/oauth2/token',
      { grant_type: 'authorization_code', code: 'x' },
      authorization,
    )
    expect(answer.status).toBe(400)
  })
})

describe('a grant type', () => {
  const refused: readonly [string, Parameters, unknown][] = [
    [
      'password',
      { grant_type: 'password', username: 'ada', password: 'x' },
      { status: 400, error: 'unsupported_grant_type' },
    ],
    ['implicit', { grant_type: 'implicit' }, { status: 400, error: 'unsupported_grant_type' }],
    ['one that is none', { grant_type: 'x' }, { status: 400, error: 'unsupported_grant_type' }],
    ['none', { grant_type: undefined }, INVALID_REQUEST],
  ]
  for (const [name, form, refusal] of refused) {
    it(`is refused if it is ${name}`, async () => {
      expect(refusalOf(await postForm(server, '/oauth2/token', { client_id: 'flytectl', ...form }))).toEqual(
        refusal,
      )
    })
  }

  it('is refused to a client that it is not for', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'flytectl' }
    expect((await postForm(server, '/oauth2/token', form)).status).toBe(400)
    expect(
      (await asService({ grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://x' })).status,
    ).toBe(400)
  })
})

describe('a service', () => {
  it('gets only the scopes it is registered with, also if it asks for none', async () => {
    expect(tokensOf(await asService()).scope).toBe('reports')
    expect(refusalOf(await asService({ scope: 'all' }))).toEqual({ status: 400, error: 'invalid_scope' })
    expect(refusalOf(await asService({ scope: 'reports all' }))).toEqual({
      status: 400,
      error: 'invalid_scope',
    })
  })

  it('gets a token for an audience of the deployment, and for no other', async () => {
    const other = tokensOf(await asService({ audience: 'https://other.example.com' }))
    expect(claimsOf(other.access_token).aud).toBe('https://other.example.com')
    expect(refusalOf(await asService({ audience: 'https://elsewhere.example.com' }))).toEqual({
      status: 400,
      error: 'invalid_target',
    })
  })

  it('is itself in its token, and nobody else', async () => {
    const claims = claimsOf(tokensOf(await asService()).access_token)
    expect(claims).toMatchObject({ sub: REPORTER, client_id: REPORTER, scp: ['reports'] })
    expect(Object.keys(claims)).not.toContain('user_info')
  })

  it('writes nothing but its counters', async () => {
    await asService()
    database.forget()
    await asService()
    expect(database.operations).toEqual(['UpdateItem', 'UpdateItem'])
  })
})

describe('an access token', () => {
  it('is what RFC 9068 says', async () => {
    const { access_token: token } = tokensOf(await redeem(server, await codeFor(browser)))
    const jwks = (await server.call({ path: '/oauth2/jwks' })).json() as { keys: { kid: string }[] }
    expect(headerOf(token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: jwks.keys[0]?.kid })
    const claims = claimsOf(token)
    expect(claims).toEqual({
      iss: ISSUER,
      aud: ISSUER,
      sub: 'ada',
      client_id: 'flytectl',
      scope: 'all offline',
      scp: ['all', 'offline'],
      sid: expect.any(String),
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
      user_info: expect.objectContaining({ name: 'Ada Lovelace' }),
    })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(1800)
  })
})

const isAboutOrigins = (name: string) => name.startsWith('access-control-')

describe('a request', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const refused: readonly [string, Record<string, string>, string | Uint8Array, number][] = [
    ['is JSON', { 'content-type': 'application/json' }, '{"grant_type":"client_credentials"}', 415],
    ['says nothing of its type', {}, 'grant_type=client_credentials', 415],
    ['is compressed', { ...form, 'content-encoding': 'gzip' }, 'x', 415],
    ['is larger than a form', form, 'x'.repeat(33_000), 400],
    ['is empty', form, '', 400],
    [
      'says something twice',
      form,
      'grant_type=refresh_token&grant_type=refresh_token&client_id=flytectl',
      400,
    ],
    ['is no text', form, new Uint8Array([0xff, 0xfe, 0x00, 0x80]), 400],
  ]
  for (const [name, headers, body, status] of refused) {
    it(`is refused in JSON if it ${name}`, async () => {
      const answer = await server.call({ method: 'POST', path: '/oauth2/token', headers, body })
      expect(answer.status).toBe(status)
      expect(answer.json()).toMatchObject({ error: expect.any(String) })
      expect(answer.headers['cache-control']).toBe('no-store')
    })
  }

  it('is told that the database does not answer, and asked to come again', async () => {
    database.failWith(() => 'broken')
    const answer = await asService()
    database.failWith(undefined)
    expect(refusalOf(answer)).toEqual({ status: 503, error: 'temporarily_unavailable' })
  })

  it('is told so in the middle of the protocol as well', async () => {
    const code = await codeFor(browser)
    database.failWith((operation) => (operation === 'GetItem' ? 'broken' : undefined))
    const answer = await redeem(server, code)
    database.failWith(undefined)
    expect(refusalOf(answer)).toEqual({ status: 503, error: 'temporarily_unavailable' })
    expect((await redeem(server, code)).status).toBe(200)
  })

  const OF_PROGRAMS = [
    '/oauth2/token',
    '/oauth2/device_authorization',
    '/oauth2/revoke',
    '/oauth2/introspect',
  ]
  for (const path of OF_PROGRAMS) {
    it(`to ${path} is a program's: no page of another origin may read its answer, or ask whether it may`, async () => {
      const authorization = basic(REPORTER, REPORTER_SECRET)
      const form = { grant_type: 'client_credentials', client_id: 'flytectl', token: 'x' }
      for (const origin of ['https://evil.example', 'null', 'https://other.example.com', undefined]) {
        const from: Record<string, string> = origin === undefined ? {} : { origin }
        const answers = [
          await postForm(server, path, form, from),
          await postForm(server, path, { ...form, client_id: REPORTER }, { ...from, authorization }),
          await server.call({
            path,
            method: 'OPTIONS',
            headers: { ...from, 'access-control-request-method': 'POST' },
          }),
        ]
        expect(answers[2]?.status).toBe(405)
        expect(answers.flatMap(({ headers }) => Object.keys(headers).filter(isAboutOrigins))).toEqual([])
      }
    })
  }

  it('for the keys may come from a page of any origin', async () => {
    const { headers } = await server.call({
      path: '/oauth2/jwks',
      headers: { origin: 'https://any.example' },
    })
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('leaves no secret, code or token in the log', async () => {
    const code = await codeFor(browser)
    const tokens = tokensOf(await redeem(server, code))
    await redeem(server, code)
    await asService({}, 'a wrong secret of theirs')
    const log = JSON.stringify(server.ended.map(({ call }) => ({ ...call, error: call.error?.message })))
    for (const secret of [
      code,
      tokens.access_token,
      tokens.refresh_token,
      VERIFIER,
      'a wrong secret',
      REPORTER_SECRET,
    ]) {
      expect(log).not.toContain(secret)
    }
    expect(server.ended.slice(-2).map(({ call }) => call.outcome)).toEqual([
      'oauth_grant_refused',
      'oauth_client_refused',
    ])
  })
})
