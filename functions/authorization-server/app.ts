/**
 * The authorization server: OAuth 2.0 for command lines, services and devices.
 *
 *   /oauth2/authorize, /oauth2/authorize_callback            a person and a browser (RFC 6749, 7636, 8252, 9207)
 *   /oauth2/device_authorization, /device                    a person and a device without a browser (RFC 8628)
 *   /oauth2/token                                            every grant
 *   /oauth2/jwks, /oauth2/revoke, /oauth2/introspect         whoever has a token in hand (RFC 7517, 7009, 7662)
 *
 * The engine (`engine/`) knows the protocol; who a person is comes from the sign-in (`session-reader.ts`); what spans
 * two requests is in the store. Nothing is kept in the process that another one would miss.
 */
import type { Clock } from '../shared/clock.ts'
import { type App, createApp, type PathHandler } from '../shared/http/router.ts'
import type { RandomBytes } from '../shared/random.ts'
import type { PathsOf, Route } from '../shared/routes.ts'
import type { SecretReader } from '../shared/secret-reader.ts'
import type { GrantStore } from '../shared/stores/grant-store.ts'
import type { SigningKeySource } from '../shared/tokens/signing-keys.ts'
import { createAccounts } from './accounts.ts'
import { createAuthorize, createAuthorizeCallback } from './authorize.ts'
import { createClientSecrets } from './client-secrets.ts'
import { createDevicePage } from './device-page.ts'
import { createEngineSource } from './engine/engine.ts'
import { createRedemptions } from './engine/redemptions.ts'
import { createRefreshAnswers } from './engine/refresh-answers.ts'
import { createFormEndpoint } from './form-endpoint.ts'
import { createJwks } from './jwks.ts'
import { errorPage } from './pages/error-page.ts'
import { createRateLimit } from './rate-limit.ts'
import type { SessionReader } from './session-reader.ts'
import type { AuthorizationServerSettings } from './settings.ts'
import { deviceAuthorizationEndpoint, tokenEndpoint } from './token.ts'

export interface AuthorizationServerDeps {
  /** The routes of this deployment: how a person's pages are reached depends on who signs people in. */
  readonly routes: readonly Route[]
  readonly settings: AuthorizationServerSettings
  readonly store: GrantStore
  readonly keys: SigningKeySource
  readonly session: SessionReader
  readonly readSecret: SecretReader
  /** The secret with the hashes of the clients' secrets; null where no client is confidential. */
  readonly clientSecretsName: string | null
  readonly random: RandomBytes
  readonly now: Clock
}

/** Makes the app. A refusal is a page where a person may look, and JSON for everybody else. */
export function createAuthorizationServerApp(deps: AuthorizationServerDeps): App {
  const { routes } = deps
  return createApp({
    function: 'authorization-server',
    routes,
    paths: createPaths(deps),
    onError: errorPage,
  })
}

type Paths = Readonly<Record<PathsOf<'authorization-server'>, PathHandler>>

function createPaths(deps: AuthorizationServerDeps): Paths {
  const { settings, store, keys, now, random } = deps
  const keepSeconds = settings.refreshAbsoluteSeconds + 3_600
  const accounts = createAccounts({ store, now, keepSeconds })
  const rateLimit = createRateLimit({ store, now })
  const engine = createEngineSource({
    settings,
    store,
    keys,
    accounts,
    random,
    now,
    refreshAnswers: createRefreshAnswers({ store, now, random }),
    redemptions: createRedemptions(store),
    isClientSecret: createClientSecrets({
      readSecret: deps.readSecret,
      secretName: deps.clientSecretsName,
      random,
    }),
  })
  const shared = { ...deps, accounts, rateLimit, engine }
  return {
    '/oauth2/authorize': createAuthorize(shared),
    '/oauth2/authorize_callback': createAuthorizeCallback(shared),
    '/oauth2/token': createFormEndpoint(shared, tokenEndpoint(shared)),
    '/oauth2/jwks': createJwks(keys),
    '/oauth2/device_authorization': createFormEndpoint(shared, deviceAuthorizationEndpoint),
    '/oauth2/revoke': createFormEndpoint(shared, { limited: 'token' }),
    '/oauth2/introspect': createFormEndpoint(shared, { limited: 'token' }),
    '/device': createDevicePage(shared),
  }
}
