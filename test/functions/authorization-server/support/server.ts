/**
 * An authorization server for tests: the real app over load balancer events, its store in a real database engine,
 * its clock the system's (which a test may set). `restart` makes a new one on the same store, as a new process would.
 */
import { generateKeyPairSync } from 'node:crypto'
import type { ALBEvent } from 'aws-lambda'
import { hashSync } from 'bcryptjs'
import {
  type AuthorizationServerDeps,
  createAuthorizationServerApp,
} from '../../../../functions/authorization-server/app.ts'
import type {
  SessionReader,
  SignedInPerson,
} from '../../../../functions/authorization-server/session-reader.ts'
import {
  type AuthorizationServerSettings,
  DEFAULT_CLIENTS,
  DEFAULT_LIFETIMES,
  type StaticClient,
} from '../../../../functions/authorization-server/settings.ts'
import { type Clock, systemClock } from '../../../../functions/shared/clock.ts'
import { createLambdaHandler } from '../../../../functions/shared/lambda.ts'
import { systemRandomBytes } from '../../../../functions/shared/random.ts'
import {
  type BrowserAuth,
  type PathRoute,
  type Route,
  routesFor,
} from '../../../../functions/shared/routes.ts'
import { createDynamoDbGrantStore } from '../../../../functions/shared/stores/dynamodb/grant-store.ts'
import type { GrantStore } from '../../../../functions/shared/stores/grant-store.ts'
import type { EndedCall } from '../../../../functions/shared/telemetry.ts'
import {
  CURRENT_KEY,
  createKeyDocumentSource,
  type KeyDocument,
} from '../../../../functions/shared/tokens/key-document.ts'
import type { SigningKeySource } from '../../../../functions/shared/tokens/signing-keys.ts'
import {
  type AlbAnswer,
  type AlbRequest,
  callThrough,
  type EventHandler,
  targetGroupArn,
} from '../../../support/alb-event.ts'
import { AUTH_TABLE, type TestDatabase } from '../../../support/dynamodb.ts'

export const ISSUER = 'https://flyte.example.com'
export const REDIRECT_URI = 'http://localhost:53593/callback'
export const REPORTER = 'reporter'
export const REPORTER_SECRET = 'the secret of the reporter'
/** A confidential client that is not first-party and has a redirect of its own. */
export const DASHBOARD = 'dashboard'
export const DASHBOARD_SECRET = 'the secret of the dashboard'
export const DASHBOARD_REDIRECT = 'https://dashboard.example.com/callback'
export const STRANGER = 'stranger'

export const ADA: SignedInPerson = {
  issuer: 'https://login.example.com',
  subject: 'ada',
  profile: { name: 'Ada Lovelace', givenName: 'Ada', familyName: 'Lovelace', email: 'ada@example.com' },
  authTimeEpochSeconds: undefined,
}

const FURTHER_CLIENTS: readonly StaticClient[] = [
  {
    id: REPORTER,
    name: 'Reporter',
    public: false,
    redirectUris: [],
    grantTypes: ['client_credentials'],
    scopes: ['reports'],
    firstParty: true,
  },
  {
    id: DASHBOARD,
    name: 'The <Dashboard>',
    public: false,
    redirectUris: [DASHBOARD_REDIRECT],
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    scopes: ['all', 'offline'],
    firstParty: false,
  },
  {
    id: STRANGER,
    name: 'Stranger',
    public: true,
    redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
    grantTypes: ['authorization_code'],
    scopes: ['all', 'offline'],
    firstParty: false,
  },
]

export const SETTINGS: AuthorizationServerSettings = {
  issuer: ISSUER,
  publicUrl: ISSUER,
  audiences: [ISSUER, 'https://other.example.com'],
  ...DEFAULT_LIFETIMES,
  clients: [...DEFAULT_CLIENTS, ...FURTHER_CLIENTS],
}

/** Makes an RSA key in PEM form. */
export function newPem(bits = 2048): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

const PEM = newPem()
const DEFAULT_ADDRESS = '203.0.113.7'
let servers = 0
export const bcryptHash = (secret: string) => hashSync(secret, 4)

export interface TestServer {
  readonly handler: EventHandler
  readonly store: GrantStore
  /** Everything that was answered, as it was noted. */
  readonly ended: EndedCall[]
  /** What the secrets hold; change them to rotate. */
  readonly secrets: { keys: KeyDocument; clients: Record<string, unknown> }
  /** Who is signed in, in every browser; undefined for nobody. */
  person: SignedInPerson | undefined
  /** Another process on the same store: nothing but that is kept. */
  readonly restart: () => void
  readonly call: (request: AlbRequest) => Promise<AlbAnswer>
}

export interface TestServerOptions {
  readonly settings?: Partial<AuthorizationServerSettings>
  readonly session?: SessionReader
  /** Who signs people in. Default the load balancer. */
  readonly browserAuth?: BrowserAuth
  /** What it signs with in place of the key in its secret. */
  readonly keys?: SigningKeySource
  /** What the server takes for the time. Its engine keeps the system's. */
  readonly now?: Clock
}

/** Starts one on a database. */
export function startTestServer(database: TestDatabase, options: TestServerOptions = {}): TestServer {
  const { now = systemClock, browserAuth = 'alb' } = options
  const routes = routesFor({ authServerType: 'Self', browserAuth })
  const store = createDynamoDbGrantStore({ client: database.client, tableName: AUTH_TABLE, now })
  const secrets: TestServer['secrets'] = {
    keys: { [CURRENT_KEY]: PEM },
    clients: { [REPORTER]: bcryptHash(REPORTER_SECRET), [DASHBOARD]: bcryptHash(DASHBOARD_SECRET) },
  }
  const keysOfSecret = () =>
    createKeyDocumentSource({ readSecret: async () => JSON.stringify(secrets.keys), secretName: 'keys', now })
  const ended: EndedCall[] = []
  const session: SessionReader = options.session ?? {
    signInUrl: (returnTo) => `/login?redirect_url=${encodeURIComponent(returnTo)}`,
    read: async () => server.person && { person: server.person, setCookies: [] },
  }
  let current = newHandler()

  function newHandler(): EventHandler {
    const deps: AuthorizationServerDeps = {
      routes,
      settings: { ...SETTINGS, ...options.settings },
      store,
      keys: options.keys ?? keysOfSecret(),
      session,
      readSecret: async () => JSON.stringify(secrets.clients),
      clientSecretsName: 'clients',
      random: systemRandomBytes,
      now,
    }
    const telemetry = { callEnded: (call: EndedCall) => void ended.push(call) }
    return createLambdaHandler({ app: createAuthorizationServerApp(deps), telemetry, tracing: false })
  }

  // A network of its own: all the addresses of one count together.
  const address = `2001:db8:0:${nextServer().toString(16)}::1`
  const handler: EventHandler = (event, context) =>
    current(onItsWay(fromAddress(event, address), routes), context)
  const server: TestServer = {
    handler,
    store,
    ended,
    secrets,
    person: ADA,
    restart: () => {
      current = newHandler()
    },
    call: (request) => callThrough(handler, request),
  }
  return server
}

function nextServer(): number {
  servers += 1
  return servers
}

/** What one test asks does not count for another, although they share a database. */
function fromAddress(event: ALBEvent, address: string): ALBEvent {
  const headers = event.multiValueHeaders ?? {}
  const own = headers['x-forwarded-for']?.[0] === DEFAULT_ADDRESS ? { 'x-forwarded-for': [address] } : {}
  return { ...event, multiValueHeaders: { ...headers, ...own } }
}

/** Each path by its own way in. */
function onItsWay(event: ALBEvent, routes: readonly Route[]): ALBEvent {
  const route = routes.find((one): one is PathRoute => one.kind === 'path' && one.path === event.path)
  return { ...event, requestContext: { elb: { targetGroupArn: targetGroupArn(route?.access[0] ?? 'open') } } }
}
