/** Google: access tokens are opaque, so an ID token is what can be verified. And Identity Platform, which has only these. */
import type { ProviderFixture } from './types.ts'

const GOOGLE_ISSUER = 'https://accounts.google.com'
const DESKTOP = '407408718192-desktop.apps.googleusercontent.com'
const WEB = '407408718192-web.apps.googleusercontent.com'
const SUBJECT = '110169484474386276334'
const PROJECT = 'example-project'
const PLATFORM = `https://securetoken.google.com/${PROJECT}`
const PICTURE = 'https://lh3.googleusercontent.com/a/1'

export const GOOGLE: ProviderFixture = {
  provider: 'Google',
  issuer: GOOGLE_ISSUER,
  metadata: {
    issuer: GOOGLE_ISSUER,
    authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
    device_authorization_endpoint: 'https://oauth2.googleapis.com/device/code',
    token_endpoint: 'https://oauth2.googleapis.com/token',
    userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
    revocation_endpoint: 'https://oauth2.googleapis.com/revoke',
    jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
    response_types_supported: ['code', 'token', 'id_token', 'code token', 'code id_token', 'none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'email', 'profile'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    code_challenge_methods_supported: ['plain', 'S256'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ],
  },
  rules: { audiences: [WEB] },
  tokens: [
    {
      name: 'a person, an ID token for the web client',
      header: { typ: 'JWT' },
      claims: {
        iss: GOOGLE_ISSUER,
        azp: DESKTOP,
        aud: WEB,
        sub: SUBJECT,
        hd: 'example.com',
        email: 'ada@example.com',
        email_verified: true,
        at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
        name: 'Ada Lovelace',
        picture: PICTURE,
        given_name: 'Ada',
        family_name: 'Lovelace',
      },
      expected: {
        caller: {
          kind: 'user',
          subject: SUBJECT,
          clientId: DESKTOP,
          profile: {
            name: 'Ada Lovelace',
            givenName: 'Ada',
            familyName: 'Lovelace',
            email: 'ada@example.com',
            picture: PICTURE,
          },
        },
      },
    },
    {
      name: 'a service account, an ID token',
      header: { typ: 'JWT' },
      claims: {
        aud: WEB,
        azp: '112233445566778899000',
        email: 'reporter@example-project.iam.gserviceaccount.com',
        email_verified: true,
        iss: GOOGLE_ISSUER,
        sub: '112233445566778899000',
      },
      expected: {
        caller: {
          kind: 'application',
          subject: '112233445566778899000',
          clientId: '112233445566778899000',
        },
      },
    },
    {
      name: 'a service account with its key, an ID token',
      header: { typ: 'JWT' },
      claims: {
        aud: WEB,
        azp: 'reporter@example-project.iam.gserviceaccount.com',
        email: 'reporter@example-project.iam.gserviceaccount.com',
        email_verified: true,
        iss: GOOGLE_ISSUER,
        sub: '112233445566778899000',
      },
      expected: {
        caller: {
          kind: 'application',
          subject: '112233445566778899000',
          clientId: 'reporter@example-project.iam.gserviceaccount.com',
        },
      },
    },
    {
      name: 'a person, an ID token for another application',
      header: { typ: 'JWT' },
      claims: { iss: GOOGLE_ISSUER, azp: DESKTOP, aud: DESKTOP, sub: SUBJECT },
      expected: { refused: 'audience_mismatch' },
    },
  ],
}

export const IDENTITY_PLATFORM: ProviderFixture = {
  provider: 'GCP Identity Platform',
  issuer: PLATFORM,
  metadata: {
    issuer: PLATFORM,
    jwks_uri: 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  },
  rules: { audiences: [PROJECT] },
  tokens: [
    {
      name: 'a person',
      header: { typ: 'JWT' },
      claims: {
        name: 'Ada Lovelace',
        picture: PICTURE,
        iss: PLATFORM,
        aud: PROJECT,
        auth_time: 1_799_999_000,
        user_id: 'Jq2mNpxLk3cVb7aWs9dErT5yUiO1',
        sub: 'Jq2mNpxLk3cVb7aWs9dErT5yUiO1',
        email: 'ada@example.com',
        email_verified: true,
        firebase: { identities: { email: ['ada@example.com'] }, sign_in_provider: 'password' },
      },
      expected: {
        caller: {
          kind: 'user',
          subject: 'Jq2mNpxLk3cVb7aWs9dErT5yUiO1',
          clientId: undefined,
          profile: { name: 'Ada Lovelace', email: 'ada@example.com', picture: PICTURE },
        },
      },
    },
    {
      name: 'a person of another project',
      header: { typ: 'JWT' },
      claims: { iss: 'https://securetoken.google.com/another', aud: 'another', sub: 'x' },
      expected: { refused: 'issuer_untrusted' },
    },
  ],
}
