import { type Route, type RouteOptions, routesFor } from '../../functions/shared/routes.ts'
import { DEFAULT_CLIENT_ID } from './authorization-server.ts'
import type { TrustedIssuer } from './function-settings.ts'
import type { SettingsFile } from './schema.ts'

/** What follows from several settings together. */
export interface Resolved {
  /** The first authorizedUri: where people and clients are sent. No trailing slash. */
  readonly publicUrl: string
  /** The host names of every authorizedUri, without ports; the first may not be a wildcard, others may. */
  readonly hosts: readonly string[]
  readonly domainName: string
  /** The issuer of the ID tokens that the load balancer receives. */
  readonly openIdIssuer: string
  /** Where the metadata of the authorization server is read. */
  readonly authorizationServerUrl: string
  /** Whose bearer tokens are accepted; the first is the one that the listener can verify too. */
  readonly trustedIssuers: readonly [TrustedIssuer, ...TrustedIssuer[]]
  readonly tokenProxyPublicUrl: string
  /** Starts the names of projects' secrets. */
  readonly secretPrefix: string
}

/** What of a file decides about its routes: also of one in which other things are wrong. */
interface RouteSettings {
  readonly auth?: { readonly appAuth?: { readonly authServerType?: RouteOptions['authServerType'] } }
  readonly ingress?: { readonly browserAuth?: RouteOptions['browserAuth'] }
}

/** The routes that a deployment with these settings has. */
export function routesOfDeployment({ auth, ingress }: RouteSettings): readonly Route[] {
  const authServerType = auth?.appAuth?.authServerType === 'Self' ? 'Self' : 'External'
  const browserAuth = ingress?.browserAuth === 'service' ? 'service' : 'alb'
  return routesFor({ authServerType, browserAuth })
}

/** Amazon Cognito user pools: their access tokens carry `client_id` and no `aud`. */
export function isCognitoIssuer(issuer: string): boolean {
  return /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//.test(issuer)
}

/** The host of an authorizedUri, without the port. */
export function hostOf(uri: string): string {
  return new URL(uri).hostname
}

/** Fills in the defaults that depend on other settings. Expects a file that passed every check. */
export function resolve(file: SettingsFile): Resolved {
  const { openId } = file.auth.userAuth
  const publicUrl = file.auth.authorizedUris[0] ?? ''
  const hosts = [...new Set(file.auth.authorizedUris.map(hostOf))]
  return {
    publicUrl,
    hosts,
    domainName: file.domain.name?.toLowerCase() ?? hosts[0] ?? '',
    openIdIssuer: openId.issuerUrl ?? openId.baseUrl,
    authorizationServerUrl: file.auth.appAuth.externalAuthServer.baseUrl ?? openId.baseUrl,
    trustedIssuers: resolveIssuers(file),
    tokenProxyPublicUrl: file.auth.tokenEndpointProxyConfig.publicUrl ?? publicUrl,
    secretPrefix: secretPrefixOf(file),
  }
}

/** What the names of projects' secrets start with: by default the name of the stack, so that two do not meet. */
export function secretPrefixOf({ name, runs }: Pick<SettingsFile, 'name' | 'runs'>): string {
  return runs.secretPrefix ?? `${name}-serverless/secrets`
}

/** The public client of the SDK and the CLI; with an authorization server of our own, Flyte's default one. */
export function flyteClientIdOf({ auth }: Pick<SettingsFile, 'auth'>): string {
  return auth.appAuth.thirdPartyConfig.flyteClient.clientId ?? DEFAULT_CLIENT_ID
}

/** The issuer of this deployment's own tokens. */
export function ownIssuerOf({ auth }: Pick<SettingsFile, 'auth'>): string {
  return auth.appAuth.selfAuthServer.issuer ?? auth.authorizedUris[0] ?? ''
}

/** Our own tokens: the keys are read at the public URL, and a token is for one of those that are spelt out. */
function ownIssuer(file: SettingsFile): TrustedIssuer {
  const [publicUrl = '', ...others] = file.auth.authorizedUris
  return {
    issuer: ownIssuerOf(file),
    jwksUri: `${publicUrl}/oauth2/jwks`,
    algorithms: ['RS256'],
    audienceClaim: 'aud',
    audiences: [publicUrl, ...others.filter((uri) => !uri.includes('*'))],
  }
}

/** The accepted issuers with their defaults: audience, algorithms and where the audience is read. */
export function resolveIssuers(file: SettingsFile): [TrustedIssuer, ...TrustedIssuer[]] {
  if (file.auth.appAuth.authServerType === 'Self') return [ownIssuer(file)]
  const { openId } = file.auth.userAuth
  const server = file.auth.appAuth.externalAuthServer
  const complete = (entry: {
    issuer: string
    jwksUri?: string | undefined
    algorithms: TrustedIssuer['algorithms']
    allowedAudience?: string[] | undefined
    audienceClaim?: TrustedIssuer['audienceClaim'] | undefined
    acceptIdTokens: boolean
  }): TrustedIssuer => ({
    issuer: entry.issuer,
    jwksUri: entry.jwksUri ?? null,
    algorithms: entry.algorithms,
    audienceClaim: entry.audienceClaim ?? (isCognitoIssuer(entry.issuer) ? 'client_id' : 'aud'),
    audiences: entry.allowedAudience ?? defaultAudiences(file, entry.issuer),
    ...(entry.acceptIdTokens ? { acceptIdTokens: true } : {}),
  })
  const first = complete({
    ...server,
    issuer: server.issuer ?? server.baseUrl ?? openId.issuerUrl ?? openId.baseUrl,
  })
  const others = server.additionalIssuers.map((entry) =>
    complete({
      ...entry,
      algorithms: entry.algorithms ?? server.algorithms,
      allowedAudience: entry.allowedAudience ?? server.allowedAudience,
    }),
  )
  return [first, ...others]
}

/** Flyte's default, the public URLs; for Cognito this deployment's own clients, because that is what it names. */
function defaultAudiences(file: SettingsFile, issuer: string): string[] {
  if (!isCognitoIssuer(issuer)) return file.auth.authorizedUris
  return [...new Set([flyteClientIdOf(file), file.auth.userAuth.openId.clientId])]
}
