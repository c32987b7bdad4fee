/** The configuration of oidc-provider: which tokens it issues, and to whom. */
import {
  type AdapterFactory,
  type Configuration,
  interactionPolicy,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider'
import { registeredClients, type WebClient } from './clients.ts'
import type { ProviderKeys } from './keys.ts'
import { deviceCodePage, deviceConfirmationPage, messagePage, signOutPage } from './pages.ts'
import { claimsOf, findPerson } from './people.ts'

/** The scopes that a token for the deployment may have; a client asks for some of them. */
export const API_SCOPES: readonly string[] = ['all', 'openid', 'profile', 'email', 'offline_access']

const MINUTE_SECONDS = 60
const HOUR_SECONDS = 60 * MINUTE_SECONDS
const DAY_SECONDS = 24 * HOUR_SECONDS

/** How long an access token is valid, in seconds. */
export const ACCESS_TOKEN_SECONDS = HOUR_SECONDS

export interface ProviderOptions {
  readonly issuer: string
  /** The public URL of the deployment: the audience of access tokens for it. */
  readonly publicUrl: string
  readonly webClient: WebClient
  readonly keys: ProviderKeys
  readonly adapter: AdapterFactory
  /** How long an access token is valid, for people and for services. Default: {@link ACCESS_TOKEN_SECONDS}. */
  readonly accessTokenSeconds?: number | undefined
  /** How long an ID token is valid, in seconds. Default: an hour. */
  readonly idTokenSeconds?: number | undefined
  /** Calls the clients that want to be told of a sign-out, which are on this machine. */
  readonly fetch: Configuration['fetch']
}

/**
 * Everybody but the web client gets RS256 access tokens for the deployment, with a subject and no
 * profile. The web client gets opaque ones, which the userinfo endpoint takes.
 */
export function providerConfiguration(options: ProviderOptions): Configuration {
  return {
    adapter: options.adapter,
    clients: registeredClients(options.webClient),
    jwks: options.keys.jwks,
    cookies: { keys: [...options.keys.cookieKeys] },
    scopes: [...API_SCOPES],
    responseTypes: ['code'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'picture'],
      email: ['email', 'email_verified'],
    },
    findAccount: (_ctx, id) => {
      const person = findPerson(id)
      return person && { accountId: id, claims: () => claimsOf(person, options.issuer) }
    },
    interactions: { policy: signInOnly(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantWhatWasAsked,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    clientBasedCORS: () => false,
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
    ttl: lifetimes(options),
    fetch: options.fetch,
    features: features(options),
    renderError: (ctx, out) => {
      ctx.type = 'html'
      ctx.body = messagePage('That did not work', out.error_description ?? out.error)
    },
  }
}

function lifetimes(options: ProviderOptions): Configuration['ttl'] {
  const { accessTokenSeconds = ACCESS_TOKEN_SECONDS, idTokenSeconds = HOUR_SECONDS } = options
  return {
    AccessToken: accessTokenSeconds,
    ClientCredentials: accessTokenSeconds,
    AuthorizationCode: MINUTE_SECONDS,
    DeviceCode: 10 * MINUTE_SECONDS,
    IdToken: idTokenSeconds,
    Interaction: HOUR_SECONDS,
    RefreshToken: DAY_SECONDS,
    Session: DAY_SECONDS,
    Grant: DAY_SECONDS,
  }
}

function features(options: ProviderOptions): Configuration['features'] {
  const resourceServer: ResourceServer = {
    scope: API_SCOPES.join(' '),
    audience: options.publicUrl,
    accessTokenFormat: 'jwt',
    accessTokenTTL: options.accessTokenSeconds ?? ACCESS_TOKEN_SECONDS,
    jwt: { sign: { alg: 'RS256' } },
  }
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, client) =>
        client.clientId === options.webClient.clientId ? [] : options.publicUrl,
      useGrantedResource: () => true,
      getResourceServerInfo: () => resourceServer,
    },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => html(ctx, signOutPage(form)),
      postLogoutSuccessSource: (ctx) => html(ctx, messagePage('Signed out', 'You can close this page.')),
    },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, form, _out, error) =>
        html(ctx, deviceCodePage(form, { refused: error !== undefined })),
      userCodeConfirmSource: (ctx, form, client, _device, userCode) =>
        html(
          ctx,
          deviceConfirmationPage(form, { clientName: client.clientName ?? client.clientId, userCode }),
        ),
      successSource: (ctx) => html(ctx, messagePage('Your device is connected', 'You can close this page.')),
    },
  }
}

function html(ctx: KoaContextWithOIDC, body: string): void {
  ctx.type = 'html'
  ctx.body = body
}

/** Asks who it is, and nothing else: everybody here consents to everything. */
function signInOnly() {
  const policy = interactionPolicy.base()
  policy.remove('consent')
  return policy
}

async function grantWhatWasAsked(ctx: KoaContextWithOIDC) {
  const { client, session, provider, params } = ctx.oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  const scope = typeof params?.scope === 'string' ? params.scope : 'openid'
  grant.addOIDCScope(scope)
  for (const resource of [params?.resource ?? []].flat()) grant.addResourceScope(String(resource), scope)
  await grant.save()
  return grant
}
