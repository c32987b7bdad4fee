/** `auth.proxyAuth`: what functions are told of an identity-aware proxy, and what is refused. */
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../functions/shared/config.ts'
import { functionSettings } from '../../../lib/settings/function-settings.ts'
import { problemPathsOf, settingsWith, type Tree } from '../fixtures.ts'

const GOOGLE = { issuer: 'https://accounts.google.com', allowedAudience: ['web.apps.googleusercontent.com'] }
const NAMES = {
  loadBalancerArn:
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/flyte/0123456789abcdef',
  storagePrefix: 's3://bucket/flyte',
}

const proxyAuth = (change: Tree): Tree => ({ auth: { proxyAuth: change } })
const issuers = (...entries: Tree[]): Tree => proxyAuth({ issuers: entries })

function forFunctions(change: Tree) {
  const settings = functionSettings(settingsWith(change), NAMES)
  return readConfig({ FLYTE_SETTINGS: JSON.stringify(settings) }).settings.auth.proxyAuth
}

describe('functions', () => {
  it('are told of no proxy where the setting is absent', () => expect(forFunctions({})).toBeUndefined())

  it('are told of the usual header and of RS256 where only issuer and audience are given', () => {
    expect(forFunctions(issuers(GOOGLE))).toEqual({
      header: 'proxy-authorization',
      issuers: [
        {
          issuer: GOOGLE.issuer,
          jwksUri: null,
          algorithms: ['RS256'],
          audiences: GOOGLE.allowedAudience,
          audienceClaim: 'aud',
        },
      ],
    })
  })

  it('are told of everything that may be different, the header in lower case', () => {
    const iap = {
      issuer: 'https://cloud.google.com/iap',
      jwksUri: 'https://www.gstatic.com/iap/verify/public_key-jwk',
      algorithms: ['ES256'],
      allowedAudience: ['/projects/1/global/backendServices/2'],
    }
    const change = proxyAuth({ header: 'X-Goog-IAP-JWT-Assertion', issuers: [iap, GOOGLE] })
    expect(forFunctions(change)).toMatchObject({
      header: 'x-goog-iap-jwt-assertion',
      issuers: [{ ...{ jwksUri: iap.jwksUri, algorithms: ['ES256'] } }, { issuer: GOOGLE.issuer }],
    })
  })
})

describe('settings of a proxy are refused', () => {
  const PATH = 'auth.proxyAuth'
  const rows: [name: string, change: Tree, path: string][] = [
    ['without an issuer', proxyAuth({}), `${PATH}.issuers`],
    ['with an empty list of issuers', issuers(), `${PATH}.issuers`],
    ['without an audience', issuers({ issuer: GOOGLE.issuer }), `${PATH}.issuers.0.allowedAudience`],
    [
      'with an empty list of audiences',
      issuers({ ...GOOGLE, allowedAudience: [] }),
      `${PATH}.issuers.0.allowedAudience`,
    ],
    [
      'with an issuer over plain http',
      issuers({ ...GOOGLE, issuer: 'http://a.example.com' }),
      `${PATH}.issuers.0.issuer`,
    ],
    [
      'with a shared secret for an algorithm',
      issuers({ ...GOOGLE, algorithms: ['HS256'] }),
      `${PATH}.issuers.0.algorithms.0`,
    ],
    ['with an issuer twice', issuers(GOOGLE, GOOGLE), `${PATH}.issuers.1.issuer`],
    ...[
      'authorization',
      'Flyte-Authorization',
      'cookie',
      'x-amzn-oidc-data',
      'x-forwarded-for',
      'with space',
      'a_b',
    ].map((header): [string, Tree, string] => [
      `with ${header} for the header`,
      proxyAuth({ header, issuers: [GOOGLE] }),
      `${PATH}.header`,
    ]),
  ]
  for (const [name, change, path] of rows) {
    it(name, () => expect(problemPathsOf(change)).toEqual([path]))
  }
})
