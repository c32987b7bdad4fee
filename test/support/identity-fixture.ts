/** Settings, requests and load balancer identities for tests of who is calling. */
import type { FunctionSettings } from '../../functions/shared/config.ts'
import { fetchDocument } from '../../functions/shared/http/fetch-document.ts'
import type { HttpRequest } from '../../functions/shared/http/message.ts'
import type { Access } from '../../functions/shared/routes.ts'
import type { DocumentFetcher } from '../../functions/shared/tokens/remote-document.ts'
import { type KeyServer, startKeyServer } from '../../local/alb/key-server.ts'
import { createSigningKeys, type SigningKeys } from '../../local/alb/signing-keys.ts'

export const NOW_SECONDS = 1_800_000_000
export const NOW_MS = NOW_SECONDS * 1000
export const PUBLIC_URL = 'https://flyte.example.com'
export const LOAD_BALANCER_ARN =
  'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/flyte/50dc6c495c0c9188'
export const LOAD_BALANCER_CLIENT = 'flyte-alb'
export const REGION = 'eu-west-1'

/** What a test may change about {@link functionSettings}. */
export interface SettingsChanges {
  readonly authorizedUris?: readonly string[]
  readonly runs?: Partial<FunctionSettings['runs']>
  readonly loadBalancer?: Partial<FunctionSettings['loadBalancer']>
  readonly proxyAuth?: FunctionSettings['auth']['proxyAuth']
  readonly trustedIssuer?: Partial<FunctionSettings['auth']['trustedIssuers'][number]>
}

/** The settings of a deployment that trusts one issuer, for people and for tokens. */
export function functionSettings(issuer: string, changes: SettingsChanges = {}): FunctionSettings {
  return {
    authorizedUris: [...(changes.authorizedUris ?? [PUBLIC_URL])],
    auth: {
      userAuth: { openId: { baseUrl: issuer, clientId: LOAD_BALANCER_CLIENT, scopes: ['openid'] } },
      appAuth: {
        authServerType: 'External',
        externalAuthServer: {
          baseUrl: issuer,
          metadataUrl: '.well-known/oauth-authorization-server',
          retryAttempts: 1,
          retryDelayMs: 0,
          httpProxyUrl: null,
        },
        selfAuthServer: { issuer: PUBLIC_URL, scopes: ['all'] },
        thirdPartyConfig: {
          flyteClient: {
            clientId: 'flytectl',
            redirectUri: 'http://localhost:53593/callback',
            scopes: ['all'],
            audience: '',
            authorizationMetadataKey: 'authorization',
          },
        },
      },
      tokenEndpointProxyConfig: { enabled: false, publicUrl: PUBLIC_URL, pathPrefix: '/token' },
      httpProxyUrl: null,
      trustedIssuers: [
        {
          issuer,
          jwksUri: null,
          algorithms: ['RS256'],
          audiences: [PUBLIC_URL],
          audienceClaim: 'aud',
          ...changes.trustedIssuer,
        },
      ],
      ...(changes.proxyAuth === undefined ? {} : { proxyAuth: changes.proxyAuth }),
    },
    runs: {
      trustForwardedIdentityHeaders: true,
      userinfoSubject: 'match',
      storagePrefix: 's3://bucket/prefix',
      seedProjects: ['flytesnacks'],
      domains: ['development'],
      secretPrefix: 'flyte-serverless/secrets',
      logs: null,
      ...changes.runs,
    },
    loadBalancer: {
      arn: LOAD_BALANCER_ARN,
      region: REGION,
      issuer,
      clientId: LOAD_BALANCER_CLIENT,
      sessionCookieName: 'AWSELBAuthSessionCookie',
      sessionTimeoutSeconds: 604_800,
      ...changes.loadBalancer,
    },
  }
}

/** A request with these headers; an array for one that was sent more than once. */
export function requestWith(
  headers: Readonly<Record<string, string | readonly string[]>>,
  access: Access = 'open',
  method = 'POST',
): HttpRequest {
  const lines = Object.entries(headers).map(([name, value]) => [name, [value].flat()] as const)
  return {
    method,
    path: '/flyteidl2.workflow.RunService/CreateRun',
    query: '',
    headers: Object.fromEntries(lines),
    body: new Uint8Array(),
    access,
    requestId: 'test',
    requestIdIsCallers: false,
    traceId: undefined,
  }
}

/** The load balancers of one region: their keys on a server of their own, and the way there. */
export interface AlbRegion {
  readonly keys: SigningKeys
  /** Every key that was asked for, by its address. */
  readonly asked: string[]
  /** As the functions fetch: addresses of the region's key server lead to the local one. */
  readonly fetch: DocumentFetcher
  /** A signed `x-amzn-oidc-data` of the deployment's load balancer, with these changes. */
  readonly data: (
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ) => string
  readonly close: () => Promise<void>
}

/** Starts a region whose load balancer signs people in at `issuer`. */
export async function startAlbRegion(issuer: string, region = REGION): Promise<AlbRegion> {
  const keys = createSigningKeys()
  const server: KeyServer = await startKeyServer({ publicKey: keys.publicKey, port: 0 })
  const keyHost = `https://public-keys.auth.elb.${region}.amazonaws.com`
  const asked: string[] = []
  return {
    keys,
    asked,
    fetch: (url, options) => {
      if (!url.startsWith(`${keyHost}/`)) return fetchDocument(url, options)
      asked.push(url)
      return fetchDocument(url.replace(keyHost, server.url), options)
    },
    data: (claims = {}, header = {}) => {
      const exp = NOW_SECONDS + 120
      return keys.sign(
        { signer: LOAD_BALANCER_ARN, client: LOAD_BALANCER_CLIENT, iss: issuer, exp, ...header },
        { sub: 'ada', exp, iss: issuer, ...claims },
      )
    },
    close: server.close,
  }
}
