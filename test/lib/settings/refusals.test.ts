/** One row a refusal: what is changed about good settings, and the keys that are named in the answer. */
import { describe, expect, it } from 'vitest'
import { CERTIFICATE, EXISTING, problemPathsOf, type Tree } from '../fixtures.ts'

const openId = (change: Tree): Tree => ({ auth: { userAuth: { openId: change } } })
const server = (change: Tree): Tree => ({ auth: { appAuth: { externalAuthServer: change } } })
const client = (change: Tree): Tree => ({ auth: { appAuth: { thirdPartyConfig: { flyteClient: change } } } })
const proxy = (change: Tree): Tree => ({ auth: { tokenEndpointProxyConfig: { enabled: true, ...change } } })
const existing = (change: Tree): Tree => ({
  ...EXISTING,
  loadBalancer: { existing: { ...((EXISTING.loadBalancer as Tree).existing as Tree), ...change } },
})
const uris = (...authorizedUris: string[]): Tree => ({ auth: { authorizedUris } })

const OPEN_ID = 'auth.userAuth.openId'
const SERVER = 'auth.appAuth.externalAuthServer'
const CLIENT = 'auth.appAuth.thirdPartyConfig.flyteClient'
const COGNITO = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc'
const LONG = Array.from(
  { length: 40 },
  (_, index) => `https://host-number-${index}.some-department.example.com`,
)

type Row = readonly [title: string, change: Tree, ...paths: string[]]

const URLS: Row[] = [
  ['a public URL over plain http', uris('http://flyte.example.com'), 'auth.authorizedUris.0'],
  [
    'a public URL of the cluster network',
    uris('https://flyte.example.com', 'http://flyte-http:8088'),
    'auth.authorizedUris.1',
  ],
  ['a host that only starts like localhost', uris('http://localhost.example.com'), 'auth.authorizedUris.0'],
  ['a public URL with a path', uris('https://flyte.example.com/flyte'), 'auth.authorizedUris.0'],
  ['a public URL with a query', uris('https://flyte.example.com?a=b'), 'auth.authorizedUris.0'],
  ['a public URL with a user name', uris('https://someone@flyte.example.com'), 'auth.authorizedUris.0'],
  ['a public URL that is no URL', uris('flyte.example.com'), 'auth.authorizedUris.0'],
  ['a wildcard as the first public URL', uris('https://*.example.com'), 'auth.authorizedUris.0'],
  [
    'a wildcard inside a host',
    uris('https://flyte.example.com', 'https://a.*.example.com'),
    'auth.authorizedUris.1',
  ],
  [
    'a wildcard for part of a label',
    uris('https://flyte.example.com', 'https://a*.example.com'),
    'auth.authorizedUris.1',
  ],
  ['no public URL at all', { auth: { authorizedUris: [] } }, 'auth.authorizedUris'],
  ['a provider over plain http', openId({ baseUrl: 'http://id.example.com' }), `${OPEN_ID}.baseUrl`],
  [
    'a token endpoint over plain http',
    openId({ tokenEndpoint: 'http://id.example.com/t' }),
    `${OPEN_ID}.tokenEndpoint`,
  ],
  ['a key set over plain http', server({ jwksUri: 'http://id.example.com/keys' }), `${SERVER}.jwksUri`],
  ['a key set in a file', server({ jwksUri: 'file:///etc/keys' }), `${SERVER}.jwksUri`],
  [
    'an endpoint with a fragment',
    openId({ userInfoEndpoint: 'https://id.example.com/u#x' }),
    `${OPEN_ID}.userInfoEndpoint`,
  ],
  [
    'an outbound proxy with a password',
    { auth: { httpProxyURL: 'http://a:b@proxy:3128' } },
    'auth.httpProxyURL',
  ],
  [
    'a client callback on another host without TLS',
    client({ redirectUri: 'http://example.com/cb' }),
    `${CLIENT}.redirectUri`,
  ],
]

const MISSING: Row[] = [
  ['no region', { aws: undefined }, 'aws.region'],
  ['no client for signing in', openId({ clientId: undefined }), `${OPEN_ID}.clientId`],
  ['an empty client', openId({ clientId: '' }), `${OPEN_ID}.clientId`],
  ['a client of spaces', openId({ clientId: '  ' }), `${OPEN_ID}.clientId`],
  [
    'no authorization endpoint',
    openId({ authorizationEndpoint: undefined }),
    `${OPEN_ID}.authorizationEndpoint`,
  ],
  ['no token endpoint', openId({ tokenEndpoint: undefined }), `${OPEN_ID}.tokenEndpoint`],
  ['no userinfo endpoint', openId({ userInfoEndpoint: undefined }), `${OPEN_ID}.userInfoEndpoint`],
  ['no client for the CLI', client({ clientId: undefined }), `${CLIENT}.clientId`],
  ['no key set while the listener verifies tokens', server({ jwksUri: undefined }), `${SERVER}.jwksUri`],
  ['neither certificate nor zone', { domain: undefined }, 'domain.certificateArn'],
  [
    'a zone without its id',
    { domain: { hostedZoneId: undefined, certificateArn: CERTIFICATE } },
    'domain.hostedZoneId',
  ],
  ['a zone without its name', { domain: { zoneName: undefined } }, 'domain.zoneName'],
]

const NEVER_OFF: Row[] = [
  ['an empty list of audiences', server({ allowedAudience: [] }), `${SERVER}.allowedAudience`],
  ['an empty audience', server({ allowedAudience: [''] }), `${SERVER}.allowedAudience.0`],
  ['an empty list of algorithms', server({ algorithms: [] }), `${SERVER}.algorithms`],
  ['unsigned tokens', server({ algorithms: ['none'] }), `${SERVER}.algorithms.0`],
  ['tokens signed with a shared secret', server({ algorithms: ['HS256'] }), `${SERVER}.algorithms.0`],
  ['signing in without an ID token', openId({ scopes: ['profile'] }), `${OPEN_ID}.scopes`],
  ['no scopes', openId({ scopes: [] }), `${OPEN_ID}.scopes`],
  ['authentication switched off', { auth: { enabled: false } }, 'auth.enabled'],
  ['authentication switched off for HTTP', { auth: { disableForHttp: true } }, 'auth.disableForHttp'],
  ['authentication switched off for gRPC', { auth: { disableForGrpc: true } }, 'auth.disableForGrpc'],
  ['security switched on or off under runs', { runs: { security: { useAuth: false } } }, 'runs.security'],
]

const SECRETS: Row[] = [
  ['a client secret', openId({ clientSecret: 'x' }), `${OPEN_ID}.clientSecret`],
  ['a client secret of the Helm chart', { auth: { oidc: { clientSecret: 'x' } } }, 'auth.oidc'],
  ['the name of a mounted client secret', openId({ clientSecretName: 'x' }), `${OPEN_ID}.clientSecretName`],
  [
    'the name of a mounted cookie key',
    { auth: { userAuth: { cookieHashKeySecretName: 'x' } } },
    'auth.userAuth.cookieHashKeySecretName',
  ],
  [
    "the cluster's own client",
    { auth: { internal: { clientId: 'x', clientSecretHash: 'y' } } },
    'auth.internal',
  ],
  [
    'the hash of a static client’s secret',
    { auth: { appAuth: { selfAuthServer: { staticClients: { a: { id: 'a', client_secret: 'x' } } } } } },
    'auth.appAuth.selfAuthServer.staticClients.a.client_secret',
  ],
  [
    'a secret by value',
    { secrets: { oidcClientSecret: { name: 'not a name!' } } },
    'secrets.oidcClientSecret.name',
  ],
]

const TOKENS: Row[] = [
  ['enableAuthServer as text', { auth: { enableAuthServer: 'yes' } }, 'auth.enableAuthServer'],
  [
    'an authorization server of another kind',
    { auth: { appAuth: { authServerType: 'Both' } } },
    'auth.appAuth.authServerType',
  ],
  ['ES256 while the listener verifies tokens', server({ algorithms: ['ES256'] }), `${SERVER}.algorithms`],
  [
    'a second issuer while the listener verifies tokens',
    server({ additionalIssuers: [{ issuer: 'https://sts.windows.net/t/' }] }),
    `${SERVER}.additionalIssuers`,
  ],
  [
    'an issuer that is listed twice',
    {
      ...server({ additionalIssuers: [{ issuer: 'https://id.example.com' }] }),
      ingress: { jwtValidation: false },
    },
    `${SERVER}.additionalIssuers.0.issuer`,
  ],
  [
    'more audiences than the listener compares',
    server({ allowedAudience: LONG.slice(0, 11) }),
    `${SERVER}.allowedAudience`,
  ],
  [
    'an issuer too long for the listener',
    server({ issuer: `https://id.example.com/${'x'.repeat(250)}` }),
    `${SERVER}.issuer`,
  ],
  ['aud for Cognito', server({ issuer: COGNITO, audienceClaim: 'aud' }), `${SERVER}.audienceClaim`],
  ['no attempts', server({ retryAttempts: 0 }), `${SERVER}.retryAttempts`],
  ['an endless delay', server({ retryDelay: '2h' }), `${SERVER}.retryDelay`],
  ['a delay without a unit', server({ retryDelay: '1' }), `${SERVER}.retryDelay`],
  [
    'an unknown authorization header',
    { auth: { grpcAuthorizationHeader: 'x-token' } },
    'auth.grpcAuthorizationHeader',
  ],
  [
    'settings too long for an environment',
    server({ allowedAudience: LONG.slice(0, 10).map((uri) => uri.repeat(5)) }),
    'auth',
  ],
]

const TOKEN_PROXY: Row[] = [
  ['a prefix without a slash', proxy({ pathPrefix: 'proxy' }), 'auth.tokenEndpointProxyConfig.pathPrefix'],
  [
    'a prefix that ends with a slash',
    proxy({ pathPrefix: '/proxy/' }),
    'auth.tokenEndpointProxyConfig.pathPrefix',
  ],
  ['a prefix with a wildcard', proxy({ pathPrefix: '/*' }), 'auth.tokenEndpointProxyConfig.pathPrefix'],
  ['a prefix above our own paths', proxy({ pathPrefix: '/v2' }), 'auth.tokenEndpointProxyConfig.pathPrefix'],
  [
    'a public URL that is not ours',
    proxy({ publicUrl: 'https://evil.example' }),
    'auth.tokenEndpointProxyConfig.publicUrl',
  ],
  [
    'a prefix that belongs to a neighbour',
    { ...proxy({ pathPrefix: '/oauth2/proxy' }), ingress: { minimalPaths: true } },
    'auth.tokenEndpointProxyConfig.pathPrefix',
  ],
]

const PLACE: Row[] = [
  ['a region that is none', { aws: { region: 'Ireland' } }, 'aws.region'],
  ['an account as a number', { aws: { account: 123456789012 } }, 'aws.account'],
  ['a name too long for target groups', { name: 'flyte-production' }, 'name'],
  ['a name in capitals', { name: 'Flyte' }, 'name'],
  ['another name than the first public URL', { domain: { name: 'other.example.com' } }, 'domain.name'],
  [
    'a host outside the zone without a certificate',
    uris('https://flyte.example.org'),
    'domain.certificateArn',
  ],
  [
    'a certificate of another region',
    { domain: { certificateArn: CERTIFICATE.replace('eu-west-1', 'us-east-1') } },
    'domain.certificateArn',
  ],
  ['a VPC without subnets', { network: { vpcId: 'vpc-0123456789abcdef0' } }, 'network.publicSubnetIds'],
  [
    'a VPC with one subnet',
    { network: { vpcId: 'vpc-0123456789abcdef0', publicSubnetIds: ['subnet-0123456789abcdef0'] } },
    'network.publicSubnetIds',
  ],
  ['subnets without a VPC', { network: { publicSubnetIds: ['subnet-0123456789abcdef0'] } }, 'network.vpcId'],
  [
    'an idle timeout shorter than a function',
    { loadBalancer: { idleTimeoutSeconds: 30 } },
    'loadBalancer.idleTimeoutSeconds',
  ],
  ['nobody allowed in', { loadBalancer: { allowedCidrs: [] } }, 'loadBalancer.allowedCidrs'],
  [
    'a cookie name with a wildcard',
    { ingress: { session: { cookieName: '*' } } },
    'ingress.session.cookieName',
  ],
  ['a session of a month', { ingress: { session: { timeout: '720h' } } }, 'ingress.session.timeout'],
  [
    'a retention that CloudWatch does not know',
    { functions: { logRetentionDays: 31 } },
    'functions.logRetentionDays',
  ],
  [
    'memory for a function that is not deployed',
    { functions: { memoryMb: { actions: 512 } } },
    'functions.memoryMb.actions',
  ],
  ['a storage prefix that is not S3', { runs: { storagePrefix: 'gs://bucket/x' } }, 'runs.storagePrefix'],
  ['no domains', { runs: { domains: [] } }, 'runs.domains'],
  ['a project with a capital letter', { runs: { seedProjects: ['Flyte'] } }, 'runs.seedProjects.0'],
]

const SHARED_LISTENER: Row[] = [
  [
    'a listener of another load balancer',
    existing({
      listenerArn: String((EXISTING.loadBalancer as { existing: Tree }).existing.listenerArn).replace(
        'shared',
        'other',
      ),
    }),
    'loadBalancer.existing.listenerArn',
  ],
  ['no priority', existing({ basePriority: undefined }), 'loadBalancer.existing.basePriority'],
  [
    'a certificate',
    { ...EXISTING, domain: { ...(EXISTING.domain as Tree), certificateArn: CERTIFICATE } },
    'domain.certificateArn',
  ],
  [
    'a network',
    {
      ...EXISTING,
      network: {
        vpcId: 'vpc-0123456789abcdef0',
        publicSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      },
    },
    'network.vpcId',
    'network.publicSubnetIds',
  ],
  [
    'a web ACL',
    { ...EXISTING, loadBalancer: { ...(EXISTING.loadBalancer as Tree), waf: { enabled: true } } },
    'loadBalancer.waf.enabled',
  ],
  [
    'more hosts than a rule has room for',
    { ...EXISTING, ...uris(...LONG.slice(0, 4)) },
    'auth.authorizedUris',
  ],
]

const SHAPE: Row[] = [
  ['an unknown section', { authentication: {} }, 'authentication'],
  ['the level that Helm values have', { configuration: { auth: {} } }, 'configuration'],
  ['an unknown key', openId({ clientID: 'x' }), `${OPEN_ID}.clientID`],
  ['two spellings that disagree', { auth: { oidc: { clientId: 'other' } } }, 'auth.oidc.clientId'],
  ['a list in the place of a section', { runs: [] }, 'runs'],
  ['text in the place of true or false', { ingress: { minimalPaths: 'yes' } }, 'ingress.minimalPaths'],
  ['a number in the place of text', openId({ clientId: 7 }), `${OPEN_ID}.clientId`],
]

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  URLs: URLS,
  'what is missing': MISSING,
  'checks that cannot be switched off': NEVER_OFF,
  secrets: SECRETS,
  tokens: TOKENS,
  'the token endpoint proxy': TOKEN_PROXY,
  'places and sizes': PLACE,
  'a listener that others use too': SHARED_LISTENER,
  'the shape of the file': SHAPE,
}

for (const [title, rows] of Object.entries(TABLES)) {
  describe(`settings, ${title}`, () => {
    for (const [name, change, ...paths] of rows) {
      it(`refuses ${name}`, () => {
        expect(problemPathsOf(change).sort()).toEqual([...paths].sort())
      })
    }
  })
}
