/** A provider that does what a test says, and the metadata function in front of it. */
import { createServer, type RequestListener } from 'node:http'
import { vi } from 'vitest'
import { createMetadataApp, type MetadataAppOptions } from '../../../functions/metadata/app.ts'
import type { FunctionSettings } from '../../../functions/shared/config.ts'
import type { ServiceError } from '../../../functions/shared/errors.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createLambdaHandler } from '../../../functions/shared/lambda.ts'
import { createTelemetry } from '../../../functions/shared/telemetry.ts'
import { closeServer, listen } from '../../../local/listening.ts'
import type { EventHandler } from '../../support/alb-event.ts'
import { functionSettings } from '../../support/identity-fixture.ts'

export const OAUTH_PATH = '/.well-known/oauth-authorization-server'
export const OPENID_PATH = '/.well-known/openid-configuration'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Provider {
  readonly url: string
  /** What it was asked, in order. */
  readonly asked: ReceivedRequest[]
  /** How each path is answered; any other is 404. */
  readonly answers: Map<string, RequestListener>
  readonly close: () => Promise<void>
}

/** Starts a provider that publishes the metadata of an authorization server of its own. */
export async function startProvider(): Promise<Provider> {
  const asked: ReceivedRequest[] = []
  const answers = new Map<string, RequestListener>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const path = request.url ?? ''
    asked.push({ method: request.method ?? '', path, headers: request.headers, body })
    const answer = answers.get(path)
    if (answer) answer(request, response)
    else response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
  })
  const url = `http://127.0.0.1:${await listen(server, { port: 0 })}`
  answers.set(OAUTH_PATH, json(documentOf(url)))
  return { url, asked, answers, close: () => closeServer(server) }
}

/** A document as providers have it, with fields that nobody here knows. */
export function documentOf(url: string, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/oauth2/v1/token`,
    device_authorization_endpoint: `${url}/device`,
    jwks_uri: `${url}/keys`,
    scopes_supported: ['openid', 'all'],
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    claims_supported: ['sub'],
    x_vendor: { deep: [1, null] },
    ...changes,
  }
}

export function json(value: unknown, status = 200): RequestListener {
  return (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => void response.writeHead(code, headers).end()
}

export const html: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sorry')

type Auth = FunctionSettings['auth']

export interface Changes {
  readonly authorizedUris?: string[]
  readonly authServerType?: 'Self' | 'External'
  readonly externalAuthServer?: Partial<Auth['appAuth']['externalAuthServer']>
  readonly selfAuthServer?: Partial<Auth['appAuth']['selfAuthServer']>
  readonly flyteClient?: Partial<Auth['appAuth']['thirdPartyConfig']['flyteClient']>
  readonly tokenProxy?: Partial<Auth['tokenEndpointProxyConfig']>
}

/** Settings of a deployment that uses this provider. */
export function settingsFor(providerUrl: string, changes: Changes = {}): FunctionSettings {
  const base = functionSettings(providerUrl)
  const { appAuth } = base.auth
  return {
    ...base,
    authorizedUris: changes.authorizedUris ?? base.authorizedUris,
    auth: {
      ...base.auth,
      appAuth: {
        authServerType: changes.authServerType ?? 'External',
        externalAuthServer: { ...appAuth.externalAuthServer, ...changes.externalAuthServer },
        selfAuthServer: { ...appAuth.selfAuthServer, ...changes.selfAuthServer },
        thirdPartyConfig: {
          flyteClient: { ...appAuth.thirdPartyConfig.flyteClient, ...changes.flyteClient },
        },
      },
      tokenEndpointProxyConfig: {
        ...base.auth.tokenEndpointProxyConfig,
        pathPrefix: '/token-proxy',
        ...changes.tokenProxy,
      },
    },
  }
}

/** The function as Lambda runs it, with a clock that a test moves. */
export function metadataHandler(
  settings: FunctionSettings,
  options: Partial<Pick<MetadataAppOptions, 'now' | 'routes'>> = {},
): EventHandler {
  const app = createMetadataApp({ settings, fetch: fetchDocument, now: () => 1_800_000_000_000, ...options })
  return createLambdaHandler({ app, telemetry: createTelemetry(), tracing: false })
}

/** Collects what is written to the log while a test runs; `restore` ends it. */
export function captureOutput(): { text: () => string; restore: () => void } {
  const written: string[] = []
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk))
      return true
    }),
  )
  return { text: () => written.join(''), restore: () => spies.forEach((spy) => void spy.mockRestore()) }
}

/** What a promise was refused with. */
export async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error: ServiceError) => error.reason,
  )
}
