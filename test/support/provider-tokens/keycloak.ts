/** Keycloak 26, as `npm run test:providers` sees it, and as older ones are. */
import { DEPLOYMENT, type ProviderFixture } from './types.ts'

const ISSUER = 'https://sso.example.com/realms/flyte'
const ENDPOINTS = `${ISSUER}/protocol/openid-connect`
const SUBJECT = 'c958e3bd-6a2e-481a-a13c-db6920dad6da'
const SERVICE = 'c03d35f0-ff02-4367-bbd0-d129bab0b838'
const PERSON = {
  iss: ISSUER,
  sub: SUBJECT,
  typ: 'Bearer',
  azp: 'flyte-cli',
  sid: 'PRQ16LVsn0L4rBRrLyF5sAmR',
  scope: 'openid offline_access email profile',
  email_verified: true,
  name: 'Ada Lovelace',
  preferred_username: 'ada',
  given_name: 'Ada',
  family_name: 'Lovelace',
  email: 'ada@example.com',
}
const CALLER = {
  kind: 'user',
  subject: SUBJECT,
  clientId: 'flyte-cli',
  scopes: ['openid', 'offline_access', 'email', 'profile'],
  profile: {
    name: 'Ada Lovelace',
    givenName: 'Ada',
    familyName: 'Lovelace',
    preferredUsername: 'ada',
    email: 'ada@example.com',
  },
} as const

export const KEYCLOAK: ProviderFixture = {
  provider: 'Keycloak',
  issuer: ISSUER,
  metadata: {
    issuer: ISSUER,
    authorization_endpoint: `${ENDPOINTS}/auth`,
    token_endpoint: `${ENDPOINTS}/token`,
    introspection_endpoint: `${ENDPOINTS}/token/introspect`,
    userinfo_endpoint: `${ENDPOINTS}/userinfo`,
    end_session_endpoint: `${ENDPOINTS}/logout`,
    jwks_uri: `${ENDPOINTS}/certs`,
    device_authorization_endpoint: `${ENDPOINTS}/auth/device`,
    registration_endpoint: `${ISSUER}/clients-registrations/openid-connect`,
    grant_types_supported: [
      'authorization_code',
      'client_credentials',
      'implicit',
      'password',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    response_types_supported: ['code', 'none', 'id_token', 'token'],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['PS384', 'RS384', 'EdDSA', 'ES256', 'RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access', 'basic', 'roles'],
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['plain', 'S256'],
    authorization_response_iss_parameter_supported: true,
  },
  rules: { audiences: [DEPLOYMENT] },
  tokens: [
    {
      name: 'a person',
      header: { typ: 'JWT' },
      claims: { ...PERSON, aud: DEPLOYMENT },
      expected: { caller: CALLER },
    },
    {
      name: 'a person with roles, for whom the scope "roles" adds an audience',
      header: { typ: 'JWT' },
      claims: {
        ...PERSON,
        aud: [DEPLOYMENT, 'account'],
        realm_access: { roles: ['default-roles-flyte', 'offline_access'] },
        resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      },
      expected: { caller: CALLER },
    },
    {
      name: 'a person, without an audience mapper',
      header: { typ: 'JWT' },
      claims: { ...PERSON, aud: 'account' },
      expected: { refused: 'audience_mismatch' },
    },
    {
      name: 'a person, without a mapper and without roles: no audience at all',
      header: { typ: 'JWT' },
      claims: PERSON,
      expected: { refused: 'audience_mismatch' },
    },
    {
      name: 'a person, without the scope "basic": no subject',
      header: { typ: 'JWT' },
      claims: { ...PERSON, sub: undefined, aud: DEPLOYMENT },
      expected: { refused: 'token_claims_invalid' },
    },
    {
      name: 'a service',
      header: { typ: 'JWT' },
      claims: {
        iss: ISSUER,
        aud: DEPLOYMENT,
        sub: SERVICE,
        typ: 'Bearer',
        azp: 'Flyte-Reporter',
        scope: 'profile email',
        email_verified: false,
        clientHost: '192.0.2.1',
        preferred_username: 'service-account-flyte-reporter',
        clientAddress: '192.0.2.1',
        client_id: 'Flyte-Reporter',
      },
      expected: {
        caller: {
          kind: 'application',
          subject: SERVICE,
          clientId: 'Flyte-Reporter',
          scopes: ['profile', 'email'],
        },
      },
    },
    {
      name: 'a service without the scope "profile"',
      header: { typ: 'JWT' },
      claims: {
        iss: ISSUER,
        aud: DEPLOYMENT,
        sub: SERVICE,
        typ: 'Bearer',
        azp: 'Flyte-Reporter',
        scope: '',
        clientHost: '192.0.2.1',
        clientAddress: '192.0.2.1',
        client_id: 'Flyte-Reporter',
      },
      expected: { caller: { kind: 'application', subject: SERVICE, clientId: 'Flyte-Reporter' } },
    },
    {
      name: 'a person, an ID token',
      header: { typ: 'JWT' },
      claims: { ...PERSON, typ: 'ID', aud: 'flyte-cli', at_hash: 'OrIMgnEV6JZnOYKitOYQKQ' },
      expected: { refused: 'token_kind_refused' },
    },
    {
      name: 'a person, from a Keycloak that copies the nonce into access tokens',
      header: { typ: 'JWT' },
      claims: { ...PERSON, aud: DEPLOYMENT, nonce: 'n' },
      expected: { caller: CALLER },
    },
  ],
}
