/** The login function in front of a provider, driven by a browser that keeps cookies. */
import type { ALBResult } from 'aws-lambda'
import { createLoginApp } from '../../../functions/login/app.ts'
import { createLoginDeps } from '../../../functions/login/create-deps.ts'
import type { LoginDeps } from '../../../functions/login/deps.ts'
import { newCall } from '../../../functions/shared/call.ts'
import type { SignInSettings } from '../../../functions/shared/config.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import type { App } from '../../../functions/shared/http/router.ts'
import { answerEvent } from '../../../functions/shared/lambda.ts'
import { systemRandomBytes } from '../../../functions/shared/random.ts'
import { createDynamoDbEndedSessionStore } from '../../../functions/shared/stores/dynamodb/ended-session-store.ts'
import { createDynamoDbRefreshStore } from '../../../functions/shared/stores/dynamodb/refresh-store.ts'
import type { EndedCall } from '../../../functions/shared/telemetry.ts'
import { type AlbRequest, albEvent } from '../../support/alb-event.ts'
import { COOKIE_KEYS, TestBrowser } from '../../support/cookie-fixture.ts'
import { AUTH_TABLE, type TestDatabase } from '../../support/dynamodb.ts'
import { functionSettings } from '../../support/identity-fixture.ts'
import { CLIENT_ID, CLIENT_SECRET } from '../../support/openid-provider.ts'
import { SESSION_SETTINGS } from '../../support/session-fixture.ts'

export const SITE = 'https://flyte.example.com'
export const AUTHORIZED_URIS = [SITE, 'https://flyte.example.org:8443', 'https://*.apps.example.com']

export interface TestLogin {
  readonly app: App
  readonly deps: LoginDeps
}

export interface LoginOptions {
  readonly provider: { readonly issuer: string }
  readonly database: TestDatabase
  readonly now: () => number
}

export interface LoginChanges {
  /** Null for a public client. */
  readonly clientSecret?: string | null
  readonly clientId?: string
  readonly settings?: Partial<SignInSettings>
  readonly deps?: Partial<LoginDeps>
}

/** The settings of a deployment that signs people in itself, at this provider. */
function settingsOf(issuer: string, { settings = {}, clientId = CLIENT_ID, ...changes }: LoginChanges) {
  const base = functionSettings(issuer)
  const { clientSecret = CLIENT_SECRET } = changes
  const openId = { baseUrl: issuer, clientId, scopes: ['openid', 'profile', 'email'] }
  return {
    ...base,
    authorizedUris: AUTHORIZED_URIS,
    auth: { ...base.auth, userAuth: { openId } },
    session: {
      ...SESSION_SETTINGS,
      landingPath: '/v2',
      idpQueryParameter: 'idp',
      clientSecret: clientSecret === null ? null : { name: 'client', key: 'client_secret' },
      cookieKeyNames: ['cookie-keys'],
      ...settings,
    },
  }
}

/** An instance of the login function that has just started: it knows nothing but what is in the table. */
export function startLogin({ provider, database, now }: LoginOptions, changes: LoginChanges = {}): TestLogin {
  const { clientSecret = CLIENT_SECRET } = changes
  const secrets: Readonly<Record<string, string>> = {
    client: JSON.stringify({ client_secret: clientSecret }),
    'cookie-keys': JSON.stringify({
      cookie_hash_key: COOKIE_KEYS[0].hashKey.toString('base64'),
      cookie_block_key: COOKIE_KEYS[0].blockKey.toString('base64'),
    }),
  }
  const store = { client: database.client, tableName: AUTH_TABLE, now }
  const deps: LoginDeps = {
    ...createLoginDeps({
      settings: settingsOf(provider.issuer, changes),
      publicUrl: SITE,
      readSecret: async (name) => secrets[name] ?? '',
      refreshStore: createDynamoDbRefreshStore(store),
      endedStore: createDynamoDbEndedSessionStore(store),
      fetch: fetchDocument,
      now,
      random: systemRandomBytes,
    }),
    ...changes.deps,
  }
  return { app: createLoginApp(deps), deps }
}

export interface Visit {
  readonly status: number
  readonly location: string
  readonly headers: Readonly<Record<string, string>>
  readonly setCookies: readonly string[]
  readonly text: string
  /** How the call ended, by our own reasons. */
  readonly outcome: string
  readonly call: ReturnType<typeof newCall>
}

/** A browser on this site: it keeps cookies, and follows no redirect by itself. */
export class Visitor {
  readonly browser: TestBrowser

  constructor(browser = new TestBrowser()) {
    this.browser = browser
  }

  /** Visits a path of the site, as typed into the address bar unless headers say otherwise. */
  async visit({ app }: TestLogin, path: string, request: Partial<AlbRequest> = {}): Promise<Visit> {
    const cookie = this.browser.header()
    const headers = {
      accept: 'text/html',
      ...(cookie.length === 0 ? {} : { cookie }),
      ...request.headers,
    }
    let ended: EndedCall | undefined
    const telemetry = {
      callEnded: (call: EndedCall) => {
        ended = call
      },
    }
    const result = await answerEvent({ app, telemetry }, albEvent({ ...request, path, headers }))
    const visit = visitOf(result, ended?.call ?? newCall())
    this.browser.take(visit.setCookies)
    return visit
  }

  /** Signs in at the provider and comes back; gives what the callback answered. */
  async signIn(
    login: TestLogin,
    provider: { signIn: (url: string, subject?: string) => URL },
    options: { path?: string; subject?: string } = {},
  ): Promise<Visit> {
    const started = await this.visit(login, options.path ?? '/login')
    return this.comeBack(login, provider.signIn(started.location, options.subject))
  }

  /** Arrives at the callback from the provider. */
  comeBack(login: TestLogin, url: URL): Promise<Visit> {
    return this.visit(login, `${url.pathname}${url.search}`, {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    })
  }
}

function visitOf(result: ALBResult, call: ReturnType<typeof newCall>): Visit {
  const lines = (result.multiValueHeaders ?? {}) as Record<string, string[]>
  return {
    status: result.statusCode,
    location: lines.location?.[0] ?? '',
    headers: Object.fromEntries(Object.entries(lines).map(([name, values]) => [name, values.join(', ')])),
    setCookies: lines['set-cookie'] ?? [],
    text: String(result.body),
    outcome: call.outcome,
    call,
  }
}
