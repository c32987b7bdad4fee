/** Microsoft Entra ID: the API's registration decides whether its tokens are of version 2 or 1. */
import type { ProviderFixture } from './types.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const API = '11112222-bbbb-3333-cccc-4444dddd5555'
const CLIENT = '00001111-aaaa-2222-bbbb-3333cccc4444'
const OID = '690222be-ff1a-4d56-abd1-7e4f7d38e474'
const SERVICE_OID = 'b1d2c3e4-0000-4a5b-8c6d-7e8f9a0b1c2d'
const SUBJECT = 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ'
const HOST = `https://login.microsoftonline.com/${TENANT}`
const V2 = `${HOST}/v2.0`
const V1 = `https://sts.windows.net/${TENANT}/`

/** As Entra has it: nothing of PKCE, and userinfo at Microsoft Graph, which takes tokens for itself only. */
const METADATA = {
  issuer: V2,
  authorization_endpoint: `${HOST}/oauth2/v2.0/authorize`,
  token_endpoint: `${HOST}/oauth2/v2.0/token`,
  device_authorization_endpoint: `${HOST}/oauth2/v2.0/devicecode`,
  end_session_endpoint: `${HOST}/oauth2/v2.0/logout`,
  userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
  jwks_uri: `${HOST}/discovery/v2.0/keys`,
  token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  request_uri_parameter_supported: false,
  claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'name', 'preferred_username', 'oid'],
  tenant_region_scope: 'EU',
}

const OPTIONAL_CLAIMS = { email: 'ada@example.com', given_name: 'Ada', family_name: 'Lovelace' }
const PROFILE = { name: 'Ada Lovelace', givenName: 'Ada', familyName: 'Lovelace', email: 'ada@example.com' }

export const ENTRA: ProviderFixture = {
  provider: 'Entra ID',
  issuer: V2,
  metadata: METADATA,
  rules: { audiences: [API] },
  tokens: [
    {
      name: 'a person, with the optional claims of the recipe',
      header: { typ: 'JWT' },
      claims: {
        aud: API,
        iss: V2,
        aio: 'AXQAi/8TAAAA',
        azp: CLIENT,
        azpacr: '0',
        name: 'Ada Lovelace',
        oid: OID,
        preferred_username: 'ada@example.com',
        rh: '0.AAAA',
        scp: 'all',
        sub: SUBJECT,
        tid: TENANT,
        uti: 'u1',
        ver: '2.0',
        ...OPTIONAL_CLAIMS,
      },
      expected: {
        caller: {
          kind: 'user',
          subject: SUBJECT,
          clientId: CLIENT,
          scopes: ['all'],
          profile: { ...PROFILE, preferredUsername: 'ada@example.com' },
        },
      },
    },
    {
      name: 'a person, without them: userinfo takes no token of this API, and the name is all there is',
      header: { typ: 'JWT' },
      claims: {
        aud: API,
        iss: V2,
        azp: CLIENT,
        name: 'Ada Lovelace',
        oid: OID,
        preferred_username: 'ada@example.com',
        scp: 'all',
        sub: SUBJECT,
        tid: TENANT,
        ver: '2.0',
      },
      expected: {
        caller: {
          kind: 'user',
          subject: SUBJECT,
          profile: { name: 'Ada Lovelace', preferredUsername: 'ada@example.com' },
        },
      },
    },
    {
      name: 'a service with an app role',
      header: { typ: 'JWT' },
      claims: {
        aud: API,
        iss: V2,
        azp: CLIENT,
        azpacr: '1',
        oid: SERVICE_OID,
        roles: ['Runs.Create'],
        sub: SERVICE_OID,
        tid: TENANT,
        ver: '2.0',
      },
      expected: {
        caller: { kind: 'application', subject: SERVICE_OID, clientId: CLIENT, scopes: ['Runs.Create'] },
      },
    },
    {
      name: 'a person, for Microsoft Graph',
      header: { typ: 'JWT' },
      claims: {
        aud: '00000003-0000-0000-c000-000000000000',
        iss: V2,
        appid: CLIENT,
        scp: 'openid profile User.Read',
        sub: SUBJECT,
        ver: '1.0',
      },
      expected: { refused: 'audience_mismatch' },
    },
    {
      name: 'a person, of version 1: its issuer is another one',
      header: { typ: 'JWT', x5t: 'thumbprint' },
      claims: {
        aud: `api://${API}`,
        iss: V1,
        acr: '1',
        appid: CLIENT,
        oid: OID,
        scp: 'all',
        sub: SUBJECT,
        upn: 'ada@example.com',
        ver: '1.0',
      },
      expected: { refused: 'issuer_untrusted' },
    },
  ],
}

export const ENTRA_V1: ProviderFixture = {
  provider: 'Entra ID, version 1',
  issuer: V1,
  metadata: { ...METADATA, issuer: V1, jwks_uri: `${HOST}/discovery/keys` },
  rules: { audiences: [`api://${API}`] },
  tokens: [
    {
      name: 'a person',
      header: { typ: 'JWT', x5t: 'thumbprint' },
      claims: {
        aud: `api://${API}`,
        iss: V1,
        acr: '1',
        appid: CLIENT,
        appidacr: '0',
        family_name: 'Lovelace',
        given_name: 'Ada',
        name: 'Ada Lovelace',
        oid: OID,
        scp: 'all',
        sub: SUBJECT,
        tid: TENANT,
        unique_name: 'ada@example.com',
        upn: 'ada@example.com',
        ver: '1.0',
      },
      expected: {
        caller: {
          kind: 'user',
          subject: SUBJECT,
          clientId: CLIENT,
          profile: {
            name: 'Ada Lovelace',
            givenName: 'Ada',
            familyName: 'Lovelace',
            preferredUsername: 'ada@example.com',
          },
        },
      },
    },
    {
      name: 'a service',
      header: { typ: 'JWT', x5t: 'thumbprint' },
      claims: {
        aud: `api://${API}`,
        iss: V1,
        appid: CLIENT,
        appidacr: '1',
        idp: V1,
        oid: SERVICE_OID,
        sub: SERVICE_OID,
        tid: TENANT,
        ver: '1.0',
      },
      expected: { caller: { kind: 'application', subject: SERVICE_OID, clientId: CLIENT } },
    },
  ],
}
