import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration, interactionPolicy } from 'oidc-provider'
import { onTestFinished } from 'vitest'
import { memoryAdapter } from './adapter.ts'
import type { Action } from './alb.ts'

export const CLIENT_ID = 'load-balancer'
export const CLIENT_SECRET = 'a-secret-of-the-load-balancer'
/** What browsers call the load balancer and the provider; each is served by a port of this machine. */
export const FRONT = 'https://front.test'
export const IDP = 'http://idp.test'
export const REDIRECT_URI = `${FRONT}/oauth2/idpresponse`

const SIGNING_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

export interface Idp {
  readonly port: number
  readonly issuer: string
  /** An authenticate-oidc action for this provider. */
  readonly action: (change?: Readonly<Record<string, unknown>>) => Action
  /** Makes the template's addresses reachable. */
  readonly mapUrl: (url: string) => string
}

export function authenticateAction(config: Readonly<Record<string, unknown>>): Action {
  return {
    Type: 'authenticate-oidc',
    Order: 1,
    AuthenticateOidcConfig: { ClientId: CLIENT_ID, ClientSecret: CLIENT_SECRET, ...config },
  }
}

/** Serves a handler on a free port for the length of one test. */
export async function serve(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return (server.address() as AddressInfo).port
}

export interface IdpOptions {
  readonly accessTokenSeconds?: number
  readonly refreshTokens?: boolean
  readonly claims?: Readonly<Record<string, unknown>>
  /** Denies the login instead of signing in. */
  readonly deny?: boolean
}

/** Starts oidc-provider, where everybody is signed in as `ada` without being asked. */
export async function startIdp(options: IdpOptions = {}): Promise<Idp> {
  const provider = new Provider(IDP, configuration(options))
  provider.proxy = true
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    const result = options.deny ? { error: 'access_denied' } : { login: { accountId: 'ada' } }
    await provider.interactionFinished(ctx.req, ctx.res, result)
    ctx.respond = false
  })
  const port = await serve(provider.callback())
  return {
    port,
    issuer: IDP,
    mapUrl: (url) => (url.endsWith('/auth') ? url : url.replace(IDP, `http://127.0.0.1:${port}`)),
    action: (change) =>
      authenticateAction({
        Issuer: IDP,
        AuthorizationEndpoint: `${IDP}/auth`,
        TokenEndpoint: `${IDP}/token`,
        UserInfoEndpoint: `${IDP}/me`,
        Scope: 'openid profile email',
        ...change,
      }),
  }
}

function configuration(options: IdpOptions): Configuration {
  const claims = { name: 'Ada Lovelace', email: 'ada@example.com', ...options.claims }
  const policy = interactionPolicy.base()
  policy.remove('consent')
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [{ ...SIGNING_KEY, kid: randomUUID(), alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [REDIRECT_URI],
      },
    ],
    cookies: { keys: ['a key of the test provider'] },
    claims: { openid: ['sub'], profile: ['name', ...Object.keys(options.claims ?? {})], email: ['email'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...claims }) }),
    interactions: { policy, url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => false },
    issueRefreshToken: () => options.refreshTokens ?? false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: options.accessTokenSeconds ?? 3600,
      IdToken: 3600,
      RefreshToken: 86_400,
      Interaction: 600,
      Grant: 86_400,
      Session: 86_400,
    },
    async loadExistingGrant(ctx) {
      const { client, session } = ctx.oidc
      if (!client || !session?.accountId) return undefined
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid profile email offline_access')
      await grant.save()
      return grant
    },
  }
}
