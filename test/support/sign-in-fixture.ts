/** The settings of a deployment that signs people in itself, and its sessions, as a function has them. */
import type { FunctionSettings, SignInSettings } from '../../functions/shared/config.ts'
import { fetchDocument } from '../../functions/shared/http/fetch-document.ts'
import { systemRandomBytes } from '../../functions/shared/random.ts'
import { createSessions, type Sessions } from '../../functions/shared/session/sessions.ts'
import { createDynamoDbEndedSessionStore } from '../../functions/shared/stores/dynamodb/ended-session-store.ts'
import { createDynamoDbRefreshStore } from '../../functions/shared/stores/dynamodb/refresh-store.ts'
import { COOKIE_KEYS } from './cookie-fixture.ts'
import { AUTH_TABLE, type TestDatabase } from './dynamodb.ts'
import { functionSettings, type SettingsChanges } from './identity-fixture.ts'
import { CLIENT_ID } from './openid-provider.ts'
import { SESSION_SETTINGS } from './session-fixture.ts'

export const SIGN_IN: SignInSettings = {
  ...SESSION_SETTINGS,
  landingPath: '/v2',
  idpQueryParameter: null,
  clientSecret: null,
  cookieKeyNames: ['hash', 'block'],
}

/** In the names of {@link SIGN_IN}. */
const SECRETS: Readonly<Record<string, string>> = {
  hash: COOKIE_KEYS[0].hashKey.toString('base64'),
  block: COOKIE_KEYS[0].blockKey.toString('base64'),
}

/** The settings of a deployment that signs people in at this provider; without `session`, its load balancer does. */
export function signInSettings(
  issuer: string,
  session: SignInSettings | undefined = SIGN_IN,
  changes: SettingsChanges = {},
): FunctionSettings {
  const base = functionSettings(issuer, changes)
  const openId = { baseUrl: issuer, clientId: CLIENT_ID, scopes: ['openid', 'profile', 'email'] }
  return { ...base, auth: { ...base.auth, userAuth: { openId } }, ...(session && { session }) }
}

/** Its sessions, over a table. */
export function sessionsOf(
  settings: FunctionSettings,
  { database, now }: { database: TestDatabase; now: () => number },
): Sessions {
  const store = { client: database.client, tableName: AUTH_TABLE, now }
  return createSessions({
    settings,
    readSecret: async (name) => SECRETS[name] ?? '',
    refreshStore: createDynamoDbRefreshStore(store),
    endedStore: createDynamoDbEndedSessionStore(store),
    fetch: fetchDocument,
    now,
    random: systemRandomBytes,
  })
}
