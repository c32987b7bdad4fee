import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newCall } from '../../../../functions/shared/call.ts'
import { systemClock } from '../../../../functions/shared/clock.ts'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { createIdentity, type Identity } from '../../../../functions/shared/identity/identity.ts'
import { SERVICE_CLIENT_SECRET } from '../../../../local/identity-provider/clients.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../../local/identity-provider/index.ts'
import { signInAs, signInAsService } from '../../../../local/sign-in.ts'
import { functionSettings, PUBLIC_URL, requestWith } from '../../../support/identity-fixture.ts'

let provider: IdentityProvider
let identity: Identity
let endpoints: { authorizationEndpoint: string; tokenEndpoint: string }

beforeAll(async () => {
  provider = await startIdentityProvider({
    port: 0,
    publicUrl: PUBLIC_URL,
    webClient: {
      clientId: 'flyte-alb',
      clientSecret: 'a-secret-of-the-test',
      redirectUris: [`${PUBLIC_URL}/oauth2/idpresponse`],
    },
    keysFile: null,
  })
  endpoints = { authorizationEndpoint: `${provider.issuer}/auth`, tokenEndpoint: `${provider.issuer}/token` }
  identity = createIdentity({
    settings: functionSettings(provider.issuer),
    now: systemClock,
    claimsStore: null,
  })
})
afterAll(() => provider.close())

async function callerOf(token: string): Promise<Caller> {
  const resolved = await identity.resolveCaller(requestWith({ authorization: `Bearer ${token}` }), newCall())
  if (resolved === undefined) throw new Error('the token names nobody')
  return identity.enrich(resolved, newCall())
}

describe('with an OpenID provider that somebody else wrote', () => {
  it('a person’s token becomes a person with a name and an address', async () => {
    const { accessToken } = await signInAs({
      person: 'ada',
      endpoints,
      clientId: 'flytectl',
      redirectUri: 'http://localhost:53593/callback',
      scopes: ['all', 'openid', 'profile', 'email'],
    })
    expect(await callerOf(accessToken)).toMatchObject({
      kind: 'user',
      issuer: provider.issuer,
      subject: 'ada',
      clientId: 'flytectl',
      profile: { givenName: 'Ada', familyName: 'Lovelace', email: 'ada@example.com' },
    })
  })

  it('a service’s token becomes an application', async () => {
    const accessToken = await serviceToken()
    expect(await callerOf(accessToken)).toMatchObject({
      kind: 'application',
      subject: 'reporter',
      clientId: 'reporter',
      profile: {},
    })
  })

  it('a token for another deployment is refused', async () => {
    const settings = functionSettings(provider.issuer, {
      trustedIssuer: { audiences: ['https://elsewhere.example'] },
    })
    const elsewhere = createIdentity({ settings, now: systemClock, claimsStore: null })
    const request = requestWith({ authorization: `Bearer ${await serviceToken()}` })
    await expect(elsewhere.resolveCaller(request, newCall())).rejects.toMatchObject({
      reason: 'audience_mismatch',
    })
  })
})

async function serviceToken(): Promise<string> {
  const { accessToken } = await signInAsService({
    tokenEndpoint: endpoints.tokenEndpoint,
    clientId: 'reporter',
    clientSecret: SERVICE_CLIENT_SECRET,
  })
  return accessToken
}
