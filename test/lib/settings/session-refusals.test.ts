/** One row a refusal, for the settings that say who signs browsers in. */
import { describe, expect, it } from 'vitest'
import { problemPathsOf, settingsWith, type Tree } from '../fixtures.ts'

type Row = readonly [title: string, change: Tree, ...paths: string[]]

const openId = (change: Tree): Tree => ({ auth: { userAuth: { openId: change } } })
const cookie = (change: Tree): Tree => ({ auth: { userAuth: { cookieSetting: change } } })
const alb = (session: Tree): Tree => ({ ingress: { session } })
const service = (change: Tree = {}, session: Tree = {}): Tree => ({
  ...change,
  ingress: { browserAuth: 'service', session },
})

const OPEN_ID = 'auth.userAuth.openId'
const DOMAIN = 'auth.userAuth.cookieSetting.domain'
const ENDPOINTS = { authorizationEndpoint: undefined, tokenEndpoint: undefined, userInfoEndpoint: undefined }
const VERSION = '01234567-89ab-cdef-0123-456789abcdef'

const EITHER: Row[] = [
  ['somebody else', { ingress: { browserAuth: 'nginx' } }, 'ingress.browserAuth'],
  ['a session of half a minute', alb({ timeout: '30s' }), 'ingress.session.timeout'],
  ['a session of a year', service({}, { timeout: '8760h' }), 'ingress.session.timeout'],
  ['a cookie domain with a path', cookie({ domain: 'example.com/x' }), DOMAIN],
  ['a cookie domain with a wildcard', cookie({ domain: '*.example.com' }), DOMAIN],
  [
    'a policy that browsers do not know',
    cookie({ sameSitePolicy: 'Lax' }),
    `${DOMAIN.replace('domain', '')}sameSitePolicy`,
  ],
  [
    'a landing page elsewhere',
    { auth: { userAuth: { redirectUrl: '//evil.example' } } },
    'auth.userAuth.redirectUrl',
  ],
  [
    'part of the ARN of a secret',
    { secrets: { cookieKeys: { name: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys' } } },
    'secrets.cookieKeys.name',
  ],
]

const BY_LOAD_BALANCER: Row[] = [
  ['no endpoints', openId(ENDPOINTS), ...Object.keys(ENDPOINTS).map((key) => `${OPEN_ID}.${key}`)],
  ['a public client', openId({ publicClient: true }), `${OPEN_ID}.publicClient`],
  ['a session of a month', alb({ timeout: '720h' }), 'ingress.session.timeout'],
  ['an idle time', alb({ idleTimeout: '1h' }), 'ingress.session.idleTimeout'],
  ['keys of cookies', { secrets: { cookieKeys: { name: 'a' } } }, 'secrets.cookieKeys.name'],
  [
    'a size of the login function',
    { functions: { memoryMb: { login: 512 }, reservedConcurrency: { login: 5 } } },
    'functions.memoryMb.login',
    'functions.reservedConcurrency.login',
  ],
]

const BY_SERVICE: Row[] = [
  [
    'an idle time longer than a session',
    service({}, { timeout: '1h', idleTimeout: '2h' }),
    'ingress.session.idleTimeout',
  ],
  [
    'parameters that only the load balancer adds',
    service({}, { extraParams: { prompt: 'login' } }),
    'ingress.session.extraParams',
  ],
  [
    'a version of the client secret',
    service({ secrets: { oidcClientSecret: { name: 'a', versionId: VERSION } } }),
    'secrets.oidcClientSecret.versionId',
  ],
  [
    'a secret of a public client',
    service({ ...openId({ publicClient: true }), secrets: { oidcClientSecret: { name: 'a' } } }),
    'secrets.oidcClientSecret.name',
  ],
  ...['redirect_url', 'redirect_uri', 'state', 'request_uri'].map(
    (idpQueryParameter): Row => [
      `a sender of ${idpQueryParameter}`,
      service({ auth: { userAuth: { idpQueryParameter } } }),
      'auth.userAuth.idpQueryParameter',
    ],
  ),
  ['cookies of another host', service(cookie({ domain: 'other.example.com' })), DOMAIN],
  ['cookies of a host that only ends like ours', service(cookie({ domain: 'e.example.com' })), DOMAIN],
]

for (const [title, rows] of Object.entries({
  'signed in by either': EITHER,
  'signed in by the load balancer': BY_LOAD_BALANCER,
  'signed in by the deployment itself': BY_SERVICE,
})) {
  describe(`settings of browsers, ${title}`, () => {
    for (const [name, change, ...paths] of rows) {
      it(`refuse ${name}`, () => expect(problemPathsOf(change).sort()).toEqual([...paths].sort()))
    }
  })
}

describe('settings of browsers, signed in by the deployment itself', () => {
  it('need no endpoints, which are in the discovery document', () => {
    expect(settingsWith(service(openId(ENDPOINTS))).ingress.browserAuth).toBe('service')
  })

  it('take a public client, which has no secret', () => {
    expect(problemPathsOf(service(openId({ publicClient: true })))).toEqual([])
  })

  for (const domain of ['flyte.example.com', 'example.com', '.example.com', 'Example.COM']) {
    it(`take cookies of ${domain}`, () => expect(problemPathsOf(service(cookie({ domain })))).toEqual([]))
  }

  it('take a session of a month, and sizes of the function', () => {
    const functions = { memoryMb: { login: 512 }, reservedConcurrency: { login: 5 } }
    expect(problemPathsOf(service({ functions }, { timeout: '720h', idleTimeout: '720h' }))).toEqual([])
  })
})
