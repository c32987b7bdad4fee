/**
 * The metadata of this deployment's own authorization server (`authServerType: Self`), made from the route
 * table: an endpoint that nobody serves cannot be advertised.
 */
import { ServiceError } from '../shared/errors.ts'
import type { HttpMethod, Route } from '../shared/routes.ts'
import type { ServerMetadata } from './server-metadata.ts'

/** Where the authorization server's endpoints are, if it has them. */
const ENDPOINTS = {
  authorization_endpoint: { path: '/oauth2/authorize', method: 'GET' },
  token_endpoint: { path: '/oauth2/token', method: 'POST' },
  jwks_uri: { path: '/oauth2/jwks', method: 'GET' },
  device_authorization_endpoint: { path: '/oauth2/device_authorization', method: 'POST' },
  revocation_endpoint: { path: '/oauth2/revoke', method: 'POST' },
  introspection_endpoint: { path: '/oauth2/introspect', method: 'POST' },
} as const satisfies Partial<Record<keyof ServerMetadata, { path: string; method: HttpMethod }>>

const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post']

export interface SelfDescription {
  /** What the tokens' `iss` says. */
  readonly issuer: string
  readonly scopes: readonly string[]
}

/**
 * Describes the authorization server as it is reached under `publicUrl`.
 *
 * Codes only, bound with S256 only, every authorization response with `iss` (RFC 9207); a public client
 * authenticates with nothing but its PKCE verifier.
 *
 * @throws {ServiceError} `feature_unconfigured` if the route table has no authorization, token or key endpoint.
 */
export function selfMetadata(
  { issuer, scopes }: SelfDescription,
  publicUrl: string,
  routes: readonly Route[],
): ServerMetadata {
  if (!servesOwnTokens(routes)) throw new ServiceError('feature_unconfigured')
  const served = Object.entries(ENDPOINTS).filter(([, { path, method }]) => isServed(routes, path, method))
  const endpoints: Partial<Record<keyof typeof ENDPOINTS, string>> = Object.fromEntries(
    served.map(([field, { path }]) => [field, `${publicUrl}${path}`]),
  )
  const device = endpoints.device_authorization_endpoint !== undefined
  return {
    issuer,
    ...endpoints,
    token_endpoint: `${publicUrl}${ENDPOINTS.token_endpoint.path}`,
    scopes_supported: scopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      ...(device ? ['urn:ietf:params:oauth:grant-type:device_code'] : []),
    ],
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    // Left out, they would say that a client without a secret cannot take its own tokens back.
    ...(endpoints.revocation_endpoint === undefined
      ? {}
      : { revocation_endpoint_auth_methods_supported: AUTH_METHODS }),
    ...(endpoints.introspection_endpoint === undefined
      ? {}
      : { introspection_endpoint_auth_methods_supported: AUTH_METHODS }),
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  }
}

/** Whether this deployment has an authorization server of its own that a client can use. */
export function servesOwnTokens(routes: readonly Route[]): boolean {
  const { authorization_endpoint, token_endpoint, jwks_uri } = ENDPOINTS
  const needed = [authorization_endpoint, token_endpoint, jwks_uri]
  return needed.every(({ path, method }) => isServed(routes, path, method))
}

function isServed(routes: readonly Route[], path: string, method: HttpMethod): boolean {
  return routes.some(
    (route) => route.kind === 'path' && route.path === path && route.methods.includes(method),
  )
}
