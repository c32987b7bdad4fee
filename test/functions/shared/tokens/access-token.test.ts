import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrustedIssuer } from '../../../../functions/shared/config.ts'
import { type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import { fetchDocument } from '../../../../functions/shared/http/fetch-document.ts'
import {
  type AccessTokenVerifier,
  createAccessTokenVerifier,
} from '../../../../functions/shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../../../../functions/shared/tokens/issuer-metadata.ts'
import {
  broken,
  type IssuerKey,
  newIssuerKey,
  type SignOptions,
  signToken,
  startTestIssuer,
  type TestIssuer,
} from '../../../support/test-issuer.ts'

const NOW_SECONDS = 1_800_000_000
const now = () => NOW_SECONDS * 1000
const AUDIENCE = 'https://flyte.example.com'
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

let provider: TestIssuer
let other: TestIssuer
let down: TestIssuer
let verify: AccessTokenVerifier
let strangersKey: IssuerKey
let keys: Record<(typeof ALGORITHMS)[number], IssuerKey>

beforeAll(async () => {
  provider = await startTestIssuer()
  other = await startTestIssuer()
  down = await startTestIssuer()
  down.answers.jwks = broken
  strangersKey = await newIssuerKey('RS256', provider.key.kid)
  const pairs = await Promise.all(ALGORITHMS.map(async (alg) => [alg, await newIssuerKey(alg)] as const))
  keys = { ...(Object.fromEntries(pairs) as typeof keys), RS256: provider.key }
  provider.keys = Object.values(keys).map((key) => key.publicJwk)
  verify = verifierFor({}, { issuer: down.issuer })
})
afterAll(() => Promise.all([provider.close(), other.close(), down.close()]))

/** A verifier that trusts the provider, or one issuer for each set of changes to its rules. */
function verifierFor(...changes: Partial<TrustedIssuer>[]): AccessTokenVerifier {
  const rules: TrustedIssuer = {
    issuer: provider.issuer,
    jwksUri: null,
    algorithms: ['RS256'],
    audiences: [AUDIENCE],
    audienceClaim: 'aud',
  }
  return createAccessTokenVerifier({
    trustedIssuers: changes.map((change) => ({ ...rules, ...change })),
    ...sources(),
  })
}

function sources() {
  return { fetch: fetchDocument, metadata: createIssuerMetadata({ fetch: fetchDocument, now }), now }
}

type Claims = Record<string, unknown>

/** An access token that would be accepted; undefined leaves a claim out. */
function token(changes: Claims = {}, options: SignOptions = {}): Promise<string> {
  const claims = {
    iss: provider.issuer,
    sub: 'ada',
    aud: AUDIENCE,
    exp: NOW_SECONDS + 3600,
    iat: NOW_SECONDS - 10,
    ...changes,
  }
  return provider.sign(JSON.parse(JSON.stringify(claims)), options)
}

async function reasonOf(text: string | Promise<string>, verifier = verify): Promise<Reason | 'accepted'> {
  try {
    await verifier(await text)
    return 'accepted'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = (header: unknown, claims: unknown, signature = '') =>
  `${encode(header)}.${encode(claims)}.${signature}`
const good = () => ({ iss: provider.issuer, sub: 'ada', aud: AUDIENCE, exp: NOW_SECONDS + 3600 })

describe('an access token', () => {
  it('is accepted with what its issuer says about its subject', async () => {
    expect(await verify(await token({ scope: 'all' }))).toMatchObject({
      issuer: provider.issuer,
      subject: 'ada',
      expiresAtEpochSeconds: NOW_SECONDS + 3600,
      claims: { scope: 'all' },
    })
  })

  for (const algorithm of ALGORITHMS) {
    it(`is accepted when signed with ${algorithm} and the issuer uses that`, async () => {
      const text = token({}, { key: keys[algorithm] })
      expect(await reasonOf(text, verifierFor({ algorithms: [algorithm] }))).toBe('accepted')
    })
  }

  const accepted: [name: string, changes: Claims, header?: Claims][] = [
    ['several audiences, one of them ours', { aud: ['https://elsewhere.example', AUDIENCE] }],
    ['no iat', { iat: undefined }],
    ['an iat a few seconds ahead of our clock', { iat: NOW_SECONDS + 20 }],
    ['an nbf a few seconds ahead of our clock', { nbf: NOW_SECONDS + 20 }],
    ['a second left to live', { exp: NOW_SECONDS + 1 }],
    ['the full media type as typ', {}, { typ: 'application/at+jwt' }],
    ['a typ in capitals', {}, { typ: 'AT+JWT' }],
    ['typ JWT, as older providers write', {}, { typ: 'JWT' }],
    ['no typ', {}, { typ: undefined }],
    ['a nonce where typ says that it is an access token', { nonce: 'n' }],
    ['a nonce where Keycloak says that it is for bearers', { nonce: 'n', typ: 'Bearer' }, { typ: 'JWT' }],
    ['a thumbprint of its certificate in the header', {}, { x5t: 'abc' }],
  ]
  for (const [name, changes, header = {}] of accepted) {
    it(`is accepted with ${name}`, async () => {
      expect(await reasonOf(token(changes, { header }))).toBe('accepted')
    })
  }

  describe('of an issuer whose access tokens cannot be told from its ID tokens', () => {
    const idToken = (changes: Claims = {}) =>
      token({ nonce: 'n', at_hash: 'h', ...changes }, { header: { typ: undefined } })

    it('is accepted in the form of an ID token where the settings say so, and nowhere else', async () => {
      expect(await reasonOf(idToken(), verifierFor({ acceptIdTokens: true }))).toBe('accepted')
      expect(await reasonOf(idToken())).toBe('token_kind_refused')
    })

    for (const [name, changes] of Object.entries({
      'a logout token': { events: {} },
      'a refresh token': { typ: 'Refresh' },
      'a token that is bound to a key': { cnf: { jkt: 'k' } },
    })) {
      it(`is refused all the same as ${name}`, async () => {
        expect(await reasonOf(idToken(changes), verifierFor({ acceptIdTokens: true }))).toBe(
          'token_kind_refused',
        )
      })
    }

    it('is refused all the same with an audience that is not ours', async () => {
      const others = idToken({ aud: 'another-client' })
      expect(await reasonOf(others, verifierFor({ acceptIdTokens: true }))).toBe('audience_mismatch')
    })
  })

  it('is accepted without a kid where exactly one key fits', async () => {
    const text = token({}, { header: { kid: undefined } })
    expect(await reasonOf(text)).toBe('accepted')
  })
})

/** Everything that makes an access token be refused, and for each at least one token that has it. */
type Refusal =
  | Extract<Reason, `token_${string}`>
  | 'issuer_untrusted'
  | 'audience_mismatch'
  | 'keys_unavailable'

const REFUSALS: Record<Refusal, Record<string, () => string | Promise<string>>> = {
  token_malformed: {
    'that is no JWT': () => 'not-a-jwt',
    'with a kid that is a number': () => token({}, { header: { kid: 7 } }),
    'with a padded signature': async () => `${await token()}==`,
  },
  token_too_large: {
    'with more claims than fit': () => token({ groups: 'x'.repeat(20_000) }),
  },
  token_header_refused: {
    'that brings its own key': () =>
      token({}, { header: { jwk: strangersKey.publicJwk }, key: strangersKey }),
    'that says where its key is': () => token({}, { header: { jku: `${other.issuer}/keys` } }),
    'with a header it calls critical': () => unsigned({ alg: 'RS256', crit: ['x'], x: 1 }, good(), 'AAAA'),
  },
  token_algorithm_refused: {
    'that is not signed': () => unsigned({ alg: 'none' }, good()),
    'that is not signed, in capitals': () => unsigned({ alg: 'NONE' }, good()),
    'that is not signed, in mixed case': () => unsigned({ alg: 'nOnE', kid: provider.key.kid }, good()),
    'that names no algorithm': () => unsigned({ kid: provider.key.kid }, good(), 'AAAA'),
    'whose algorithm is a list': () => unsigned({ alg: ['RS256'] }, good(), 'AAAA'),
    'signed with an algorithm this issuer does not use': () => token({}, { key: keys.ES256 }),
    'signed with a longer hash than this issuer uses': () => token({}, { key: keys.RS512 }),
    'authenticated with the public key as a secret': () => hmacWithPublicKey(),
  },
  token_key_unknown: {
    'with an unpublished key id': () => token({}, { header: { kid: 'unpublished' } }),
    'with the id of a key for another algorithm': () => token({}, { header: { kid: keys.ES256.kid } }),
    'with the id of a key for another hash': () => token({}, { header: { kid: keys.RS512.kid } }),
    'with an empty key id': () => token({}, { header: { kid: '' } }),
    'with a path for a key id': () => token({}, { header: { kid: '../../keys' } }),
  },
  token_signature_invalid: {
    'signed by a stranger under a published key id': () => token({}, { key: strangersKey }),
    'whose claims were changed after it was signed': () => withOtherClaims({ sub: 'grace' }),
    'whose signature was cut off': async () => `${(await token()).split('.').slice(0, 2).join('.')}.`,
    'whose signature was shortened': async () => (await token()).slice(0, -2),
  },
  token_expired: {
    'that ends this very second': () => token({ exp: NOW_SECONDS }),
    'that ended long ago': () => token({ exp: 1 }),
  },
  token_not_yet_valid: {
    'that begins in a minute': () => token({ nbf: NOW_SECONDS + 60 }),
    'issued in a minute': () => token({ iat: NOW_SECONDS + 60 }),
  },
  token_claims_invalid: {
    'without exp': () => token({ exp: undefined }),
    'whose exp is text': () => token({ exp: String(NOW_SECONDS + 3600) }),
    'whose exp is below zero': () => token({ exp: -1 }),
    'whose exp is null': () => token({ exp: null }),
    'whose nbf is text': () => token({ nbf: 'soon' }),
    'whose iat is true': () => token({ iat: true }),
    'without sub': () => token({ sub: undefined }),
    'with an empty sub': () => token({ sub: '' }),
    'with a blank sub': () => token({ sub: '  ' }),
    'whose sub is a number': () => token({ sub: 7 }),
    'whose sub is a list': () => token({ sub: ['ada'] }),
    'with a line break in its sub': () => token({ sub: 'ada\nlevel=error' }),
    'with an overlong sub': () => token({ sub: 'a'.repeat(2000) }),
  },
  token_kind_refused: {
    'that is a logout token by its typ': () => token({}, { header: { typ: 'logout+jwt' } }),
    'that is a security event by its typ': () => token({}, { header: { typ: 'application/secevent+jwt' } }),
    'whose typ is nothing known': () => token({}, { header: { typ: 'dpop+jwt' } }),
    'whose typ is a number': () => unsigned({ alg: 'RS256', typ: 1 }, good(), 'AAAA'),
    'that is a logout token by its events': () =>
      token({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, plain),
    'that is an ID token by its nonce': () => token({ nonce: 'n-0S6' }, plain),
    'that is an ID token by its at_hash': () => token({ at_hash: 'MTIz' }, plain),
    'that is an ID token by its c_hash': () => token({ c_hash: 'MTIz' }, plain),
    'that is an ID token, as Keycloak says': () => token({ typ: 'ID' }, plain),
    'that is a refresh token, as Keycloak says': () => token({ typ: 'Refresh' }, plain),
    'that is an offline token, as Keycloak says': () => token({ typ: 'Offline' }, plain),
    'that is an ID token, as Cognito says': () => token({ token_use: 'id' }, plain),
    'bound to a key that its bearer would have to prove': () => token({ cnf: { jkt: 'abc' } }),
  },
  issuer_untrusted: {
    'of another provider': () => signToken({ ...good(), iss: other.issuer }, { key: other.key }),
    'of an issuer that differs by a slash': () => token({ iss: `${provider.issuer}/` }),
    'of an issuer that differs by case': () => token({ iss: provider.issuer.toUpperCase() }),
    'without an issuer': () => token({ iss: undefined }),
    'whose issuer is a list': () => token({ iss: [provider.issuer] }),
    'whose issuer is a name that every object has': () => token({ iss: '__proto__' }),
  },
  audience_mismatch: {
    'for another service': () => token({ aud: 'https://elsewhere.example' }),
    'for several other services': () => token({ aud: ['a', 'b'] }),
    'for nobody': () => token({ aud: [] }),
    'without an audience': () => token({ aud: undefined }),
    'whose audience merely begins with ours': () => token({ aud: `${AUDIENCE}.evil.example` }),
    'whose audience is hidden in a deeper list': () => token({ aud: [[AUDIENCE]] }),
    'whose client has the name of our audience': () =>
      token({ aud: 'x', client_id: AUDIENCE, azp: AUDIENCE }),
  },
  keys_unavailable: {
    'for now, while its issuer publishes no keys': () =>
      signToken({ ...good(), iss: down.issuer }, { key: down.key }),
  },
}

/** A token without an explicit type, as providers that predate RFC 9068 issue them. */
const plain: SignOptions = { header: { typ: 'JWT' } }

async function hmacWithPublicKey(): Promise<string> {
  const pem = createPublicKey({ key: { ...provider.key.publicJwk } as JsonWebKey, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
  const input = `${encode({ alg: 'HS256', kid: provider.key.kid, typ: 'at+jwt' })}.${encode(good())}`
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
}

async function withOtherClaims(changes: Claims): Promise<string> {
  const [header, , signature] = (await token()).split('.')
  return `${header}.${encode({ ...good(), ...changes })}.${signature}`
}

describe('an access token is refused', () => {
  for (const [reason, rows] of Object.entries(REFUSALS)) {
    for (const [name, make] of Object.entries(rows)) {
      it(`${name} (${reason})`, async () => expect(await reasonOf(make())).toBe(reason))
    }
  }

  it('without a kid where two keys fit (token_key_unknown)', async () => {
    const twin = await newIssuerKey('RS256', 'twin')
    const two = await startTestIssuer()
    two.keys = [two.key.publicJwk, twin.publicJwk]
    const text = signToken({ ...good(), iss: two.issuer }, { key: two.key, header: { kid: undefined } })
    expect(await reasonOf(text, verifierFor({ issuer: two.issuer }))).toBe('token_key_unknown')
    await two.close()
  })

  it('when signed with a short RSA key, even a published one (token_key_unknown)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const weak = await startTestIssuer()
    weak.keys = [
      weak.key.publicJwk,
      { ...(publicKey.export({ format: 'jwk' }) as object), kty: 'RSA', kid: 'short' },
    ]
    const input = `${encode({ alg: 'RS256', kid: 'short' })}.${encode({ ...good(), iss: weak.issuer })}`
    const text = `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
    expect(await reasonOf(text, verifierFor({ issuer: weak.issuer }))).toBe('token_key_unknown')
    await weak.close()
  })

  it('says nothing of what was received', async () => {
    const text = await token({ sub: 'secret-subject\n' })
    const error = await verify(text).catch((thrown: unknown) => thrown)
    expect(String(error)).not.toContain('secret-subject')
    expect(JSON.stringify(error)).not.toContain(text.slice(0, 20))
  })
})

describe('an access token of an issuer without audiences (Cognito)', () => {
  const cognito = () => verifierFor({ audienceClaim: 'client_id', audiences: ['flyte-client'] })
  const claims = { aud: undefined, client_id: 'flyte-client', token_use: 'access' }

  it('is accepted for our client', async () => {
    expect(await reasonOf(token(claims, plain), cognito())).toBe('accepted')
  })

  const refusals: [name: string, changes: Claims, reason: Reason][] = [
    ['for another client', { client_id: 'other' }, 'audience_mismatch'],
    ['without a client', { client_id: undefined }, 'audience_mismatch'],
    ['for a list of clients', { client_id: ['flyte-client'] }, 'audience_mismatch'],
    ['that does not say what it is for', { token_use: undefined }, 'token_kind_refused'],
    ['that is an ID token', { token_use: 'id', aud: 'flyte-client' }, 'token_kind_refused'],
  ]
  for (const [name, changes, reason] of refusals) {
    it(`is refused ${name}`, async () => {
      expect(await reasonOf(token({ ...claims, ...changes }, plain), cognito())).toBe(reason)
    })
  }
})

describe('several issuers', () => {
  it('each answer for their own tokens only', async () => {
    const verifier = verifierFor({}, { issuer: other.issuer })
    const own = signToken({ ...good(), iss: other.issuer }, { key: other.key })
    const crossed = new SignJWT({ ...good(), iss: other.issuer })
      .setProtectedHeader({ alg: 'RS256', kid: provider.key.kid })
      .sign(provider.key.privateKey)
    expect(await reasonOf(own, verifier)).toBe('accepted')
    // Both providers gave their key the same id.
    expect(await reasonOf(crossed, verifier)).toBe('token_signature_invalid')
  })

  it('cannot be configured twice under one name', () => {
    expect(() => verifierFor({}, {})).toThrow(TypeError)
  })
})
