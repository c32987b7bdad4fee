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

const openIdSection = section(
  {
    baseUrl: url('the OpenID Connect provider'),
    issuerUrl: url(`the provider as it names itself ("issuer" in ${DISCOVERY})`).optional(),
    clientId: text('the id of the client that is registered for this deployment'),
    scopes: list(scope(), 'scopes').default(['openid', 'profile', 'email']),
    authorizationEndpoint: url(`signing in ("authorization_endpoint" in ${DISCOVERY})`),
    tokenEndpoint: url(`exchanging codes ("token_endpoint" in ${DISCOVERY})`),
    userInfoEndpoint: url(`user information ("userinfo_endpoint" in ${DISCOVERY})`),
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
      domain: text('a host name').optional(),
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
  additionalIssuers: z.array(additionalIssuer, { error: 'must be a list of issuers' }).default([]),
  retryAttempts: integer(1, 20).default(5),
  retryDelay: duration(0, 60_000, 'from 0s to 60s').default(1000),
  httpProxyURL: proxyUrl().optional(),
}).prefault(EMPTY)

const lifespan = () => duration(1000, 315_360_000_000, 'from 1s to 87600h').optional()

const staticClient = section(
  {
    id: text('the id of the client'),
    public: flag().default(false),
    redirect_uris: z.array(url('a callback'), { error: 'must be a list of URLs' }).default([]),
    grant_types: list(text('a grant type'), 'grant types').optional(),
    response_types: list(text('a response type'), 'response types').optional(),
    scopes: list(scope(), 'scopes').optional(),
  },
  { client_secret: 'is a secret, hashed or not; secrets are never in this file: remove it' },
)

const KEYS = 'is not needed: signing keys are managed by the deployment; remove it'

const selfAuthServerSection = section(
  {
    issuer: url('the issuer of the tokens').optional(),
    accessTokenLifespan: lifespan(),
    refreshTokenLifespan: lifespan(),
    authorizationCodeLifespan: lifespan(),
    staticClients: z
      .record(text('the id of a client'), staticClient, { error: 'must be a mapping of clients' })
      .default({}),
  },
  {
    claimSymmetricEncryptionKeySecretName: KEYS,
    tokenSigningRSAKeySecretName: KEYS,
    oldTokenSigningRSAKeySecretName: KEYS,
  },
).prefault(EMPTY)

const flyteClientSection = section({
  clientId: text('the id of the public client that the SDK and the CLI use'),
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
  },
  {
    oidc: 'has keys that are not known here; only baseUrl and clientId can be pasted, and the client secret goes into Secrets Manager (secrets.oidcClientSecret)',
    internal: CLUSTER,
    clientSecretsExternalSecretRef: SECRETS,
    runServiceAuthSecretRef: SESSION_SECRETS,
    secure: 'is not needed: cookies are always secure; remove it',
  },
).prefault(EMPTY)
