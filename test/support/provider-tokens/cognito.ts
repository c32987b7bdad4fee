/** Amazon Cognito user pools: no audience in access tokens, and names only in userinfo. */
import type { ProviderFixture } from './types.ts'

const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123'
const DOMAIN = 'https://example.auth.eu-west-1.amazoncognito.com'
const CLIENT = '1h57kf5cpq17m0eml12EXAMPLE'
const SERVICE = '2j68lg6dqr28n1fnm23EXAMPLE'
const SUBJECT = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
const USERNAME = 'ada'

export const COGNITO: ProviderFixture = {
  provider: 'Cognito',
  issuer: POOL,
  metadata: {
    issuer: POOL,
    authorization_endpoint: `${DOMAIN}/oauth2/authorize`,
    token_endpoint: `${DOMAIN}/oauth2/token`,
    userinfo_endpoint: `${DOMAIN}/oauth2/userInfo`,
    revocation_endpoint: `${DOMAIN}/oauth2/revoke`,
    end_session_endpoint: `${DOMAIN}/logout`,
    jwks_uri: `${POOL}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'token'],
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  },
  rules: { audiences: [CLIENT, SERVICE], audienceClaim: 'client_id' },
  tokens: [
    {
      name: 'a person',
      header: {},
      claims: {
        sub: SUBJECT,
        'cognito:groups': ['data-science'],
        iss: POOL,
        version: 2,
        client_id: CLIENT,
        origin_jti: 'o1',
        event_id: 'e1',
        token_use: 'access',
        scope: 'openid profile email',
        auth_time: 1_799_999_000,
        jti: 'j1',
        username: USERNAME,
      },
      userinfo: {
        sub: SUBJECT,
        email_verified: 'true',
        given_name: 'Ada',
        family_name: 'Lovelace',
        email: 'ada@example.com',
        username: USERNAME,
      },
      expected: {
        caller: {
          kind: 'user',
          subject: SUBJECT,
          clientId: CLIENT,
          profile: { preferredUsername: USERNAME },
        },
        enriched: {
          kind: 'user',
          subject: SUBJECT,
          profile: {
            givenName: 'Ada',
            familyName: 'Lovelace',
            email: 'ada@example.com',
            preferredUsername: USERNAME,
          },
        },
      },
    },
    {
      name: 'a service',
      header: {},
      claims: {
        sub: SERVICE,
        token_use: 'access',
        scope: 'flyte/all',
        auth_time: 1_799_999_000,
        iss: POOL,
        version: 2,
        jti: 'j2',
        client_id: SERVICE,
      },
      expected: {
        caller: { kind: 'application', subject: SERVICE, clientId: SERVICE, scopes: ['flyte/all'] },
      },
    },
    {
      name: 'a person, of another client of the pool',
      header: {},
      claims: {
        sub: SUBJECT,
        iss: POOL,
        client_id: 'another',
        token_use: 'access',
        scope: 'openid',
        username: USERNAME,
      },
      expected: { refused: 'audience_mismatch' },
    },
    {
      name: 'a person, an ID token',
      header: {},
      claims: {
        sub: SUBJECT,
        iss: POOL,
        aud: CLIENT,
        token_use: 'id',
        at_hash: 'h',
        'cognito:username': USERNAME,
        email: 'ada@example.com',
      },
      expected: { refused: 'token_kind_refused' },
    },
  ],
}
