/** Auth0: an API's tokens in its own profile or in that of RFC 9068; without an API they are opaque. */
import { DEPLOYMENT, type ProviderFixture } from './types.ts'

const ISSUER = 'https://example.eu.auth0.com/'
const CLIENT = 'mkb2ZbBs5UEhWWm3X4pNkwyDEqSmNVtk'
const SERVICE = 'Ry6mJ8rVb0Xc2tQnL5sKdPf7hWzGaYe1'
const USERINFO = `${ISSUER}userinfo`
const ADA = 'auth0|5f7c8ec7c33c6c004bbafe82'
const ADAS_USERINFO = {
  sub: ADA,
  nickname: 'ada',
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  picture: 'https://s.gravatar.com/avatar/1',
  updated_at: '2026-11-20T10:00:00.000Z',
  email: 'ada@example.com',
  email_verified: true,
}
const ENRICHED = {
  kind: 'user',
  subject: ADA,
  profile: {
    name: 'Ada Lovelace',
    givenName: 'Ada',
    familyName: 'Lovelace',
    email: 'ada@example.com',
    picture: 'https://s.gravatar.com/avatar/1',
  },
} as const

export const AUTH0: ProviderFixture = {
  provider: 'Auth0',
  issuer: ISSUER,
  metadata: {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}authorize`,
    token_endpoint: `${ISSUER}oauth/token`,
    device_authorization_endpoint: `${ISSUER}oauth/device/code`,
    userinfo_endpoint: USERINFO,
    jwks_uri: `${ISSUER}.well-known/jwks.json`,
    revocation_endpoint: `${ISSUER}oauth/revoke`,
    scopes_supported: ['openid', 'profile', 'offline_access', 'name', 'given_name', 'family_name', 'email'],
    response_types_supported: ['code', 'token', 'id_token', 'code token', 'code id_token'],
    code_challenge_methods_supported: ['S256', 'plain'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    id_token_signing_alg_values_supported: ['HS256', 'RS256', 'PS256'],
  },
  rules: { audiences: [DEPLOYMENT] },
  tokens: [
    {
      name: 'a person',
      header: { typ: 'JWT' },
      claims: {
        iss: ISSUER,
        sub: ADA,
        aud: [DEPLOYMENT, USERINFO],
        azp: CLIENT,
        scope: 'openid profile email all offline_access',
        permissions: ['runs:create'],
      },
      userinfo: ADAS_USERINFO,
      expected: {
        caller: {
          kind: 'user',
          subject: ADA,
          clientId: CLIENT,
          scopes: ['openid', 'profile', 'email', 'all', 'offline_access', 'runs:create'],
        },
        enriched: ENRICHED,
      },
    },
    {
      name: 'a person, in the profile of RFC 9068',
      header: { typ: 'at+jwt' },
      claims: {
        iss: ISSUER,
        sub: ADA,
        aud: [DEPLOYMENT, USERINFO],
        client_id: CLIENT,
        jti: '73WakrfVbNJBaAmhQtEeDv',
        scope: 'openid profile email all',
      },
      userinfo: ADAS_USERINFO,
      expected: { caller: { kind: 'user', subject: ADA, clientId: CLIENT }, enriched: ENRICHED },
    },
    {
      name: 'a service',
      header: { typ: 'JWT' },
      claims: {
        iss: ISSUER,
        sub: `${SERVICE}@clients`,
        aud: DEPLOYMENT,
        azp: SERVICE,
        scope: 'all',
        gty: 'client-credentials',
      },
      expected: {
        caller: { kind: 'application', subject: `${SERVICE}@clients`, clientId: SERVICE, scopes: ['all'] },
      },
    },
    {
      name: 'a service, in the profile of RFC 9068',
      header: { typ: 'at+jwt' },
      claims: {
        iss: ISSUER,
        sub: `${SERVICE}@clients`,
        aud: DEPLOYMENT,
        client_id: SERVICE,
        jti: 'TsPq1bNJ',
        scope: 'all',
      },
      expected: { caller: { kind: 'application', clientId: SERVICE } },
    },
    {
      name: 'a person, for another API',
      header: { typ: 'JWT' },
      claims: { iss: ISSUER, sub: ADA, aud: [`${ISSUER}api/v2/`, USERINFO], azp: CLIENT },
      expected: { refused: 'audience_mismatch' },
    },
  ],
}
