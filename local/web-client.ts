/**
 * The client that a deployment signs people in with in their browsers, found in its template: in the authenticate-oidc
 * actions of its rules, or in the settings of the functions that do it instead.
 */
import { randomBytes } from 'node:crypto'
import type { CloudFormationTemplate, Resolver } from './alb/index.ts'
import { findSecret, type LocalSecret } from './aws/local-secret.ts'
import type { WebClient } from './identity-provider/clients.ts'
import { LOOPBACK } from './listening.ts'
import { WEB_CLIENT_ID } from './settings.ts'

/** A client with its secret, and the paths that the provider sends people and notices to. */
export interface DeployedClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly callbackPath: string
  /** Undefined where the load balancer signs people in: it cannot sign them out. */
  readonly signOut: { readonly returnPath: string; readonly noticePath: string } | undefined
}

type Properties = Readonly<Record<string, unknown>>

/** The client of the rules; undefined if none of them signs anybody in. */
export async function clientOfRules(
  template: CloudFormationTemplate,
  resolver: Resolver,
): Promise<DeployedClient | undefined> {
  for (const resource of Object.values(template.Resources ?? {})) {
    if (resource.Type !== 'AWS::ElasticLoadBalancingV2::ListenerRule') continue
    const { Actions = [] } = (resource.Properties ?? {}) as {
      Actions?: { AuthenticateOidcConfig?: Properties }[]
    }
    const config = Actions.find((action) => action.AuthenticateOidcConfig)?.AuthenticateOidcConfig
    if (config === undefined) continue
    const { ClientId, ClientSecret } = (await resolver.resolve(config)) as Properties
    const callbackPath = '/oauth2/idpresponse'
    return {
      clientId: String(ClientId),
      clientSecret: String(ClientSecret),
      callbackPath,
      signOut: undefined,
    }
  }
  return undefined
}

/** As much of `FLYTE_SETTINGS` as says who the client is. */
interface SignInSettings {
  readonly auth: { readonly userAuth: { readonly openId: { readonly clientId: string } } }
  readonly session?: { readonly clientSecret: { readonly name: string; readonly key: string | null } | null }
}

/** The client of the functions; undefined if they sign nobody in, or have no secret for it. */
export function clientOfFunctions(
  functions: Iterable<{ readonly environment: Readonly<Record<string, string>> }>,
  secrets: readonly LocalSecret[],
): DeployedClient | undefined {
  for (const { environment } of functions) {
    const settings = JSON.parse(environment.FLYTE_SETTINGS ?? '{}') as Partial<SignInSettings>
    const { name, key } = settings.session?.clientSecret ?? {}
    const secret = name === undefined ? undefined : findSecret(secrets, name)
    if (settings.auth === undefined || secret === undefined) continue
    return {
      clientId: settings.auth.userAuth.openId.clientId,
      clientSecret: key ? String(JSON.parse(secret.value)[key]) : secret.value,
      callbackPath: '/callback',
      signOut: { returnPath: '/logout', noticePath: '/backchannel-logout' },
    }
  }
  return undefined
}

/**
 * What an operator would register at the provider for this deployment.
 *
 * @param url The public URL. The loopback address stands for the same place.
 */
export function registrationOf(client: DeployedClient | undefined, url: string): WebClient {
  if (client === undefined) {
    return { clientId: WEB_CLIENT_ID, clientSecret: randomBytes(32).toString('hex'), redirectUris: [] }
  }
  const { clientId, clientSecret, callbackPath, signOut } = client
  return {
    clientId,
    clientSecret,
    redirectUris: [url, url.replace('localhost', LOOPBACK)].map((origin) => `${origin}${callbackPath}`),
    postLogoutRedirectUris: signOut === undefined ? [] : [`${url}${signOut.returnPath}`],
    backchannelLogoutUri: signOut && `${url}${signOut.noticePath}`,
  }
}
