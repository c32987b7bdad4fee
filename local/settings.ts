/** The settings of the local deployment, in the words of flyte.yaml. */
import { COMMAND_LINE_CLIENT_ID, COMMAND_LINE_REDIRECT_URI } from './identity-provider/clients.ts'
import type { ProviderDescription } from './provider-description.ts'
import { LOCAL_ACCOUNT } from './resource-names.ts'

export const LOCAL_REGION = 'eu-west-1'

/** Where the logs of tasks are in the local CloudWatch Logs. */
export const LOCAL_LOG_GROUP = '/flyte/tasks'

/** Who can sign browsers in: the load balancer, or the login function. */
export const BROWSER_AUTHS = ['alb', 'service'] as const
export type BrowserAuth = (typeof BROWSER_AUTHS)[number]

/** A part of flyte.yaml: what of the local settings is to be different. */
export interface SettingsOverride {
  readonly [key: string]: unknown
}

/** The client that people are signed in with in their browsers at the local provider. */
export const WEB_CLIENT_ID = 'flyte-web'

/**
 * The settings as a document that `flyte.yaml` could be (JSON is YAML).
 *
 * @param options.browserAuth Who signs browsers in. Default: the load balancer.
 * @param options.self Whether the deployment is its own authorization server. Default: the provider is it.
 * @param options.override Merged over the document, object by object; a list replaces a list.
 */
export function localSettings(options: {
  publicUrl: string
  provider: ProviderDescription
  browserAuth?: BrowserAuth
  self?: boolean
  override?: SettingsOverride
}): string {
  const { publicUrl, provider, browserAuth = 'alb', self = false, override = {} } = options
  const document = {
    name: 'flyte',
    aws: { region: LOCAL_REGION },
    runs: { logs: { group: LOCAL_LOG_GROUP } },
    domain: {
      certificateArn: `arn:aws:acm:${LOCAL_REGION}:${LOCAL_ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000`,
    },
    auth: {
      authorizedUris: [publicUrl],
      userAuth: {
        openId: {
          baseUrl: provider.issuer,
          clientId: provider.clientId ?? WEB_CLIENT_ID,
          authorizationEndpoint: provider.authorizationEndpoint,
          tokenEndpoint: provider.tokenEndpoint,
          userInfoEndpoint: provider.userInfoEndpoint,
        },
      },
      appAuth: self ? { authServerType: 'Self' } : providersTokens(publicUrl, provider),
    },
    ingress: { browserAuth },
  }
  return JSON.stringify(merge(document, override))
}

/** The provider is the authorization server, and its tokens are those of this deployment. */
function providersTokens(publicUrl: string, provider: ProviderDescription) {
  const audiences = provider.audiences ?? [publicUrl]
  const scopes = ['openid', 'profile', 'email', 'offline_access', ...(provider.commandLineScopes ?? ['all'])]
  return {
    externalAuthServer: {
      jwksUri: provider.jwksUri,
      allowedAudience: audiences,
      // Whoever waits for this machine's own provider would rather know at once.
      retryAttempts: 2,
    },
    thirdPartyConfig: {
      flyteClient: {
        clientId: provider.commandLineClientId ?? COMMAND_LINE_CLIENT_ID,
        redirectUri: COMMAND_LINE_REDIRECT_URI,
        scopes,
        audience: audiences[0],
      },
    },
  }
}

function merge(base: unknown, override: unknown): unknown {
  if (!isObject(base) || !isObject(override)) return override === undefined ? base : override
  const keys = new Set([...Object.keys(base), ...Object.keys(override)])
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], override[key])]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
