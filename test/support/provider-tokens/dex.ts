/** Dex, as `npm run test:providers` sees it: access tokens and ID tokens are made by the same lines of its code. */
import type { ProviderFixture } from './types.ts'

const ISSUER = 'https://dex.example.com'
/** Dex packs the user's id and the connector's into one text. */
const SUBJECT = 'CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs'
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/keys`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  device_authorization_endpoint: `${ISSUER}/device/code`,
  introspection_endpoint: `${ISSUER}/token/introspect`,
  grant_types_supported: [
    'authorization_code',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ],
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  code_challenge_methods_supported: ['S256', 'plain'],
  scopes_supported: ['openid', 'email', 'groups', 'profile', 'offline_access'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'email', 'name', 'preferred_username', 'at_hash'],
}
const PERSON = {
  iss: ISSUER,
  sub: SUBJECT,
  at_hash: 'A8mNvS6Q7pX0qJzX1vJmXg',
  email: 'ada@example.com',
  email_verified: true,
  groups: ['example:data-science'],
  name: 'Ada Lovelace',
  preferred_username: 'ada',
}
const PROFILE = { name: 'Ada Lovelace', preferredUsername: 'ada', email: 'ada@example.com' }
const ACCESS_TOKEN = { ...PERSON, aud: 'flyte-cli' }

export const DEX: ProviderFixture = {
  provider: 'Dex',
  issuer: ISSUER,
  metadata: METADATA,
  rules: { audiences: ['flyte-cli'], acceptIdTokens: true },
  tokens: [
    {
      name: 'a person',
      header: {},
      claims: ACCESS_TOKEN,
      expected: { caller: { kind: 'user', subject: SUBJECT, clientId: undefined, profile: PROFILE } },
    },
    {
      name: 'a person, for a client that another one may ask tokens for',
      header: {},
      claims: { ...PERSON, aud: ['flyte-cli', 'argo-workflows'], azp: 'argo-workflows' },
      expected: { caller: { kind: 'user', subject: SUBJECT, clientId: 'argo-workflows' } },
    },
    {
      name: 'a person, for the client of the load balancer',
      header: {},
      claims: { ...PERSON, aud: 'flyte-load-balancer' },
      expected: { refused: 'audience_mismatch' },
    },
  ],
}

export const DEX_WITHOUT_ITS_SETTING: ProviderFixture = {
  provider: 'Dex without acceptIdTokens',
  issuer: ISSUER,
  metadata: METADATA,
  rules: { audiences: ['flyte-cli'] },
  tokens: [
    {
      name: 'a person',
      header: {},
      claims: ACCESS_TOKEN,
      expected: { refused: 'token_kind_refused' },
    },
  ],
}
