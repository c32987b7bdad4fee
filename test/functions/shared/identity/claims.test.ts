import { describe, expect, it } from 'vitest'
import type { Caller } from '../../../../functions/shared/identity/caller.ts'
import { callerOfAccessToken } from '../../../../functions/shared/identity/claims.ts'

const EXPIRES = 1_800_003_600

function callerOf(claims: Record<string, unknown>): Caller {
  const { iss, sub } = claims as { iss: string; sub: string }
  return callerOfAccessToken({ issuer: iss, subject: sub, expiresAtEpochSeconds: EXPIRES, claims }, 'bearer')
}

const OKTA = { iss: 'https://example.okta.com/oauth2/default', ver: 1, aud: 'https://flyte.example.com' }
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const OID = '690222be-ff1a-4d56-abd1-7e4f7d38e474'
const ENTRA_V2 = { iss: `https://login.microsoftonline.com/${TENANT}/v2.0`, ver: '2.0', tid: TENANT }
const ENTRA_V1 = { iss: `https://sts.windows.net/${TENANT}/`, ver: '1.0', tid: TENANT }
const AUTH0 = {
  iss: 'https://example.eu.auth0.com/',
  aud: ['https://flyte.example.com', 'https://example.eu.auth0.com/userinfo'],
}
const KEYCLOAK = { iss: 'https://sso.example.com/realms/flyte', typ: 'Bearer', azp: 'flytectl' }
const COGNITO = { iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf', token_use: 'access' }

/** Tokens as each provider documents them, and who they are. */
const EXAMPLES: Record<string, [claims: Record<string, unknown>, caller: Partial<Caller>]> = {
  'our own authorization server, a person': [
    {
      iss: 'https://flyte.example.com',
      sub: 'ada',
      client_id: 'flytectl',
      scope: 'all offline',
      scp: ['all', 'offline'],
      user_info: { subject: 'ada', name: 'Ada Lovelace', given_name: 'Ada', email: 'ada@example.com' },
    },
    {
      kind: 'user',
      subject: 'ada',
      clientId: 'flytectl',
      scopes: ['all', 'offline'],
      profile: { name: 'Ada Lovelace', givenName: 'Ada', email: 'ada@example.com' },
    },
  ],
  'our own authorization server, a service': [
    { iss: 'https://flyte.example.com', sub: 'reporter', client_id: 'reporter', scp: ['all'] },
    { kind: 'application', subject: 'reporter', clientId: 'reporter', scopes: ['all'], profile: {} },
  ],
  'Okta, a person': [
    { ...OKTA, sub: 'ada@example.com', uid: '00u1abcd', cid: '0oa1client', scp: ['openid', 'all'] },
    { kind: 'user', subject: 'ada@example.com', clientId: '0oa1client', scopes: ['openid', 'all'] },
  ],
  'Okta, a service': [
    { ...OKTA, sub: '0oa1client', cid: '0oa1client', scp: ['all'] },
    { kind: 'application', subject: '0oa1client', clientId: '0oa1client', scopes: ['all'] },
  ],
  'Entra version 2, a person': [
    {
      ...ENTRA_V2,
      sub: 'pairwise-1',
      oid: OID,
      azp: 'client-1',
      scp: 'all access',
      name: 'Ada Lovelace',
      preferred_username: 'ada@example.com',
    },
    {
      kind: 'user',
      subject: 'pairwise-1',
      clientId: 'client-1',
      scopes: ['all', 'access'],
      profile: { name: 'Ada Lovelace', preferredUsername: 'ada@example.com' },
    },
  ],
  'Entra version 2, a service': [
    { ...ENTRA_V2, sub: OID, oid: OID, azp: 'client-1', roles: ['Runs.Create'], idtyp: 'app' },
    { kind: 'application', subject: OID, clientId: 'client-1', scopes: ['Runs.Create'] },
  ],
  'Entra version 2, a service whose token does not say so': [
    { ...ENTRA_V2, sub: OID, oid: OID, azp: 'client-1' },
    { kind: 'application', clientId: 'client-1' },
  ],
  'Entra version 1, a person': [
    {
      ...ENTRA_V1,
      sub: 'pairwise-1',
      oid: OID,
      appid: 'client-1',
      scp: 'all',
      upn: 'ada@example.com',
      given_name: 'Ada',
      family_name: 'Lovelace',
    },
    {
      kind: 'user',
      clientId: 'client-1',
      scopes: ['all'],
      profile: { preferredUsername: 'ada@example.com', givenName: 'Ada', familyName: 'Lovelace' },
    },
  ],
  'Entra version 1, a service': [
    { ...ENTRA_V1, sub: OID, oid: OID, appid: 'client-1', roles: ['Runs.Create'] },
    { kind: 'application', clientId: 'client-1', scopes: ['Runs.Create'] },
  ],
  'Auth0, a person': [
    {
      ...AUTH0,
      sub: 'auth0|5f7c',
      azp: 'client-1',
      scope: 'openid profile all',
      permissions: ['runs:create'],
    },
    {
      kind: 'user',
      subject: 'auth0|5f7c',
      clientId: 'client-1',
      scopes: ['openid', 'profile', 'all', 'runs:create'],
    },
  ],
  'Auth0, a service': [
    { ...AUTH0, sub: 'client-1@clients', azp: 'client-1', gty: 'client-credentials', scope: 'all' },
    { kind: 'application', subject: 'client-1@clients', clientId: 'client-1' },
  ],
  'Auth0, a service whose token does not say how it was granted': [
    { ...AUTH0, sub: 'client-1@clients', azp: 'client-1' },
    { kind: 'application' },
  ],
  'Keycloak, a person': [
    {
      ...KEYCLOAK,
      sub: OID,
      scope: 'email profile',
      preferred_username: 'ada',
      email: 'ada@example.com',
      realm_access: { roles: ['x'] },
    },
    {
      kind: 'user',
      subject: OID,
      clientId: 'flytectl',
      scopes: ['email', 'profile'],
      profile: { preferredUsername: 'ada', email: 'ada@example.com' },
    },
  ],
  'Keycloak, a service': [
    { ...KEYCLOAK, sub: OID, azp: 'Reporter', scope: 'all', preferred_username: 'service-account-reporter' },
    { kind: 'application', subject: OID, clientId: 'Reporter' },
  ],
  'Keycloak, a person with the user name of another client’s service account': [
    { ...KEYCLOAK, sub: OID, azp: 'flytectl', preferred_username: 'service-account-reporter' },
    { kind: 'user' },
  ],
  'Cognito, a person': [
    { ...COGNITO, sub: OID, client_id: 'client-1', username: 'ada', scope: 'openid all' },
    {
      kind: 'user',
      subject: OID,
      clientId: 'client-1',
      scopes: ['openid', 'all'],
      profile: { preferredUsername: 'ada' },
    },
  ],
  'Cognito, a service': [
    { ...COGNITO, sub: 'client-1', client_id: 'client-1', scope: 'flyte/all' },
    { kind: 'application', subject: 'client-1', clientId: 'client-1', scopes: ['flyte/all'] },
  ],
  'Google, a person behind an identity-aware proxy': [
    {
      iss: 'https://accounts.google.com',
      sub: '1143',
      azp: 'desktop.apps.googleusercontent.com',
      email: 'ada@example.com',
      hd: 'example.com',
    },
    { kind: 'user', subject: '1143', scopes: [], profile: { email: 'ada@example.com' } },
  ],
  'Google, a service account': [
    { iss: 'https://accounts.google.com', sub: '1099', azp: '1099', email: 'bot@p.iam.gserviceaccount.com' },
    { kind: 'application', subject: '1099', clientId: '1099' },
  ],
  'AWS, a workload by its web identity token': [
    {
      iss: 'https://1a2b.tokens.sts.global.api.aws',
      sub: 'arn:aws:iam::123456789012:role/reporter',
      'https://sts.amazonaws.com/': { aws_account: '123456789012' },
    },
    { kind: 'application', subject: 'arn:aws:iam::123456789012:role/reporter', clientId: undefined },
  ],
  'Kubernetes, a workload by its service account': [
    {
      iss: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC',
      sub: 'system:serviceaccount:flyte:reporter',
      'kubernetes.io': { namespace: 'flyte' },
    },
    { kind: 'application', subject: 'system:serviceaccount:flyte:reporter' },
  ],
  'RFC 9068, a person': [
    { iss: 'https://as.example', sub: 'ada', client_id: 'flytectl', scope: 'all' },
    { kind: 'user', subject: 'ada', clientId: 'flytectl', scopes: ['all'] },
  ],
  'RFC 9068, a service': [
    { iss: 'https://as.example', sub: 'reporter', client_id: 'reporter', scope: 'all' },
    { kind: 'application', subject: 'reporter', clientId: 'reporter' },
  ],
}

describe('the caller of an access token', () => {
  for (const [name, [claims, caller]] of Object.entries(EXAMPLES)) {
    it(`is read in the dialect of ${name}`, () => {
      expect(callerOf(claims)).toMatchObject({
        issuer: claims.iss,
        source: 'bearer',
        expiresAtEpochSeconds: EXPIRES,
        ...caller,
      })
    })
  }

  it('has an empty profile where the token says nothing', () => {
    expect(callerOf({ iss: 'https://as.example', sub: 'ada' })).toMatchObject({
      profile: {},
      clientId: undefined,
      scopes: [],
    })
  })

  it('takes a claim of its own before the same in user_info, and nothing from one that is no object', () => {
    const own = {
      iss: 'https://x.example',
      sub: 'ada',
      name: 'Ada',
      user_info: { name: 'Eve', email: 'a@example.com' },
    }
    expect(callerOf(own).profile).toEqual({ name: 'Ada', email: 'a@example.com' })
    for (const userInfo of ['Eve', 1, null, ['Eve'], true]) {
      expect(callerOf({ ...own, user_info: userInfo }).profile).toEqual({ name: 'Ada' })
    }
  })

  it('has each scope once', () => {
    const claims = {
      iss: 'https://as.example',
      sub: 'ada',
      scope: ' all  openid all',
      scp: ['openid', 7, ''],
    }
    expect(callerOf(claims).scopes).toEqual(['all', 'openid'])
  })

  const unusable: Record<string, unknown> = {
    'a number': 7,
    'a list': ['Ada'],
    'an object': { first: 'Ada' },
    null: null,
    blank: '  ',
    overlong: 'a'.repeat(300),
    'split over lines': 'Ada\nLovelace',
    'with a control character': 'Ada\u001b[2J',
  }
  for (const [name, value] of Object.entries(unusable)) {
    it(`has no name where the claim is ${name}`, () => {
      const claims = {
        iss: 'https://as.example',
        sub: 'ada',
        name: value,
        email: value,
        scope: 7,
        azp: value,
      }
      expect(callerOf(claims).profile).toEqual({})
    })
  }

  for (const picture of [
    'javascript:alert(1)',
    'http://people.example/ada.png',
    '//people.example/a',
    'data:,x',
  ]) {
    it(`has no picture where the claim is ${picture}`, () => {
      expect(callerOf({ iss: 'https://as.example', sub: 'ada', picture }).profile).toEqual({})
    })
  }

  it('takes nothing from claims with the names of built-in members', () => {
    const claims = JSON.parse(
      '{"iss":"https://as.example","sub":"ada","__proto__":{"name":"Eve"},"constructor":1}',
    )
    expect(callerOf(claims).profile).toEqual({})
  })
})
