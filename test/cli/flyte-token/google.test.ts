/** What is particular to Google, without asking Google: a desktop client behind an identity-aware proxy. */
import * as openid from 'openid-client'
import { describe, expect, it } from 'vitest'
import { authorizationUrl } from '../../../cli/flyte-token/openid/sign-in.ts'

const METADATA = {
  issuer: 'https://accounts.google.com',
  authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  token_endpoint: 'https://oauth2.googleapis.com/token',
}

async function parametersFor(metadata: openid.ServerMetadata): Promise<URLSearchParams> {
  const provider = {
    configuration: new openid.Configuration(metadata, 'desktop'),
    takeIdToken: () => undefined,
  }
  const request = {
    scopes: ['openid', 'email'],
    audience: 'web',
    account: '',
    redirectUri: new URL('http://127.0.0.1:0/callback'),
    openBrowser: false,
  }
  const made = {
    state: 's',
    nonce: 'n',
    codeVerifier: 'v'.repeat(43),
    redirectUri: 'http://127.0.0.1:1/callback',
  }
  return (await authorizationUrl(provider, request, made)).searchParams
}

describe('a sign-in at Google', () => {
  it('asks for a refresh token the way Google wants it', async () => {
    const parameters = await parametersFor(METADATA)
    expect(parameters.get('access_type')).toBe('offline')
    expect(parameters.get('prompt')).toBe('consent')
    expect(parameters.get('code_challenge_method')).toBe('S256')
  })

  it('is the only one that does', async () => {
    const parameters = await parametersFor({ ...METADATA, issuer: 'https://id.example.com' })
    expect([parameters.get('access_type'), parameters.get('prompt')]).toEqual([null, null])
  })
})
