/** Sessions for tests: everything that reads and refreshes them, as in one instance of a function, over one table. */
import { fetchDocument } from '../../functions/shared/http/fetch-document.ts'
import { systemRandomBytes } from '../../functions/shared/random.ts'
import { createEndedSessions, type EndedSessions } from '../../functions/shared/session/ended-sessions.ts'
import { createIdTokenVerifier, type IdTokenVerifier } from '../../functions/shared/session/id-token.ts'
import { createOpenIdClient, type OpenIdClient } from '../../functions/shared/session/openid-client.ts'
import {
  createProviderMetadata,
  type ProviderMetadataSource,
} from '../../functions/shared/session/provider-metadata.ts'
import { createRefresher } from '../../functions/shared/session/refresh.ts'
import type { CookieKeys } from '../../functions/shared/session/secure-cookie.ts'
import { writeSession } from '../../functions/shared/session/session-cookies.ts'
import {
  createSessionReader,
  openJar,
  type SessionReader,
} from '../../functions/shared/session/session-reader.ts'
import type { OpenIdSettings, SessionSettings } from '../../functions/shared/session/session-settings.ts'
import { createDynamoDbEndedSessionStore } from '../../functions/shared/stores/dynamodb/ended-session-store.ts'
import { createDynamoDbRefreshStore } from '../../functions/shared/stores/dynamodb/refresh-store.ts'
import { createKeySet } from '../../functions/shared/tokens/key-set.ts'
import { COOKIE_KEYS, TestBrowser } from './cookie-fixture.ts'
import { AUTH_TABLE, type TestDatabase } from './dynamodb.ts'
import { CLIENT_ID, CLIENT_SECRET, type TestOpenIdProvider } from './openid-provider.ts'

export const SESSION_SETTINGS: SessionSettings = {
  cookie: { sameSite: 'Lax', domain: null },
  idleSeconds: 3_600,
  absoluteSeconds: 86_400,
}

export interface Instance {
  readonly openId: OpenIdSettings
  readonly settings: SessionSettings
  readonly metadata: ProviderMetadataSource
  readonly client: OpenIdClient
  readonly verifyIdToken: IdTokenVerifier
  readonly ended: EndedSessions
  readonly readSession: SessionReader
  readonly cookieKeys: () => Promise<CookieKeys>
  readonly now: () => number
}

export interface InstanceOptions {
  readonly provider: Pick<TestOpenIdProvider, 'issuer'>
  readonly database: TestDatabase
  readonly now: () => number
  readonly keys?: CookieKeys
  readonly settings?: Partial<SessionSettings>
  readonly clientSecret?: string | null
  readonly clientId?: string
}

/** An instance of a function that has just started: it knows nothing but what is in the table. */
export function newInstance(options: InstanceOptions): Instance {
  const { provider, database, now, keys = COOKIE_KEYS, clientSecret = CLIENT_SECRET } = options
  const { clientId = CLIENT_ID } = options
  const settings = { ...SESSION_SETTINGS, ...options.settings }
  const openId = {
    baseUrl: provider.issuer,
    issuer: provider.issuer,
    clientId,
    scopes: ['openid', 'profile', 'email'],
  }
  const random = systemRandomBytes
  const store = { client: database.client, tableName: AUTH_TABLE, now }
  const metadata = createProviderMetadata({ openId, fetch: fetchDocument, now })
  const client = createOpenIdClient({
    clientId,
    clientSecret: clientSecret === null ? null : async () => clientSecret,
    metadata,
    fetch: fetchDocument,
    now,
  })
  const verifyIdToken = createIdTokenVerifier({
    provider: { issuer: provider.issuer, clientId, algorithms: ['RS256'] },
    keys: createKeySet(
      { issuer: provider.issuer, jwksUri: null },
      {
        fetch: fetchDocument,
        metadata: {
          get: async () => ({ jwksUri: (await metadata()).jwks_uri, userinfoEndpoint: undefined }),
        },
        now,
      },
    ),
    now,
  })
  const ended = createEndedSessions({
    store: createDynamoDbEndedSessionStore(store),
    now,
    absoluteSeconds: settings.absoluteSeconds,
  })
  const cookieKeys = async () => keys
  const refresh = createRefresher({
    store: createDynamoDbRefreshStore(store),
    client: async () => client,
    verifyIdToken,
    now,
    random,
  })
  const readSession = createSessionReader({
    settings,
    cookieKeys,
    verifyIdToken,
    ended,
    refresh,
    now,
    random,
  })
  return { openId, settings, metadata, client, verifyIdToken, ended, readSession, cookieKeys, now }
}

export interface SessionContents {
  readonly idToken: string
  readonly accessToken?: string
  readonly refreshToken?: string | undefined
  readonly userinfo?: Readonly<Record<string, unknown>>
  readonly record?: { id?: string | undefined; startedAtEpochSeconds?: number; sid?: string | undefined }
}

/** A browser that has a session, as a sign-in at `now` left it there. */
export function browserWith(
  {
    idToken,
    accessToken = 'access-of-ada-1',
    refreshToken,
    userinfo = { sub: 'ada' },
    record = {},
  }: SessionContents,
  {
    now,
    keys = COOKIE_KEYS,
    settings = SESSION_SETTINGS,
  }: { now: () => number; keys?: CookieKeys; settings?: SessionSettings },
): TestBrowser {
  const jar = openJar({ settings, now, random: systemRandomBytes }, keys, new Map())
  const startedAtEpochSeconds = Math.floor(now() / 1000)
  const browser = new TestBrowser()
  browser.take(
    writeSession(jar, {
      tokens: { idToken, accessToken, refreshToken },
      userinfo,
      record: { id: 'session-1', startedAtEpochSeconds, sid: undefined, ...record },
    }),
  )
  return browser
}
