import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { type Reason, ServiceError } from '../../../../functions/shared/errors.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { createIdentity, type Identity } from '../../../../functions/shared/identity/identity.ts'
import type { Access } from '../../../../functions/shared/routes.ts'
import {
  type AlbRegion,
  functionSettings,
  NOW_MS,
  NOW_SECONDS,
  PUBLIC_URL,
  requestWith,
  type SettingsChanges,
  startAlbRegion,
} from '../../../support/identity-fixture.ts'
import { startTestIssuer, type TestIssuer } from '../../../support/test-issuer.ts'

let provider: TestIssuer
let region: AlbRegion
let identity: Identity
let distrusting: Identity
let adasToken: string
let gracesToken: string

beforeAll(async () => {
  provider = await startTestIssuer()
  region = await startAlbRegion(provider.issuer)
  identity = identityWith({})
  distrusting = identityWith({ runs: { trustForwardedIdentityHeaders: false } })
  adasToken = await tokenOf('ada')
  gracesToken = await tokenOf('grace')
})
afterAll(() => Promise.all([provider.close(), region.close()]))

function identityWith(changes: SettingsChanges): Identity {
  return createIdentity({
    settings: functionSettings(provider.issuer, changes),
    now: () => NOW_MS,
    claimsStore: null,
    fetch: region.fetch,
  })
}

function tokenOf(sub: string, changes: Record<string, unknown> = {}): Promise<string> {
  return provider.sign({ iss: provider.issuer, sub, aud: PUBLIC_URL, exp: NOW_SECONDS + 600, ...changes })
}

type Headers = Record<string, string | string[]>
type Outcome = Pick<Caller, 'subject' | 'source'> | Reason | 'nobody'

async function resolve(headers: Headers, access: Access = 'open', by = identity): Promise<Outcome> {
  try {
    const resolved = await by.resolveCaller(requestWith(headers, access), newCall())
    return resolved ? { subject: resolved.caller.subject, source: resolved.caller.source } : 'nobody'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

describe('a caller in the open', () => {
  const accepted: [name: string, headers: () => Headers, caller: Outcome][] = [
    ['nobody without a credential', () => ({}), 'nobody'],
    [
      'known by authorization',
      () => ({ authorization: `Bearer ${adasToken}` }),
      { subject: 'ada', source: 'bearer' },
    ],
    [
      'known by flyte-authorization',
      () => ({ 'flyte-authorization': `Bearer ${adasToken}` }),
      { subject: 'ada', source: 'bearer' },
    ],
    [
      'known by a scheme in any case',
      () => ({ authorization: `bEARER ${adasToken}` }),
      { subject: 'ada', source: 'bearer' },
    ],
    [
      'known by the same token in both headers',
      () => ({ authorization: `Bearer ${adasToken}`, 'flyte-authorization': `Bearer ${adasToken}` }),
      { subject: 'ada', source: 'bearer' },
    ],
    ['nobody by proxy-authorization', () => ({ 'proxy-authorization': `Bearer ${adasToken}` }), 'nobody'],
    [
      'nobody by two of them, which are for somebody else',
      () => ({ 'proxy-authorization': ['Bearer a', 'Bearer b'] }),
      'nobody',
    ],
    ['nobody with a password for a proxy', () => ({ 'proxy-authorization': 'Basic YTpi' }), 'nobody'],
    ['nobody by the load balancer’s signed header', () => ({ 'x-amzn-oidc-data': region.data() }), 'nobody'],
    ['nobody by the load balancer’s plain header', () => ({ 'x-amzn-oidc-identity': 'ada' }), 'nobody'],
    [
      'known by the token whatever identity headers come along',
      () => ({
        authorization: `Bearer ${adasToken}`,
        'x-amzn-oidc-data': ['forged', 'twice'],
        'x-amzn-oidc-identity': 'grace',
      }),
      { subject: 'ada', source: 'bearer' },
    ],
  ]
  for (const [name, headers, caller] of accepted) {
    it(`is ${name}`, async () => expect(await resolve(headers())).toEqual(caller))
  }

  const refusals: [name: string, headers: () => Headers, reason: Reason][] = [
    ['an empty authorization', () => ({ authorization: '' }), 'credentials_malformed'],
    ['a password', () => ({ authorization: 'Basic YWRhOnNlY3JldA==' }), 'credentials_malformed'],
    ['a bearer without a token', () => ({ authorization: 'Bearer ' }), 'credentials_malformed'],
    ['a token without a scheme', () => ({ authorization: adasToken }), 'credentials_malformed'],
    [
      'two tokens in one line',
      () => ({ authorization: `Bearer ${adasToken} ${gracesToken}` }),
      'credentials_malformed',
    ],
    [
      'two credentials in one line',
      () => ({ authorization: `Bearer ${adasToken}, Bearer x` }),
      'credentials_malformed',
    ],
    [
      'Flyte 1’s scheme for ID tokens',
      () => ({ 'flyte-authorization': `IDToken ${adasToken}` }),
      'credentials_malformed',
    ],
    [
      'authorization twice',
      () => ({ authorization: [`Bearer ${adasToken}`, `Bearer ${gracesToken}`] }),
      'credentials_duplicated',
    ],
    [
      'authorization twice alike',
      () => ({ authorization: [`Bearer ${adasToken}`, `Bearer ${adasToken}`] }),
      'credentials_duplicated',
    ],
    [
      'flyte-authorization twice',
      () => ({ 'flyte-authorization': ['Bearer a', 'Bearer b'] }),
      'credentials_duplicated',
    ],
    [
      'two different tokens in the two headers',
      () => ({ authorization: `Bearer ${adasToken}`, 'flyte-authorization': `Bearer ${gracesToken}` }),
      'credentials_duplicated',
    ],
    [
      'a bad authorization beside a good flyte-authorization',
      () => ({ authorization: 'Basic YTpi', 'flyte-authorization': `Bearer ${adasToken}` }),
      'credentials_malformed',
    ],
    [
      'a bad token beside a good one for a proxy',
      () => ({ authorization: 'Bearer x.y.z', 'proxy-authorization': `Bearer ${adasToken}` }),
      'token_malformed',
    ],
    ['a token that is none', () => ({ authorization: 'Bearer abc' }), 'token_malformed'],
  ]
  for (const [name, headers, reason] of refusals) {
    it(`is refused with ${name} (${reason})`, async () => expect(await resolve(headers())).toBe(reason))
  }

  it('is refused with an expired token', async () => {
    const expired = await tokenOf('ada', { exp: NOW_SECONDS - 1 })
    expect(await resolve({ authorization: `Bearer ${expired}` })).toBe('token_expired')
  })
})

describe('a caller on the internal way in', () => {
  it('is known by a bearer token', async () => {
    expect(await resolve({ authorization: `Bearer ${adasToken}` }, 'internal')).toMatchObject({
      subject: 'ada',
    })
  })
  it('is nobody by an identity header', async () => {
    expect(await resolve({ 'x-amzn-oidc-data': region.data() }, 'internal')).toBe('nobody')
  })
})

describe('a caller behind the load balancer’s sign-in', () => {
  it('is known by the signed header', async () => {
    expect(await resolve({ 'x-amzn-oidc-data': region.data() }, 'oidc')).toEqual({
      subject: 'ada',
      source: 'alb-claims',
    })
  })

  it('is known by the plain header without the signed one', async () => {
    expect(await resolve({ 'x-amzn-oidc-identity': 'ada' }, 'oidc')).toEqual({
      subject: 'ada',
      source: 'alb-subject',
    })
  })

  it('is nobody without either', async () => {
    expect(await resolve({ cookie: 'AWSELBAuthSessionCookie-0=x' }, 'oidc')).toBe('nobody')
  })

  it('is who signed in, whatever token comes along', async () => {
    const headers = { 'x-amzn-oidc-data': region.data(), 'flyte-authorization': `Bearer ${gracesToken}` }
    expect(await resolve(headers, 'oidc')).toMatchObject({ subject: 'ada', source: 'alb-claims' })
  })

  it('is not replaced by a good token when the signed header is bad', async () => {
    const headers = { 'x-amzn-oidc-data': 'forged', authorization: `Bearer ${gracesToken}` }
    expect(await resolve(headers, 'oidc')).toBe('token_malformed')
  })

  it('cannot be named by a token alone', async () => {
    expect(await resolve({ authorization: `Bearer ${gracesToken}` }, 'oidc')).toBe('nobody')
  })
})

describe('where forwarded identity headers are not trusted', () => {
  it('a signed one names nobody', async () => {
    expect(await resolve({ 'x-amzn-oidc-data': region.data() }, 'oidc', distrusting)).toBe('nobody')
  })
  it('a plain one names nobody', async () => {
    expect(await resolve({ 'x-amzn-oidc-identity': 'ada' }, 'oidc', distrusting)).toBe('nobody')
  })
  it('a bad one is not even read', async () => {
    const headers = { 'x-amzn-oidc-data': ['forged', 'twice'], authorization: `Bearer ${adasToken}` }
    expect(await resolve(headers, 'oidc', distrusting)).toMatchObject({ subject: 'ada', source: 'bearer' })
  })
})

describe('what is known of a caller', () => {
  it('notes its kind and source for the log, and nothing that was received', async () => {
    const call = newCall()
    await identity.resolveCaller(requestWith({ authorization: `Bearer ${adasToken}` }), call)
    expect(call.notes).toEqual({ caller: 'bearer', callerKind: 'user' })
  })

  it('notes that nobody called', async () => {
    const call = newCall()
    await identity.resolveCaller(requestWith({}), call)
    expect(call.notes).toEqual({ caller: 'nobody' })
  })

  it('does not show the token wherever it is printed', async () => {
    const resolved = await identity.resolveCaller(
      requestWith({ authorization: `Bearer ${adasToken}` }),
      newCall(),
    )
    const secret = adasToken.split('.')[2] ?? ''
    const shown = [
      inspect(resolved, { depth: 9, showHidden: true }),
      JSON.stringify({ ...resolved }),
      `${resolved}`,
    ]
    for (const text of shown) expect(text).not.toContain(secret)
    expect(resolved?.bearer?.token.reveal()).toBe(adasToken)
  })
})
