/** Okta: a custom authorization server, and the organisation's own, whose access tokens are for Okta alone. */
import { DEPLOYMENT, type ProviderFixture } from './types.ts'

const CUSTOM = 'https://example.okta.com/oauth2/default'
const ORG = 'https://example.okta.com'
const CLIENT = '0oa1q2w3e4r5t6y7u8i9'
const SERVICE = '0oa9o8i7u6y5t4r3e2w1'
const USER = '00u1q2w3e4r5t6y7u8i9'
const ADAS_USERINFO = {
  sub: USER,
  name: 'Ada Lovelace',
  locale: 'en-US',
  email: 'ada@example.com',
  preferred_username: 'ada@example.com',
  given_name: 'Ada',
  family_name: 'Lovelace',
  zoneinfo: 'Europe/London',
  updated_at: 1_799_000_000,
  email_verified: true,
}

function metadataOf(issuer: string, base: string) {
  return {
    issuer,
    authorization_endpoint: `${base}/v1/authorize`,
    token_endpoint: `${base}/v1/token`,
    userinfo_endpoint: `${base}/v1/userinfo`,
    jwks_uri: `${base}/v1/keys`,
    end_session_endpoint: `${base}/v1/logout`,
    device_authorization_endpoint: `${base}/v1/device/authorize`,
    response_types_supported: ['code', 'id_token', 'code id_token', 'code token', 'id_token token'],
    grant_types_supported: [
      'authorization_code',
      'implicit',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'all'],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'none',
    ],
    code_challenge_methods_supported: ['S256'],
  }
}

export const OKTA: ProviderFixture = {
  provider: 'Okta',
  issuer: CUSTOM,
  metadata: metadataOf(CUSTOM, CUSTOM),
  rules: { audiences: [DEPLOYMENT] },
  tokens: [
    {
      name: 'a person',
      header: {},
      claims: {
        ver: 1,
        jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
        iss: CUSTOM,
        aud: DEPLOYMENT,
        cid: CLIENT,
        uid: USER,
        scp: ['openid', 'profile', 'email', 'offline_access', 'all'],
        auth_time: 1_799_999_000,
        sub: 'ada@example.com',
      },
      userinfo: ADAS_USERINFO,
      expected: {
        caller: { kind: 'user', subject: 'ada@example.com', clientId: CLIENT },
        enriched: {
          kind: 'user',
          subject: USER,
          profile: {
            name: 'Ada Lovelace',
            givenName: 'Ada',
            familyName: 'Lovelace',
            preferredUsername: 'ada@example.com',
            email: 'ada@example.com',
          },
        },
      },
    },
    {
      name: 'a service',
      header: {},
      claims: {
        ver: 1,
        jti: 'AT.1mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
        iss: CUSTOM,
        aud: DEPLOYMENT,
        cid: SERVICE,
        scp: ['all'],
        sub: SERVICE,
      },
      expected: { caller: { kind: 'application', subject: SERVICE, clientId: SERVICE, scopes: ['all'] } },
    },
    {
      name: 'a person, from a server with the audience that a new one has',
      header: {},
      claims: {
        ver: 1,
        iss: CUSTOM,
        aud: 'api://default',
        cid: CLIENT,
        uid: USER,
        scp: ['all'],
        sub: 'ada@example.com',
      },
      expected: { refused: 'audience_mismatch' },
    },
  ],
}

export const OKTA_ORG: ProviderFixture = {
  provider: 'Okta, the organisation’s own server',
  issuer: ORG,
  metadata: metadataOf(ORG, `${ORG}/oauth2`),
  rules: { audiences: [DEPLOYMENT] },
  tokens: [
    {
      name: 'a person, for Okta’s own API',
      header: { typ: 'application/okta-internal-at+jwt' },
      claims: {
        ver: 1,
        iss: ORG,
        aud: ORG,
        cid: CLIENT,
        uid: USER,
        scp: ['openid', 'profile'],
        sub: 'ada@example.com',
      },
      expected: { refused: 'token_kind_refused' },
    },
  ],
}
