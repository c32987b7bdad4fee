/** One row a refusal, for the settings of our own authorization server. */
import { describe, expect, it } from 'vitest'
import { EXISTING, problemPathsOf, self, settingsWith, type Tree } from '../fixtures.ts'

type Row = readonly [title: string, change: Tree, ...paths: string[]]

const SELF = 'auth.appAuth.selfAuthServer'
const CLIENTS = `${SELF}.staticClients`
const FLYTE_CLIENT = 'auth.appAuth.thirdPartyConfig.flyteClient'
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000'

const clients = (staticClients: Tree): Tree => self({ staticClients })
const client = (change: Tree): Tree => clients({ app: change })
const flyteClient = (change: Tree, staticClients: Tree = {}): Tree =>
  self({ staticClients }, { thirdPartyConfig: { flyteClient: change } })
const LONG = Array.from({ length: 400 }, (_, index) => `https://host-${index}.some-department.example.com`)
const SHORT = Array.from({ length: 10 }, (_, index) => `https://h${index}.example.com`)

const ROWS: Row[] = [
  ['an issuer over plain http', self({ issuer: 'http://flyte.example.com' }), `${SELF}.issuer`],
  ['no lifetime at all', self({ accessTokenLifespan: '0s' }), `${SELF}.accessTokenLifespan`],
  [
    'codes that live for longer than ten minutes',
    self({ authorizationCodeLifespan: '11m' }),
    `${SELF}.authorizationCodeLifespan`,
  ],
  [
    'a sign-in that ends before its refresh token',
    self({ refreshTokenLifespan: '2h', refreshTokenAbsoluteLifespan: '1h' }),
    `${SELF}.refreshTokenAbsoluteLifespan`,
  ],
  ['signing with something else', self({ signing: 'hmac' }), `${SELF}.signing`],
  ['keys in KMS that nothing uses', self({ signingKmsKeys: [KEY] }), `${SELF}.signingKmsKeys`],
  ['a key that is no ARN', self({ signing: 'kms', signingKmsKeys: ['alias/x'] }), `${SELF}.signingKmsKeys.0`],
  [
    'more keys than can be published',
    self({ signing: 'kms', signingKmsKeys: Array.from({ length: 6 }, () => KEY) }),
    `${SELF}.signingKmsKeys`,
  ],
  [
    'a key of another region',
    self({ signing: 'kms', signingKmsKeys: [KEY.replace('eu-west-1', 'us-east-1')] }),
    `${SELF}.signingKmsKeys`,
  ],
  [
    'a secret with keys beside keys in KMS',
    { ...self({ signing: 'kms' }), secrets: { signingKeys: { name: 'keys' } } },
    'secrets.signingKeys.name',
  ],
  ['the implicit grant', client({ grant_types: ['implicit'] }), `${CLIENTS}.app.grant_types.0`],
  ['the password grant', client({ grant_types: ['password'] }), `${CLIENTS}.app.grant_types.0`],
  ['an ID token as response', client({ response_types: ['id_token'] }), `${CLIENTS}.app.response_types.0`],
  ['a client with a space in its id', client({ id: 'a b' }), `${CLIENTS}.app.id`],
  ['a key that cannot be an id', clients({ 'a b': {} }), `${CLIENTS}.a b.id`],
  ['two clients with one id', clients({ a: { id: 'x' }, b: { id: 'x' } }), `${CLIENTS}.b.id`],
  [
    'a client that signs people in and has nowhere to send them',
    client({ grant_types: ['authorization_code'] }),
    `${CLIENTS}.app.redirect_uris`,
  ],
  [
    'a public client that has nowhere to send people',
    client({ public: true }),
    `${CLIENTS}.app.redirect_uris`,
  ],
  [
    'a callback over plain http elsewhere',
    client({ redirect_uris: ['http://app.example.com/callback'] }),
    `${CLIENTS}.app.redirect_uris.0`,
  ],
  [
    'a public client that signs in as itself',
    client({ public: true, grant_types: ['client_credentials'] }),
    `${CLIENTS}.app.grant_types`,
  ],
  ['a command line that is no client', flyteClient({ clientId: 'cli' }), `${FLYTE_CLIENT}.clientId`],
  ['a command line with a secret', flyteClient({ clientId: 'flytepropeller' }), `${FLYTE_CLIENT}.clientId`],
  [
    'a callback of the command line that its client does not have',
    flyteClient({ redirectUri: 'http://localhost:8080/callback' }),
    `${FLYTE_CLIENT}.redirectUri`,
  ],
  ['scopes that the client does not have', flyteClient({ scopes: ['openid'] }), `${FLYTE_CLIENT}.scopes`],
  [
    'more issuers than itself',
    self({}, { externalAuthServer: { additionalIssuers: [{ issuer: 'https://sts.windows.net/t/' }] } }),
    'auth.appAuth.externalAuthServer.additionalIssuers',
  ],
  [
    'a proxy in front of its own token endpoint',
    withAuth({ tokenEndpointProxyConfig: { enabled: true } }),
    'auth.tokenEndpointProxyConfig.enabled',
  ],
  [
    'leaving its endpoints to a neighbour',
    { ...self(), ...EXISTING, ingress: { minimalPaths: true } },
    'ingress.minimalPaths',
  ],
  [
    'a load balancer that its own requests do not reach',
    { ...self(), loadBalancer: { allowedCidrs: ['203.0.113.0/24'] } },
    'loadBalancer.allowedCidrs',
  ],
  [
    'more public URLs than the listener compares',
    withAuth({ authorizedUris: ['https://flyte.example.com', ...SHORT] }),
    'auth.authorizedUris',
  ],
  [
    'an issuer too long for the listener',
    self({ issuer: `https://flyte.example.com/${'x'.repeat(250)}` }),
    `${SELF}.issuer`,
  ],
  [
    'more clients than an environment holds',
    clients(Object.fromEntries(LONG.map((uri, index) => [`app-${index}`, { redirect_uris: [uri] }]))),
    'auth',
  ],
]

function withAuth(change: Tree): Tree {
  const { auth } = self() as { auth: Tree }
  return { auth: { ...auth, ...change } }
}

describe('settings of our own authorization server', () => {
  for (const [title, change, ...paths] of ROWS) {
    it(`refuse ${title}`, () => expect(problemPathsOf(change)).toEqual(paths))
  }

  it('are not needed: the type is enough, with Flyte’s command line', () => {
    expect(settingsWith(self()).resolved.trustedIssuers).toEqual([
      {
        issuer: 'https://flyte.example.com',
        jwksUri: 'https://flyte.example.com/oauth2/jwks',
        algorithms: ['RS256'],
        audienceClaim: 'aud',
        audiences: ['https://flyte.example.com'],
      },
    ])
  })

  it('may be said in the words of the Helm chart', () => {
    const { auth } = self() as { auth: { appAuth: Tree } }
    const appAuth = { ...auth.appAuth, authServerType: undefined }
    const settings = settingsWith({ auth: { ...auth, appAuth, enableAuthServer: true } })
    expect(settings.auth.appAuth.authServerType).toBe('Self')
  })

  it('name an issuer of their own, and take tokens for every public URL that is spelt out', () => {
    const authorizedUris = ['https://flyte.example.com', 'https://*.example.com', 'https://b.example.com']
    const { auth } = self({ issuer: 'https://tokens.example.com' }) as { auth: Tree }
    expect(settingsWith({ auth: { ...auth, authorizedUris } }).resolved.trustedIssuers).toMatchObject([
      {
        issuer: 'https://tokens.example.com',
        jwksUri: 'https://flyte.example.com/oauth2/jwks',
        audiences: ['https://flyte.example.com', 'https://b.example.com'],
      },
    ])
  })

  it('leave the network to the owner of an existing listener', () => {
    expect(problemPathsOf({ ...self(), ...EXISTING })).toEqual([])
  })

  it('take a public client of one’s own for the command line', () => {
    const redirectUri = 'http://localhost:9000/callback'
    const own = { public: true, redirect_uris: [redirectUri] }
    expect(problemPathsOf(flyteClient({ clientId: 'own', redirectUri }, { own }))).toEqual([])
  })
})

describe('settings of another authorization server', () => {
  it('need the client of the command line', () => {
    const change = { auth: { appAuth: { thirdPartyConfig: undefined } } }
    expect(problemPathsOf(change)).toEqual([`${FLYTE_CLIENT}.clientId`])
  })

  it('refuse sizes of a server that is not there', () => {
    const size = { 'authorization-server': 512 }
    const change = { functions: { memoryMb: size, reservedConcurrency: size } }
    expect(problemPathsOf(change)).toEqual([
      'functions.memoryMb.authorization-server',
      'functions.reservedConcurrency.authorization-server',
    ])
    expect(problemPathsOf({ ...self(), ...change })).toEqual([])
  })

  it('refuse secrets of a server that is not there', () => {
    const change = { secrets: { signingKeys: { name: 'a' }, clientSecrets: { name: 'b' } } }
    expect(problemPathsOf(change)).toEqual(['secrets.signingKeys.name', 'secrets.clientSecrets.name'])
  })
})
