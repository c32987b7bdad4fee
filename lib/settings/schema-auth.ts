/** The `auth:` block, in Flyte's key names. */
import * as z from 'zod'
import {
  choice,
  duration,
  EMPTY,
  flag,
  integer,
  list,
  matching,
  origin,
  proxyUrl,
  section,
  text,
  url,
} from './fields.ts'

const SECRETS =
  'names a file of a Kubernetes secret; put the secret into Secrets Manager and name it under secrets: instead'
const SESSION_SECRETS =
  'names a file of a Kubernetes secret; give secrets.cookieKeys.name instead, or let the stack create the keys'
const DISCOVERY = "the provider's .well-known/openid-configuration"

/** Both spellings that clients send and functions read. */
const headerName = () => choice(['authorization', 'flyte-authorization'])

const alwaysOn = () =>
  z.literal(false, { error: 'must be false or left out: authentication cannot be switched off' }).optional()

/** Signature algorithms that a bearer token may have; none of them uses a shared secret. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

const scope = () => matching(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope without spaces')
const audience = () => text('an audience, exactly as it is in the tokens')

/** What the load balancer has to be told of the provider; the login function reads it in the discovery document. */
export const OPEN_ID_ENDPOINTS = {
  authorizationEndpoint: `signing in ("authorization_endpoint" in ${DISCOVERY})`,
  tokenEndpoint: `exchanging codes ("token_endpoint" in ${DISCOVERY})`,
  userInfoEndpoint: `user information ("userinfo_endpoint" in ${DISCOVERY})`,
} as const

const openIdSection = section(
  {
    baseUrl: url('the OpenID Connect provider'),
    issuerUrl: url(`the provider as it names itself ("issuer" in ${DISCOVERY})`).optional(),
    clientId: text('the id of the client that is registered for this deployment'),
    scopes: list(scope(), 'scopes').default(['openid', 'profile', 'email']),
    publicClient: flag().default(false),
    authorizationEndpoint: url(OPEN_ID_ENDPOINTS.authorizationEndpoint).optional(),
    tokenEndpoint: url(OPEN_ID_ENDPOINTS.tokenEndpoint).optional(),
    userInfoEndpoint: url(OPEN_ID_ENDPOINTS.userInfoEndpoint).optional(),
  },
  { clientSecretName: SECRETS, clientSecretFile: SECRETS, clientSecret: SECRETS },
).prefault(EMPTY)

const landingPath = matching(/^\/(?![/\\])[\w\-./~]*$/, 'a path of this deployment such as /v2')

const userAuthSection = section(
  {
    openId: openIdSection,
    redirectUrl: landingPath.default('/v2'),
    cookieSetting: section({
      sameSitePolicy: choice(['DefaultMode', 'LaxMode', 'StrictMode', 'NoneMode']).default('LaxMode'),
      domain: matching(/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i, 'a host name such as example.com')
        .transform((value) => value.replace(/^\./, '').toLowerCase())
        .optional(),
    }).prefault(EMPTY),
    idpQueryParameter: matching(/^\w+$/, 'the name of a query parameter').optional(),
    httpProxyURL: proxyUrl().optional(),
  },
  { cookieHashKeySecretName: SESSION_SECRETS, cookieBlockKeySecretName: SESSION_SECRETS },
).prefault(EMPTY)

const audienceClaim = () => choice(['aud', 'client_id'])
const algorithms = () => list(choice(ALGORITHMS), 'signature algorithms')
const jwksUri = () => url(`the key set ("jwks_uri" in ${DISCOVERY})`)

const additionalIssuer = section({
  issuer: url('the issuer, exactly as in the "iss" claim of its tokens'),
  jwksUri: jwksUri().optional(),
  algorithms: algorithms().optional(),
  allowedAudience: list(audience(), 'audiences').optional(),
  audienceClaim: audienceClaim().optional(),
  acceptIdTokens: flag().default(false),
})

const externalAuthServerSection = section({
  baseUrl: url('the authorization server').optional(),
  metadataUrl: text('the path of the metadata document below baseUrl').default(
    '.well-known/oauth-authorization-server',
  ),
  issuer: url(
    `the issuer, exactly as in the "iss" claim of its tokens ("issuer" in ${DISCOVERY})`,
  ).optional(),
  jwksUri: jwksUri().optional(),
  algorithms: algorithms().default(['RS256']),
  allowedAudience: list(audience(), 'audiences').optional(),
  audienceClaim: audienceClaim().optional(),
  acceptIdTokens: flag().default(false),
  additionalIssuers: z.array(additionalIssuer, { error: 'must be a list of issuers' }).default([]),
  retryAttempts: integer(1, 20).default(5),
  retryDelay: duration(0, 60_000, 'from 0s to 60s').default(1000),
  httpProxyURL: proxyUrl().optional(),
}).prefault(EMPTY)

const TOKEN_RANGE = 'from 1s to 87600h'
const lifespan = () => duration(1000, 315_360_000_000, TOKEN_RANGE)

/** What a client may be allowed to do at our own authorization server. */
export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const

const staticClient = section(
  {
    id: matching(/^[\w.~-]{1,128}$/, 'an id of letters, digits, dots, - and _').optional(),
    name: text('what people read when they are asked about the client').optional(),
    public: flag().default(false),
    redirect_uris: z.array(url('a callback'), { error: 'must be a list of URLs' }).default([]),
    grant_types: list(choice(GRANT_TYPES), 'grant types').optional(),
    response_types: list(choice(['code', 'token']), 'response types').optional(),
    scopes: list(scope(), 'scopes').default(['all', 'offline']),
    firstParty: flag().optional(),
  },
  {
    client_secret:
      'is a secret, hashed or not; secrets are never in this file: put its hash into the secret that the output ClientSecretsName names',
  },
)

const KEYS =
  'names a file of a Kubernetes secret; give secrets.signingKeys.name instead, or let the stack create the keys'

/** As many as are ever published at once. */
const MAXIMUM_KMS_KEYS = 5
const kmsKey = () =>
  matching(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'the ARN of an RSA key in KMS that signs')

const selfAuthServerSection = section(
  {
    issuer: url('the issuer of the tokens').optional(),
    accessTokenLifespan: lifespan().prefault('30m'),
    refreshTokenLifespan: lifespan().prefault('60m'),
    refreshTokenAbsoluteLifespan: lifespan().optional(),
    authorizationCodeLifespan: duration(1000, 600_000, 'from 1s to 10m').prefault('5m'),
    signing: choice(['secret', 'kms']).default('secret'),
    signingKmsKeys: list(kmsKey(), 'ARNs of keys')
      .refine((keys) => keys.length <= MAXIMUM_KMS_KEYS, {
        error: `must be ${MAXIMUM_KMS_KEYS} keys at most`,
      })
      .optional(),
    staticClients: z
      .record(text('the id of a client'), staticClient, { error: 'must be a mapping of clients' })
      .default({}),
  },
  {
    claimSymmetricEncryptionKeySecretName:
      'is not needed: codes and refresh tokens are kept in a table; remove it',
    tokenSigningRSAKeySecretName: KEYS,
    oldTokenSigningRSAKeySecretName: KEYS,
  },
).prefault(EMPTY)

const flyteClientSection = section({
  clientId: text('the id of the public client that the SDK and the CLI use').optional(),
  redirectUri: url("the CLI's callback").default('http://localhost:53593/callback'),
  scopes: list(scope(), 'scopes').default(['all', 'offline']),
  audience: z.string({ error: 'must be text' }).default(''),
}).prefault(EMPTY)

const pathPrefix = matching(
  /^(\/[A-Za-z0-9_.~-]+)+$/,
  'a path that starts with / and does not end with one, such as /token-proxy',
)

const tokenEndpointProxySection = section({
  enabled: flag().default(false),
  publicUrl: origin().optional(),
  pathPrefix: pathPrefix.default('/token-proxy'),
}).prefault(EMPTY)

const PROXY_HEADER =
  /^(?!(?:authorization|flyte-authorization|cookie|host|te|upgrade|connection|content-.*|transfer-encoding|x-amzn-.*|x-forwarded-.*)$)[a-z0-9-]{1,64}$/i

const proxyAuthSection = section({
  header: matching(
    PROXY_HEADER,
    'the name of a header that an identity-aware proxy passes on, such as proxy-authorization or x-goog-iap-jwt-assertion',
  ).default('proxy-authorization'),
  issuers: list(
    section({
      issuer: url('the issuer, exactly as in the "iss" claim of its tokens'),
      jwksUri: jwksUri().optional(),
      algorithms: algorithms().default(['RS256']),
      // There is no default: what is for somebody else is not for this deployment.
      allowedAudience: list(audience(), 'audiences'),
      audienceClaim: audienceClaim().optional(),
    }),
    'the issuers of tokens for the proxy',
  ),
}).optional()

const CLUSTER = "belongs to Flyte's cluster components, which this deployment has none of; remove it"

/** The `auth:` block. Keys of a Helm block that stand for another key were moved there before (`aliases.ts`). */
export const authSection = section(
  {
    authorizedUris: list(origin(), 'the public URLs of this deployment'),
    httpProxyURL: proxyUrl().optional(),
    grpcAuthorizationHeader: headerName().default('authorization'),
    httpAuthorizationHeader: headerName().optional(),
    disableForHttp: alwaysOn(),
    disableForGrpc: alwaysOn(),
    userAuth: userAuthSection,
    appAuth: section({
      authServerType: choice(['External', 'Self']).default('External'),
      externalAuthServer: externalAuthServerSection,
      selfAuthServer: selfAuthServerSection,
      thirdPartyConfig: section({ flyteClient: flyteClientSection }).prefault(EMPTY),
    }).prefault(EMPTY),
    tokenEndpointProxyConfig: tokenEndpointProxySection,
    proxyAuth: proxyAuthSection,
  },
  {
    oidc: 'has keys that are not known here; only baseUrl and clientId can be pasted, and the client secret goes into Secrets Manager (secrets.oidcClientSecret)',
    internal: CLUSTER,
    clientSecretsExternalSecretRef: SECRETS,
    runServiceAuthSecretRef: SESSION_SECRETS,
    secure: 'is not needed: cookies are always secure; remove it',
  },
).prefault(EMPTY)
