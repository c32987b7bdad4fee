import { createHmac, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { AlbJwtVerifier } from 'aws-jwt-verify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import { type AlbIdentity, createAlbIdentity } from '../../../../functions/shared/identity/alb-identity.ts'
import {
  albKeyUrl,
  createAlbKeys,
  MAX_UNKNOWN_IN_WINDOW,
} from '../../../../functions/shared/identity/alb-keys.ts'
import {
  type AlbRegion,
  functionSettings,
  LOAD_BALANCER_ARN,
  LOAD_BALANCER_CLIENT,
  NOW_MS,
  NOW_SECONDS,
  REGION,
  startAlbRegion,
} from '../../../support/identity-fixture.ts'

const ISSUER = 'https://login.example.com'
const DATA = 'x-amzn-oidc-data'

let region: AlbRegion
let nowMs: number
let identity: AlbIdentity

beforeEach(async () => {
  region = await startAlbRegion(ISSUER)
  nowMs = NOW_MS
  identity = createAlbIdentity({
    loadBalancer: functionSettings(ISSUER).loadBalancer,
    fetch: region.fetch,
    now: () => nowMs,
  })
})
afterEach(() => region.close())

async function reasonOf(...data: string[]): Promise<Reason | 'accepted'> {
  try {
    await identity({ [DATA]: data })
    return 'accepted'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('the identity that the load balancer signed', () => {
  it('is a person with a profile', async () => {
    const claims = {
      sub: 'ada',
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      email: 'ada@example.com',
      preferred_username: 'ada',
      picture: 'https://people.example/ada.png',
    }
    expect(await identity({ [DATA]: [region.data(claims)] })).toEqual({
      kind: 'user',
      issuer: ISSUER,
      subject: 'ada',
      clientId: LOAD_BALANCER_CLIENT,
      scopes: [],
      profile: {
        name: 'Ada Lovelace',
        givenName: 'Ada',
        familyName: 'Lovelace',
        email: 'ada@example.com',
        preferredUsername: 'ada',
        picture: 'https://people.example/ada.png',
      },
      source: 'alb-claims',
      expiresAtEpochSeconds: NOW_SECONDS + 120,
    })
  })

  it('is accepted with padded segments, as load balancers write them', async () => {
    // One of three lengths in a row needs no padding.
    const padded = ['a', 'ab', 'abc'].map((sub) => region.data({ sub }))
    expect(padded.some((data) => data.includes('='))).toBe(true)
    for (const data of padded) expect(await reasonOf(data)).toBe('accepted')
  })

  it('is one that the verifier of AWS accepts too', async () => {
    const verifier = AlbJwtVerifier.create({
      albArn: LOAD_BALANCER_ARN,
      issuer: ISSUER,
      clientId: LOAD_BALANCER_CLIENT,
    })
    const pem = region.keys.publicKey(region.keys.currentKid()) ?? ''
    const jwk = createPublicKey(pem).export({ format: 'jwk' })
    verifier.cacheJwks({
      keys: [{ ...jwk, kty: 'EC', kid: region.keys.currentKid(), use: 'sig', alg: 'ES256' }],
    })
    // That verifier reads the system's clock.
    const claims = await verifier.verify(region.data({ exp: 4_000_000_000 }))
    expect(claims.sub).toBe('ada')
  })

  it('may leave expiry and issuer out of its claims, since the header has them', async () => {
    expect(await reasonOf(region.data({ exp: undefined, iss: undefined }))).toBe('accepted')
  })

  it('is verified with one question for its key, however often it comes', async () => {
    await Promise.all(Array.from({ length: 20 }, () => reasonOf(region.data())))
    expect(await reasonOf(region.data())).toBe('accepted')
    expect(region.asked).toHaveLength(1)
  })

  it('is accepted right after the load balancer got a new key', async () => {
    await reasonOf(region.data())
    region.keys.rotate()
    expect(await reasonOf(region.data())).toBe('accepted')
    expect(region.asked).toHaveLength(2)
  })

  it('is a subject and nothing else without the signed header', async () => {
    expect(await identity({ 'x-amzn-oidc-identity': ['ada'] })).toMatchObject({
      kind: 'user',
      issuer: ISSUER,
      subject: 'ada',
      profile: {},
      source: 'alb-subject',
      expiresAtEpochSeconds: undefined,
    })
  })

  it('is nobody without either header', async () => {
    expect(await identity({})).toBeUndefined()
  })
})

/** What a forged, misdirected or broken header is refused with. */
type Refusal =
  | 'credentials_duplicated'
  | 'token_malformed'
  | 'token_too_large'
  | 'token_header_refused'
  | 'token_algorithm_refused'
  | 'token_key_unknown'
  | 'token_signature_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_claims_invalid'
  | 'issuer_untrusted'
  | 'alb_signer_mismatch'
  | 'alb_client_mismatch'

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A header and claims as ours, signed by a key that is not the load balancer's. */
function forged(
  header: Record<string, unknown> = {},
  dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363',
): string {
  const full = {
    alg: 'ES256',
    kid: region.keys.currentKid(),
    signer: LOAD_BALANCER_ARN,
    client: LOAD_BALANCER_CLIENT,
    iss: ISSUER,
    exp: NOW_SECONDS + 120,
    ...header,
  }
  const input = `${encode(full)}.${encode({ sub: 'ada' })}`
  const signature = sign('sha256', Buffer.from(input), { key: stranger.privateKey, dsaEncoding })
  return `${input}.${signature.toString('base64url')}`
}

function tampered(): string {
  const [header, , signature] = region.data().split('.')
  return `${header}.${encode({ sub: 'grace' })}.${signature}`
}

function hmac(): string {
  const input = `${encode({ alg: 'HS256', kid: region.keys.currentKid() })}.${encode({ sub: 'ada' })}`
  const secret = region.keys.publicKey(region.keys.currentKid()) ?? ''
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const OTHER_ARN = LOAD_BALANCER_ARN.replace('123456789012', '210987654321')

const REFUSALS: Record<Refusal, Record<string, () => string | string[]>> = {
  credentials_duplicated: {
    'that was sent twice': () => [region.data(), region.data({ sub: 'grace' })],
    'that was sent twice alike': () => [region.data(), region.data()],
  },
  token_malformed: {
    'that is empty': () => '',
    'that is no JWT': () => 'ada',
    'without its padding’s last sign': () => region.data({ sub: 'ab' }).replace(/==/, '='),
    'that was joined with another': () => `${region.data()}, ${region.data()}`,
  },
  token_too_large: { 'of more than 16 KiB': () => region.data({ groups: 'x'.repeat(20_000) }) },
  token_header_refused: { 'with a key of its own': () => region.data({}, { jwk: {} }) },
  token_algorithm_refused: {
    'that is not signed': () =>
      `${encode({ alg: 'none', signer: LOAD_BALANCER_ARN })}.${encode({ sub: 'ada' })}.`,
    'authenticated with the public key as a secret': hmac,
    'that says it is signed with RSA': () => region.data({}, { alg: 'RS256' }),
  },
  token_key_unknown: {
    'with a key of another region': () => forged({ kid: randomUUID() }),
    'without a key id': () => forged({ kid: undefined }),
    'whose key id is a path': () => forged({ kid: '../../../latest/meta-data' }),
    'whose key id is an address': () => forged({ kid: 'https://evil.example/key' }),
    'whose key id leads elsewhere by its query': () => forged({ kid: `${region.keys.currentKid()}?x` }),
    'whose key id ends in a line break': () => forged({ kid: `${region.keys.currentKid()}\n` }),
    'whose key id is a list': () => forged({ kid: [region.keys.currentKid()] }),
  },
  token_signature_invalid: {
    'signed by a stranger': () => forged(),
    'signed by a stranger in the other encoding': () => forged({}, 'der'),
    'whose claims were changed': tampered,
    'whose padding was removed': () => region.data({ sub: 'ab' }).replaceAll('=', ''),
  },
  token_expired: {
    'that ended': () => region.data({}, { exp: NOW_SECONDS }),
    'whose claims ended before its header': () => region.data({ exp: NOW_SECONDS - 1 }),
  },
  token_not_yet_valid: { 'that begins in a minute': () => region.data({ nbf: NOW_SECONDS + 60 }) },
  token_claims_invalid: {
    'without an expiry': () => region.data({}, { exp: undefined }),
    'without a subject': () => region.data({ sub: undefined }),
    'with an empty subject': () => region.data({ sub: '' }),
    'with a control character in its subject': () => region.data({ sub: 'ada\u0000' }),
  },
  issuer_untrusted: {
    'for another issuer': () => region.data({}, { iss: 'https://elsewhere.example' }),
    'without an issuer': () => region.data({}, { iss: undefined }),
    'whose claims are of another issuer': () => region.data({ iss: 'https://elsewhere.example' }),
  },
  alb_signer_mismatch: {
    'of another account’s load balancer': () => region.data({}, { signer: OTHER_ARN }),
    'of another load balancer of ours': () => region.data({}, { signer: `${LOAD_BALANCER_ARN}0` }),
    'that names no load balancer': () => region.data({}, { signer: undefined }),
    'that names several': () => region.data({}, { signer: [LOAD_BALANCER_ARN] }),
  },
  alb_client_mismatch: {
    'for another client': () => region.data({}, { client: 'other' }),
    'for no client': () => region.data({}, { client: undefined }),
  },
}

describe('an identity header is refused', () => {
  for (const [reason, rows] of Object.entries(REFUSALS)) {
    for (const [name, make] of Object.entries(rows)) {
      it(`${name} (${reason})`, async () => expect(await reasonOf(...[make()].flat())).toBe(reason))
    }
  }

  it('as a plain subject when it was sent twice', async () => {
    await expect(identity({ 'x-amzn-oidc-identity': ['ada', 'grace'] })).rejects.toMatchObject({
      reason: 'credentials_duplicated',
    })
  })

  it('as a plain subject when it is empty', async () => {
    await expect(identity({ 'x-amzn-oidc-identity': [''] })).rejects.toMatchObject({
      reason: 'token_claims_invalid',
    })
  })

  it('even if the plain subject beside it would do', async () => {
    await expect(identity({ [DATA]: [forged()], 'x-amzn-oidc-identity': ['ada'] })).rejects.toMatchObject({
      reason: 'token_signature_invalid',
    })
  })

  it('without a question to the key server if its key id is no UUID', async () => {
    await reasonOf(forged({ kid: '../key' }))
    expect(region.asked).toEqual([])
  })

  it('without a question to the key server if another load balancer signed it', async () => {
    await reasonOf(region.data({}, { signer: OTHER_ARN }))
    expect(region.asked).toEqual([])
  })
})

describe('the keys of load balancers', () => {
  const reasonFor = async (keys: ReturnType<typeof createAlbKeys>, kid: string) => {
    try {
      await keys.find(kid)
      return 'found'
    } catch (error) {
      return error instanceof ServiceError ? error.reason : 'thrown'
    }
  }
  const source = (fetch = region.fetch) => createAlbKeys({ region: REGION, fetch, now: () => nowMs })

  it('cost few questions however many unknown ids are tried', async () => {
    const keys = source()
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(await reasonFor(keys, randomUUID())).toBe('token_key_unknown')
    }
    expect(region.asked).toHaveLength(MAX_UNKNOWN_IN_WINDOW)
    nowMs += 30_000
    expect(await reasonFor(keys, region.keys.currentKid())).toBe('found')
  })

  it('cost one question in half a minute for an id that is unknown', async () => {
    const keys = source()
    const kid = randomUUID()
    await reasonFor(keys, kid)
    await reasonFor(keys, kid)
    expect(region.asked).toHaveLength(1)
  })

  it('cost one question for one id, however it is written', async () => {
    const keys = source()
    expect(await reasonFor(keys, region.keys.currentKid())).toBe('found')
    expect(await reasonFor(keys, region.keys.currentKid())).toBe('found')
    expect(region.asked).toEqual([
      `https://public-keys.auth.elb.${REGION}.amazonaws.com/${region.keys.currentKid()}`,
    ])
  })

  const answers: [name: string, status: number, body: string, reason: Reason][] = [
    ['a failure', 503, '', 'keys_unavailable'],
    ['a web page', 200, '<html>', 'keys_unavailable'],
    ['nothing', 200, '', 'keys_unavailable'],
    ['a redirect', 302, '', 'keys_unavailable'],
    ['a key of another kind', 200, rsaPem(), 'keys_unavailable'],
    ['that there is no such key', 404, '', 'token_key_unknown'],
    ['that it may not say', 403, '', 'token_key_unknown'],
  ]
  for (const [name, status, body, reason] of answers) {
    it(`are ${reason} when the server answers ${name}`, async () => {
      const keys = source(() => Promise.resolve({ status, headers: {}, body: Buffer.from(body) }))
      expect(await reasonFor(keys, randomUUID())).toBe(reason)
    })
  }

  it('are unavailable when the server does not answer, and asked for again afterwards', async () => {
    const kid = region.keys.currentKid()
    let isDown = true
    const keys = source((url, options) =>
      isDown ? Promise.reject(new ServiceError('provider_unavailable')) : region.fetch(url, options),
    )
    expect(await reasonFor(keys, kid)).toBe('keys_unavailable')
    isDown = false
    expect(await reasonFor(keys, kid)).toBe('found')
  })

  const addresses: [region: string, address: string][] = [
    ['eu-west-1', 'https://public-keys.auth.elb.eu-west-1.amazonaws.com/KID'],
    ['us-gov-west-1', 'https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/KID'],
    ['us-gov-east-1', 'https://s3-us-gov-east-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-east-1/KID'],
    ['cn-north-1', 'https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn/KID'],
  ]
  for (const [name, address] of addresses) {
    it(`of ${name} are where AWS publishes them`, () => expect(albKeyUrl(name, 'KID')).toBe(address))
  }

  it('are not looked for in a region that is no region', () => {
    const now = () => nowMs
    expect(() => createAlbKeys({ region: 'evil.example/x', fetch: region.fetch, now })).toThrow(TypeError)
  })
})

function rsaPem(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
}
