import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { forwardMulti, path, type RunningAlb, startAlb } from './support/alb.ts'
import { send } from './support/http.ts'
import { serve } from './support/identity-provider.ts'

const ISSUER = 'https://idp.example.com'
const KID = 'key-1'

let rsa: Awaited<ReturnType<typeof generateKeyPair>>
let otherRsa: Awaited<ReturnType<typeof generateKeyPair>>
let ec: Awaited<ReturnType<typeof generateKeyPair>>
let jwk: JWK

beforeAll(async () => {
  rsa = await generateKeyPair('RS256', { extractable: true })
  otherRsa = await generateKeyPair('RS256', { extractable: true })
  ec = await generateKeyPair('ES256', { extractable: true })
  jwk = { ...(await exportJWK(rsa.publicKey)), kid: KID, alg: 'RS256', use: 'sig' }
})

interface Endpoint {
  status: number
  body: string
  fetches: number
}

interface Scene {
  readonly alb: RunningAlb
  readonly endpoint: Endpoint
  readonly moveBy: (seconds: number) => void
  readonly call: (authorization?: string | string[]) => Promise<number>
  readonly reason: () => string | undefined
}

interface Claim {
  Name: string
  Format: string
  Values: string[]
}

async function scene(claims: Claim[] = [], keys: unknown = [jwk]): Promise<Scene> {
  const endpoint: Endpoint = { status: 200, body: JSON.stringify({ keys }), fetches: 0 }
  const port = await serve((_request, response) => {
    endpoint.fetches++
    response.writeHead(endpoint.status).end(endpoint.body)
  })
  let offsetMs = 0
  const validate = {
    Type: 'jwt-validation',
    Order: 1,
    JwtValidationConfig: { Issuer: ISSUER, JwksEndpoint: `${ISSUER}/jwks`, AdditionalClaims: claims },
  }
  const alb = await startAlb(
    {
      rules: [{ priority: 1, conditions: [path('/*')], actions: [validate, { ...forwardMulti, Order: 2 }] }],
    },
    {
      mapUrl: (url) => url.replace(ISSUER, `http://127.0.0.1:${port}`),
      now: () => Date.now() + offsetMs,
      providerTimeoutMs: 300,
    },
  )
  const call = async (authorization?: string | string[]) => {
    const headers = authorization === undefined ? undefined : { authorization }
    const reply = await send(alb.port, '/', { headers })
    expect(reply.headers).not.toHaveProperty('www-authenticate')
    return reply.status
  }
  const reason = () => alb.log.at(-1)?.errorReason
  return { alb, endpoint, moveBy: (seconds) => (offsetMs += seconds * 1000), call, reason }
}

const seconds = () => Math.floor(Date.now() / 1000)

function token(change: JWTPayload = {}, header: Record<string, unknown> = {}): Promise<string> {
  const claims = { iss: ISSUER, exp: seconds() + 600, iat: seconds() - 5, sub: 'ada', ...change }
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: KID, ...header }).sign(rsa.privateKey)
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a bearer token', () => {
  it('that holds is passed on as it came, and nothing is added', async () => {
    const { alb, call } = await scene()
    const bearer = `Bearer ${await token()}`
    expect(await call(bearer)).toBe(200)
    expect(alb.lastEvent().multiValueHeaders?.authorization).toEqual([bearer])
    expect(Object.keys(alb.lastEvent().multiValueHeaders ?? {}).join()).not.toContain('oidc')
    expect(alb.log[0]).toMatchObject({ actions: ['jwt-validation', 'forward'] })
  })

  it('may have its scheme in any case', async () => {
    const { call } = await scene()
    expect(await call(`bearer ${await token()}`)).toBe(200)
  })

  it('may have no iat and no nbf', async () => {
    const { call } = await scene()
    expect(await call(`Bearer ${await token({ iat: undefined })}`)).toBe(200)
  })

  it('may name no key where there is only one', async () => {
    const { call } = await scene()
    expect(await call(`Bearer ${await token({}, { kid: undefined })}`)).toBe(200)
  })

  it('may be for any audience where none is asked for', async () => {
    const { call } = await scene()
    expect(await call(`Bearer ${await token({ aud: 'somebody else' })}`)).toBe(200)
  })

  const present: [title: string, make: () => Promise<string | string[] | undefined>, reason: string][] = [
    ['is missing', async () => undefined, 'JWTHeaderNotPresent'],
    ['is of another scheme', async () => 'Basic YTpi', 'JWTRequestFormatInvalid'],
    ['is empty', async () => 'Bearer ', 'JWTRequestFormatInvalid'],
    ['comes twice', async () => [`Bearer ${await token()}`, 'Bearer x'], 'JWTRequestFormatInvalid'],
    ['is opaque', async () => 'Bearer opaque', 'JWTRequestFormatInvalid'],
    ['has four parts', async () => `Bearer ${await token()}.x`, 'JWTRequestFormatInvalid'],
    ['is padded', async () => `Bearer ${await token()}==`, 'JWTRequestFormatInvalid'],
    ['is not JSON inside', async () => `Bearer ${'AAAA.AAAA.AAAA'}`, 'JWTRequestFormatInvalid'],
    [
      'has a list for claims',
      async () => `Bearer ${encode({ alg: 'RS256' })}.${encode([])}.AAAA`,
      'JWTRequestFormatInvalid',
    ],
    [
      'has no signature',
      async () => `Bearer ${encode({ alg: 'none' })}.${encode({ iss: ISSUER })}.`,
      'JWTRequestFormatInvalid',
    ],
    [
      'says alg none',
      async () => `Bearer ${encode({ alg: 'none', kid: KID })}.${encode({ iss: ISSUER, exp: 9e9 })}.AAAA`,
      'JWTSignatureValidationError',
    ],
    [
      'says alg NoNe',
      async () => `Bearer ${encode({ alg: 'NoNe', kid: KID })}.${encode({ iss: ISSUER, exp: 9e9 })}.AAAA`,
      'JWTSignatureValidationError',
    ],
    ['is signed by ES256', async () => `Bearer ${await signedEs256()}`, 'JWTSignatureValidationError'],
    ['is signed by RS512', async () => `Bearer ${await signedRs512()}`, 'JWTSignatureValidationError'],
    [
      'is signed by the public key as a secret',
      async () => `Bearer ${await signedHs256()}`,
      'JWTSignatureValidationError',
    ],
    [
      'is signed by another key',
      async () => `Bearer ${await signedByOther({ kid: KID })}`,
      'JWTSignatureValidationError',
    ],
    [
      'brings its own key',
      async () => `Bearer ${await signedByOther({ kid: KID, jwk: await exportJWK(otherRsa.publicKey) })}`,
      'JWTSignatureValidationError',
    ],
    [
      'names an unknown key',
      async () => `Bearer ${await token({}, { kid: 'unknown' })}`,
      'JWTSignatureValidationError',
    ],
    ['was changed', async () => `Bearer ${changed(await token())}`, 'JWTSignatureValidationError'],
    ['has no issuer', async () => `Bearer ${await token({ iss: undefined })}`, 'JWTClaimNotPresent'],
    ['has no expiry', async () => `Bearer ${await token({ exp: undefined })}`, 'JWTClaimNotPresent'],
    [
      'is of another issuer',
      async () => `Bearer ${await token({ iss: `${ISSUER}/` })}`,
      'JWTClaimValueInvalid',
    ],
    ['has expired', async () => `Bearer ${await token({ exp: seconds() - 1 })}`, 'JWTClaimValueInvalid'],
    [
      'is not valid yet',
      async () => `Bearer ${await token({ nbf: seconds() + 60 })}`,
      'JWTClaimValueInvalid',
    ],
    [
      'was issued in the future',
      async () => `Bearer ${await token({ iat: seconds() + 60 })}`,
      'JWTClaimValueInvalid',
    ],
    [
      'has an expiry that is no number',
      async () => `Bearer ${await withClaims({ exp: '9999999999' })}`,
      'JWTClaimFormatInvalid',
    ],
    [
      'has an issuer that is a list',
      async () => `Bearer ${await withClaims({ iss: [ISSUER] })}`,
      'JWTClaimFormatInvalid',
    ],
    ['has a critical header', async () => `Bearer ${await withCrit()}`, 'JWTSignatureValidationError'],
  ]
  for (const [title, make, errorReason] of present) {
    it(`that ${title} is refused with 401, without WWW-Authenticate`, async () => {
      const { alb, call, reason } = await scene()
      expect(await call(await make())).toBe(401)
      expect(reason()).toBe(errorReason)
      expect(alb.invocations).toHaveLength(0)
      expect(alb.unexpected).toEqual([])
    })
  }
})

describe('additional claims', () => {
  const single: Claim = { Name: 'aud', Format: 'single-string', Values: ['api'] }
  const list: Claim = { Name: 'aud', Format: 'string-array', Values: ['api', 'api-2'] }
  const spaced: Claim = { Name: 'scope', Format: 'space-separated-values', Values: ['read', 'write'] }

  const accepted: [title: string, claim: Claim, claims: JWTPayload][] = [
    ['a text that is the value', single, { aud: 'api' }],
    ['a list with one of the values', list, { aud: ['other', 'api-2'] }],
    ['a spaced text with one of the values', spaced, { scope: 'openid write' }],
  ]
  for (const [title, claim, claims] of accepted) {
    it(`are satisfied by ${title}`, async () => {
      const { call } = await scene([claim])
      expect(await call(`Bearer ${await token(claims)}`)).toBe(200)
    })
  }

  const refused: [title: string, claim: Claim, claims: JWTPayload, reason: string][] = [
    ['nothing', single, {}, 'JWTClaimNotPresent'],
    ['another text', single, { aud: 'api2' }, 'JWTClaimValueInvalid'],
    ['a list where a text is asked for', single, { aud: ['api'] }, 'JWTClaimFormatInvalid'],
    ['a text where a list is asked for', list, { aud: 'api' }, 'JWTClaimFormatInvalid'],
    ['a list without the values', list, { aud: ['x'] }, 'JWTClaimValueInvalid'],
    ['an empty list', list, { aud: [] }, 'JWTClaimValueInvalid'],
    ['a list of more than texts', list, { aud: ['api', 1 as never] }, 'JWTClaimFormatInvalid'],
    ['a text that only contains a value', spaced, { scope: 'readonly' }, 'JWTClaimValueInvalid'],
    ['a list where a spaced text is asked for', spaced, { scope: ['read'] }, 'JWTClaimFormatInvalid'],
    ['what every object has', { ...single, Name: 'constructor' }, {}, 'JWTClaimNotPresent'],
  ]
  for (const [title, claim, claims, errorReason] of refused) {
    it(`are not satisfied by ${title}`, async () => {
      const { call, reason } = await scene([claim])
      expect(await call(`Bearer ${await token(claims)}`)).toBe(401)
      expect(reason()).toBe(errorReason)
    })
  }

  it('have all to be satisfied', async () => {
    const { call } = await scene([single, spaced])
    expect(await call(`Bearer ${await token({ aud: 'api' })}`)).toBe(401)
    expect(await call(`Bearer ${await token({ aud: 'api', scope: 'read' })}`)).toBe(200)
  })

  for (const Name of ['exp', 'iss', 'nbf', 'iat']) {
    it(`cannot be ${Name}`, async () => {
      await expect(scene([{ ...single, Name }])).rejects.toMatchObject({ name: 'TemplateError' })
    })
  }
})

describe('a key set', () => {
  it('is fetched once for many requests, also at the same time', async () => {
    const { endpoint, call } = await scene()
    const bearer = `Bearer ${await token()}`
    expect(await Promise.all([call(bearer), call(bearer), call(bearer)])).toEqual([200, 200, 200])
    expect(await call(bearer)).toBe(200)
    expect(endpoint.fetches).toBe(1)
  })

  it('is fetched again for a key that is new, but not for every unknown one', async () => {
    const { endpoint, call, moveBy } = await scene([], [{ ...jwk, kid: 'old' }])
    const bearer = `Bearer ${await token()}`
    expect(await call(bearer)).toBe(401)
    expect(await call(bearer)).toBe(401)
    expect(endpoint.fetches).toBe(1)
    endpoint.body = JSON.stringify({ keys: [jwk] })
    moveBy(11)
    expect(await call(bearer)).toBe(200)
    expect(endpoint.fetches).toBe(2)
  })

  it('that can no longer be read closes the rule once the kept one is old', async () => {
    const { endpoint, call, moveBy } = await scene()
    const bearer = `Bearer ${await token()}`
    expect(await call(bearer)).toBe(200)
    endpoint.status = 503
    expect(await call(bearer)).toBe(200)
    moveBy(5 * 60)
    expect(await call(bearer)).toBe(401)
  })

  const manyKeys = () =>
    Array.from({ length: 11 }, (_, n) => ({ ...jwk, kid: n === 0 ? KID : `key-${n + 1}` }))
  const unreadable: [title: string, change: (endpoint: Endpoint) => void, reason: string][] = [
    ['answers an error', (e) => (e.status = 500), 'JWKSRequestFailed'],
    ['redirects', (e) => (e.status = 302), 'JWKSRequestFailed'],
    ['answers HTML', (e) => (e.body = '<html>'), 'JWKSResponseInvalid'],
    ['answers no list', (e) => (e.body = '{"keys":{}}'), 'JWKSResponseInvalid'],
    [
      'answers over 150 KB',
      (e) => (e.body = JSON.stringify({ keys: [jwk], x: 'a'.repeat(154_000) })),
      'JWKSResponseSizeExceeded',
    ],
    [
      'has more than ten keys',
      (e) => (e.body = JSON.stringify({ keys: manyKeys() })),
      'JWKSResponseSizeExceeded',
    ],
  ]
  for (const [title, change, errorReason] of unreadable) {
    it(`that ${title} lets nobody through`, async () => {
      const { alb, endpoint, call, reason } = await scene()
      change(endpoint)
      expect(await call(`Bearer ${await token()}`)).toBe(401)
      expect(reason()).toBe(errorReason)
      expect(alb.invocations).toHaveLength(0)
    })
  }

  it('with ten keys is fine', async () => {
    const { call } = await scene([], manyKeys().slice(0, 10))
    expect(await call(`Bearer ${await token()}`)).toBe(200)
  })

  it('that cannot be reached lets nobody through', async () => {
    const config = { Issuer: ISSUER, JwksEndpoint: 'https://idp.example.com/jwks' }
    const validate = { Type: 'jwt-validation', Order: 1, JwtValidationConfig: config }
    const alb = await startAlb(
      { defaultActions: [validate, { ...forwardMulti, Order: 2 }] },
      { mapUrl: () => 'http://127.0.0.1:1/' },
    )
    const reply = await send(alb.port, '/', { headers: { authorization: `Bearer ${await token()}` } })
    expect(reply.status).toBe(401)
    expect(alb.log[0]).toMatchObject({ errorReason: 'JWKSRequestTimeout' })
  })

  const unusable: [title: string, change: JWK][] = [
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'RS512' }],
    ['of another type', { kty: 'oct', k: 'AAAA' }],
    ['without a modulus', { n: undefined }],
  ]
  for (const [title, change] of unusable) {
    it(`has no use for a key ${title}`, async () => {
      const { call, reason } = await scene([], [{ ...jwk, ...change }])
      expect(await call(`Bearer ${await token()}`)).toBe(401)
      expect(reason()).toBe('JWTSignatureValidationError')
    })
  }

  it('has no use for an RSA key under 2048 bits', async () => {
    const { generateKeyPairSync, sign } = await import('node:crypto')
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const { call } = await scene(
      [],
      [{ ...weak.publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256' }],
    )
    const input = `${encode({ alg: 'RS256', kid: KID })}.${encode({ iss: ISSUER, exp: seconds() + 60 })}`
    const signature = sign('sha256', Buffer.from(input), weak.privateKey).toString('base64url')
    expect(await call(`Bearer ${input}.${signature}`)).toBe(401)
  })
})

function signedEs256(): Promise<string> {
  const claims = { iss: ISSUER, exp: seconds() + 60 }
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: KID }).sign(ec.privateKey)
}

async function signedRs512(): Promise<string> {
  const { importPKCS8, exportPKCS8 } = await import('jose')
  const key = await importPKCS8(await exportPKCS8(rsa.privateKey), 'RS512')
  const claims = { iss: ISSUER, exp: seconds() + 60 }
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS512', kid: KID }).sign(key)
}

async function signedHs256(): Promise<string> {
  const secret = Buffer.from(await exportSPKI(rsa.publicKey))
  const claims = { iss: ISSUER, exp: seconds() + 60 }
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: KID }).sign(secret)
}

function signedByOther(header: Record<string, unknown>): Promise<string> {
  const claims = { iss: ISSUER, exp: seconds() + 60 }
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(otherRsa.privateKey)
}

async function withClaims(change: Record<string, unknown>): Promise<string> {
  const { CompactSign } = await import('jose')
  const claims = { iss: ISSUER, exp: seconds() + 60, ...change }
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RS256', kid: KID })
    .sign(rsa.privateKey)
}

async function withCrit(): Promise<string> {
  const { sign } = await import('node:crypto')
  const { exportPKCS8 } = await import('jose')
  const header = { alg: 'RS256', kid: KID, crit: ['x'], x: 1 }
  const input = `${encode(header)}.${encode({ iss: ISSUER, exp: seconds() + 60 })}`
  const signature = sign('sha256', Buffer.from(input), await exportPKCS8(rsa.privateKey))
  return `${input}.${signature.toString('base64url')}`
}

function changed(jwt: string): string {
  const [header, , signature] = jwt.split('.')
  return `${header}.${encode({ iss: ISSUER, exp: seconds() + 9999, sub: 'grace' })}.${signature}`
}
