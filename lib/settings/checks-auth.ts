/** Rules about identity: who issues tokens, who verifies them, and the size of what functions are told. */
import type { NeighbourGroup } from '../../functions/shared/routes.ts'
import { authorizationServerSettings } from './authorization-server.ts'
import type { CrossCheck } from './cross-check.ts'
import { problemIf } from './cross-check.ts'
import { functionSettings } from './function-settings.ts'
import type { Problem } from './problems.ts'
import { proxyIssuers } from './proxy-auth.ts'
import { hostOf, isCognitoIssuer, resolve, resolveIssuers } from './resolve.ts'
import type { SettingsFile } from './schema.ts'

const SERVER = 'auth.appAuth.externalAuthServer'
const SELF = 'auth.appAuth.selfAuthServer'
const OPEN_ID = 'auth.userAuth.openId'
const ISSUERS = [
  'auth.appAuth.authServerType',
  SERVER,
  'auth.appAuth.selfAuthServer.issuer',
  OPEN_ID,
  'auth.appAuth.thirdPartyConfig',
  'auth.authorizedUris',
]

/** What `ingress.minimalPaths` leaves to a neighbour on the same listener. */
const NEIGHBOUR_GROUPS: readonly NeighbourGroup[] = [
  '/.well-known',
  '/me',
  '/config',
  '/oauth2',
  '/api',
  '/console',
]

/** Lambda's limit for the whole environment, minus room for the variables beside FLYTE_SETTINGS. */
const MAXIMUM_SETTINGS_BYTES = 4096 - 700
const LONG_NAMES = { loadBalancerArn: 'x'.repeat(140), storagePrefix: 'x'.repeat(120) }
const LONG_SECRET = 'x'.repeat(130)
const LONG_SECRETS = {
  signingKeysSecret: LONG_SECRET,
  signingKmsKeys: undefined,
  clientSecretsSecret: LONG_SECRET,
}
const LONG_SIGN_IN = {
  clientSecret: { name: LONG_SECRET, key: 'x'.repeat(20) },
  cookieKeyNames: [LONG_SECRET, LONG_SECRET],
}

const scopes: CrossCheck = {
  reads: [`${OPEN_ID}.scopes`],
  run: ({ auth }) =>
    problemIf(
      !auth.userAuth.openId.scopes.includes('openid'),
      `${OPEN_ID}.scopes`,
      'must have openid: without it the provider gives no ID token and nobody can sign in',
    ),
}

const cognito: CrossCheck = {
  reads: ISSUERS,
  run: (file) =>
    resolveIssuers(file).flatMap(({ issuer, audienceClaim }, index) =>
      problemIf(
        isCognitoIssuer(issuer) && audienceClaim !== 'client_id',
        `${issuerPath(index)}.audienceClaim`,
        'must be client_id or left out: access tokens of Cognito have no aud',
      ),
    ),
}

const distinctIssuers: CrossCheck = {
  reads: ISSUERS,
  run: (file) => {
    const issuers = resolveIssuers(file).map(({ issuer }) => issuer)
    return issuers.flatMap((issuer, index) =>
      problemIf(
        issuers.indexOf(issuer) !== index,
        `${issuerPath(index)}.issuer`,
        'is listed before; remove this entry',
      ),
    )
  },
}

const issuerPath = (index: number): string =>
  index === 0 ? SERVER : `${SERVER}.additionalIssuers.${index - 1}`

/** What the load balancer's own verification can do is fixed; anything beyond it is left to the functions. */
const jwtValidation: CrossCheck = {
  reads: [...ISSUERS, 'ingress.jwtValidation'],
  run: (file) => (file.ingress.jwtValidation ? jwtValidationProblems(file) : []),
}

function jwtValidationProblems(file: SettingsFile): Problem[] {
  const [{ issuer, jwksUri, algorithms, audiences }, ...others] = resolveIssuers(file)
  const isSelf = file.auth.appAuth.authServerType === 'Self'
  const otherwise = 'or set ingress.jwtValidation to false: the functions verify every token anyway'
  return [
    ...problemIf(
      jwksUri === null,
      `${SERVER}.jwksUri`,
      `is missing; paste "jwks_uri" from the provider's .well-known/openid-configuration, ${otherwise}`,
    ),
    ...problemIf(
      algorithms.some((algorithm) => algorithm !== 'RS256'),
      `${SERVER}.algorithms`,
      `must be RS256 alone, the only algorithm that the load balancer verifies, ${otherwise}`,
    ),
    ...problemIf(
      others.length > 0,
      `${SERVER}.additionalIssuers`,
      `must be empty, because the load balancer verifies one issuer only, ${otherwise}`,
    ),
    ...problemIf(
      audiences.length > 10 || audiences.some((audience) => audience.length > 256),
      isSelf ? 'auth.authorizedUris' : `${SERVER}.allowedAudience`,
      `must be 10 values of 256 characters at most for the load balancer, ${otherwise}`,
    ),
    ...problemIf(
      issuer.length > 256 || (jwksUri?.length ?? 0) > 256,
      `${isSelf ? SELF : SERVER}.issuer`,
      `must be 256 characters at most for the load balancer, as must jwksUri, ${otherwise}`,
    ),
  ]
}

const tokenProxy: CrossCheck = {
  reads: ['auth.tokenEndpointProxyConfig', 'auth.authorizedUris', 'ingress.minimalPaths'],
  run: (file, routes) => {
    const { enabled, pathPrefix, publicUrl } = file.auth.tokenEndpointProxyConfig
    if (!enabled) return []
    const path = 'auth.tokenEndpointProxyConfig'
    const taken = routes.some(
      (route) => route.kind === 'path' && `${route.path}/`.startsWith(`${pathPrefix}/`),
    )
    const neighbours = file.ingress.minimalPaths ? NEIGHBOUR_GROUPS : []
    return [
      ...problemIf(
        taken,
        `${path}.pathPrefix`,
        'must not be above a path that this deployment answers itself',
      ),
      ...problemIf(
        neighbours.some((group) => `${pathPrefix}/`.startsWith(`${group}/`)),
        `${path}.pathPrefix`,
        'must not be in a path that ingress.minimalPaths leaves to a neighbour; use for example /token-proxy',
      ),
      ...problemIf(
        publicUrl !== undefined && !file.auth.authorizedUris.some((uri) => coversUrl(uri, publicUrl)),
        `${path}.publicUrl`,
        'must be one of auth.authorizedUris',
      ),
    ]
  },
}

function coversUrl(uri: string, url: string): boolean {
  if (!uri.includes('*')) return uri === url
  const oneLevelDown = url.replace(/\/\/[^.]+\./, '//*.')
  return hostOf(oneLevelDown) === hostOf(uri) && oneLevelDown === uri
}

const environmentSize: CrossCheck = {
  reads: ['auth', 'runs', 'aws', 'domain', 'ingress'],
  run: (file) => {
    const signIn = file.ingress.browserAuth === 'service' ? LONG_SIGN_IN : undefined
    const settings = functionSettings({ ...file, resolved: resolve(file) }, { ...LONG_NAMES, signIn })
    const isSelf = file.auth.appAuth.authServerType === 'Self'
    const { signingKmsKeys } = file.auth.appAuth.selfAuthServer
    const own = isSelf ? [authorizationServerSettings(file, { ...LONG_SECRETS, signingKmsKeys })] : []
    const texts = [settings, ...own].map((document) => JSON.stringify(document))
    return problemIf(
      Buffer.byteLength(texts.join('')) > MAXIMUM_SETTINGS_BYTES,
      'auth',
      `is too long together with runs: a function's environment holds 4096 bytes; shorten the lists`,
    )
  },
}

export const AUTH_CHECKS: readonly CrossCheck[] = [
  scopes,
  cognito,
  distinctIssuers,
  jwtValidation,
  tokenProxy,
  proxyIssuers,
  environmentSize,
]
