/** What the engine does, and what it does not: every feature that is not named here is off. */
import {
  type Configuration,
  type Account as EngineAccount,
  errors,
  interactionPolicy,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { RandomBytes } from '../../shared/random.ts'
import type { SigningKey } from '../../shared/tokens/signing-keys.ts'
import type { Account, Accounts } from '../accounts.ts'
import { engineClient } from '../clients.ts'
import { type AuthorizationServerSettings, isClientId, OFFLINE_SCOPE } from '../settings.ts'
import { extraClaims } from './claims.ts'
import { createRecords, type RecordsDeps } from './records.ts'
import { resourceServerFor } from './resource-server.ts'
import { engineSigningKey } from './signing-key.ts'

/** The endpoints that the engine answers. */
export const ENGINE_ROUTES = {
  authorization: '/oauth2/authorize',
  token: '/oauth2/token',
  device_authorization: '/oauth2/device_authorization',
  code_verification: '/device',
  revocation: '/oauth2/revoke',
  introspection: '/oauth2/introspect',
  jwks: '/oauth2/jwks',
} as const

/** Where a person agrees to what the engine was asked for. */
export const CALLBACK_PATH = '/oauth2/authorize_callback'

/** How long a sign-in or a device may take. */
export const INTERACTION_SECONDS = 600
export const DEVICE_CODE_SECONDS = 600
/** Twenty consonants, none of which reads like another, in eight places: 34 bits (RFC 8628 section 6.1). */
const USER_CODE_MASK = '****-****'
const OPAQUE_TOKEN_BITS = 256

export interface EngineConfigurationDeps extends RecordsDeps {
  readonly settings: AuthorizationServerSettings
  readonly key: SigningKey
  readonly accounts: Accounts
  readonly random: RandomBytes
  readonly now: Clock
}

/** Makes the configuration. */
export function engineConfiguration(deps: EngineConfigurationDeps): Configuration {
  const { settings, accounts, key } = deps
  return {
    adapter: createRecords(deps),
    clients: settings.clients.map((client) => engineClient(client, deps.random)),
    jwks: { keys: [engineSigningKey(key)] },
    scopes: [...new Set(settings.clients.flatMap(({ scopes }) => scopes))],
    responseTypes: ['code'],
    routes: ENGINE_ROUTES,
    ttl: lifetimes(settings, deps.now),
    features: features(settings),
    formats: { bitsOfOpaqueRandomness: OPAQUE_TOKEN_BITS },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && source.scopes.has(OFFLINE_SCOPE),
    expiresWithSession: () => false,
    revokeGrantPolicy: () => true,
    clientBasedCORS: () => false,
    allowOmittingSingleRegisteredRedirectUri: false,
    interactions: {
      policy: signInEachTime(),
      url: (_ctx, { uid }) => `${CALLBACK_PATH}?interaction=${uid}`,
    },
    findAccount: async (_ctx, subject) => {
      // A client may have been given the name of somebody who had signed in before there was that client.
      if (isClientId(settings, subject)) return undefined
      return engineAccount(await accounts.find(subject))
    },
    loadExistingGrant: (ctx) => grantOfResult(ctx),
    extraTokenClaims: extraClaims,
    renderError: (ctx, out) => {
      ctx.body = out
    },
  }
}

function lifetimes(settings: AuthorizationServerSettings, now: Clock): Configuration['ttl'] {
  const { accessTokenSeconds, refreshIdleSeconds, refreshAbsoluteSeconds } = settings
  return {
    AccessToken: accessTokenSeconds,
    ClientCredentials: accessTokenSeconds,
    AuthorizationCode: settings.authorizationCodeSeconds,
    DeviceCode: DEVICE_CODE_SECONDS,
    Interaction: INTERACTION_SECONDS,
    Session: INTERACTION_SECONDS,
    Grant: refreshAbsoluteSeconds + INTERACTION_SECONDS,
    RefreshToken: (_ctx, token) => {
      const firstIssuedAt = token.iiat ?? epochSeconds(now())
      const remainingSeconds = firstIssuedAt + refreshAbsoluteSeconds - epochSeconds(now())
      return Math.max(1, Math.min(refreshIdleSeconds, remainingSeconds))
    },
  }
}

function features(settings: AuthorizationServerSettings): Configuration['features'] {
  const off = { enabled: false }
  return {
    devInteractions: off,
    userinfo: off,
    rpInitiatedLogout: off,
    pushedAuthorizationRequests: off,
    dPoP: off,
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true, charset: 'base-20', mask: USER_CODE_MASK },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) =>
        token.clientId === client.clientId || client.clientAuthMethod !== 'none',
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => [oneOf ?? settings.audiences].flat()[0] ?? '',
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource, client) => resourceServerFor(ctx, resource, client, settings),
    },
  }
}

/** Asks each time who it is: nobody is signed in here beyond a single request. */
function signInEachTime() {
  const { Check, Prompt } = interactionPolicy
  const isUnknown = new Check('sign_in_needed', 'somebody has to sign in', 'login_required', (ctx) =>
    ctx.oidc.result?.login === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
  )
  return [
    new Prompt({ name: 'login', requestable: true }, isUnknown),
    new Prompt({ name: 'consent', requestable: true }),
  ]
}

function engineAccount(account: Account | undefined): EngineAccount | undefined {
  if (account === undefined) return undefined
  const { subject, profile } = account
  return { accountId: subject, claims: () => ({ sub: subject }), profile }
}

async function grantOfResult(ctx: KoaContextWithOIDC) {
  const grantId = ctx.oidc.result?.consent?.grantId
  if (grantId === undefined) throw new errors.AccessDenied()
  return ctx.oidc.provider.Grant.find(grantId)
}
