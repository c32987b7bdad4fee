/** The login function in front of a provider, driven by a browser that keeps cookies. */
import type { ALBResult } from 'aws-lambda'
import type { LoginDeps } from '../../../functions/login/deps.ts'
import { type LoginPath, loginError, loginPaths } from '../../../functions/login/paths.ts'
import { createRedirectResolver } from '../../../functions/login/redirect-target.ts'
import { newCall, noteFailure } from '../../../functions/shared/call.ts'
import { asServiceError, ServiceError } from '../../../functions/shared/errors.ts'
import { createOriginMatcher } from '../../../functions/shared/http/authorized-origins.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createPublicUrlResolver } from '../../../functions/shared/http/public-url.ts'
import type { App } from '../../../functions/shared/http/router.ts'
import { answerEvent } from '../../../functions/shared/lambda.ts'
import { systemRandomBytes } from '../../../functions/shared/random.ts'
import { createDynamoDbEndedSessionStore } from '../../../functions/shared/stores/dynamodb/ended-session-store.ts'
import type { EndedCall } from '../../../functions/shared/telemetry.ts'
import { createAccessTokenVerifier } from '../../../functions/shared/tokens/access-token.ts'
import { createIssuerMetadata } from '../../../functions/shared/tokens/issuer-metadata.ts'
import { createKeySet } from '../../../functions/shared/tokens/key-set.ts'
import { type AlbRequest, albEvent } from '../../support/alb-event.ts'
import { TestBrowser } from '../../support/cookie-fixture.ts'
import { AUTH_TABLE } from '../../support/dynamodb.ts'
import { type Instance, type InstanceOptions, newInstance } from '../../support/session-fixture.ts'

export const SITE = 'https://flyte.example.com'
export const AUTHORIZED_URIS = [SITE, 'https://flyte.example.org:8443', 'https://*.apps.example.com']

export interface TestLogin {
  readonly app: App
  readonly deps: LoginDeps
  readonly instance: Instance
}

export type LoginChanges = Partial<InstanceOptions> & {
  readonly deps?: Partial<LoginDeps>
  readonly landingPath?: string
}

/** An instance of the login function that has just started. */
export function startLogin(
  options: Pick<InstanceOptions, 'provider' | 'database' | 'now'>,
  changes: LoginChanges = {},
): TestLogin {
  const instance = newInstance({ ...options, ...changes })
  const { now } = instance
  const { issuer, clientId, scopes } = instance.openId
  const algorithms = ['RS256' as const]
  const issuerMetadata = createIssuerMetadata({ fetch: fetchDocument, now })
  const trusted = { issuer, jwksUri: null, algorithms, audiences: [SITE], audienceClaim: 'aud' as const }
  const deps: LoginDeps = {
    publicUrl: SITE,
    publicUrlOf: createPublicUrlResolver(AUTHORIZED_URIS),
    isOwnOrigin: createOriginMatcher(AUTHORIZED_URIS),
    resolveRedirect: createRedirectResolver({
      authorizedUris: AUTHORIZED_URIS,
      landingPath: changes.landingPath ?? '/v2',
    }),
    settings: instance.settings,
    scopes,
    idpQueryParameter: 'idp',
    loadBalancerCookie: 'AWSELBAuthSessionCookie',
    provider: { issuer, clientId, algorithms },
    keys: createKeySet(trusted, { fetch: fetchDocument, metadata: issuerMetadata, now }),
    client: instance.client,
    cookieKeys: instance.cookieKeys,
    readSession: instance.readSession,
    verifyIdToken: instance.verifyIdToken,
    verifyAccessToken: createAccessTokenVerifier({
      trustedIssuers: [trusted],
      fetch: fetchDocument,
      metadata: issuerMetadata,
      now,
    }),
    ended: instance.ended,
    endedStore: createDynamoDbEndedSessionStore({
      client: options.database.client,
      tableName: AUTH_TABLE,
      now,
    }),
    now,
    random: systemRandomBytes,
    ...changes.deps,
  }
  return { app: appOf(deps), deps, instance }
}

function appOf(deps: LoginDeps): App {
  const paths = loginPaths(deps)
  const onError = loginError(deps)
  return async (request, call) => {
    try {
      const handler = paths[request.path as LoginPath]
      if (handler === undefined) throw new ServiceError('path_unknown')
      return await handler(request, call)
    } catch (thrown) {
      const error = asServiceError(thrown)
      noteFailure(call, error)
      return onError(error, request)
    }
  }
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
