/**
 * An OpenID provider for tests that signs anybody in and does wrong whatever a test wants: every answer can be
 * replaced, and every claim changed.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { type Answer, type IssuerKey, json, newIssuerKey, signToken } from './test-issuer.ts'

export const CLIENT_ID = 'flyte'
export const CLIENT_SECRET = 'the-client-secret+of/the test'

type Claims = Record<string, unknown>

/** What one authorization request of ours asked for. */
interface Grant {
  readonly subject: string
  readonly nonce: string | undefined
  readonly codeChallenge: string | undefined
  readonly redirectUri: string | undefined
}

export interface TokenRequest {
  readonly form: URLSearchParams
  readonly authorization: string | undefined
}

/** How the provider misbehaves; a test replaces what it needs. */
export interface Misbehaviour {
  /** Changes the discovery document. */
  metadata: (document: Claims) => Claims
  /** Changes the ID token's claims before it is signed. */
  idTokenClaims: (claims: Claims) => Claims
  /** Makes the ID token of the claims. */
  signIdToken: (claims: Claims) => Promise<string>
  /** Changes the token endpoint's answer. */
  tokenAnswer: (answer: Claims) => Claims
  userinfo: (claims: Claims) => Claims
  /** Answers instead of an endpoint. */
  readonly answers: { token?: Answer | undefined; userinfo?: Answer | undefined; jwks?: Answer | undefined }
  /** Whether each refresh gives another refresh token, and takes a second use of one for theft. */
  rotates: boolean
  /** Waits before the token endpoint answers. */
  tokenDelayMs: number
}

export interface TestOpenIdProvider {
  readonly issuer: string
  readonly key: IssuerKey
  publishedKeys: IssuerKey['publicJwk'][]
  readonly does: Misbehaviour
  readonly tokenRequests: TokenRequest[]
  readonly userinfoRequests: { method: string; authorization: string | undefined }[]
  /** How long ID tokens last. */
  idTokenSeconds: number
  readonly nowSeconds: () => number
  /** What the provider would send a browser back to after signing in, for an address that it was sent to. */
  readonly signIn: (authorizationUrl: string, subject?: string) => URL
  /** A refresh token and an ID token, as from a sign-in earlier on. */
  readonly session: (subject: string, claims?: Claims) => Promise<{ idToken: string; refreshToken: string }>
  readonly logoutToken: (changes?: Claims, options?: { header?: Claims; key?: IssuerKey }) => Promise<string>
  readonly reset: () => void
  readonly close: () => Promise<void>
}

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Starts the provider on a free port. @param now Milliseconds since the epoch, as the deployment counts them. */
export async function startOpenIdProvider(now: () => number): Promise<TestOpenIdProvider> {
  const key = await newIssuerKey('RS256', 'first')
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const grants = new Map<string, Grant>()
  /** Refresh tokens by whose they are; null once used by a provider that rotates. */
  const refreshTokens = new Map<string, Grant | null>()
  let counter = 0
  const nowSeconds = () => Math.floor(now() / 1000)
  const sign = (claims: Claims) => signToken(claims, { key, header: { typ: 'JWT' } })
  const wellBehaved = (): Misbehaviour => ({
    metadata: (document) => document,
    idTokenClaims: (claims) => claims,
    signIdToken: sign,
    tokenAnswer: (value) => value,
    userinfo: (claims) => claims,
    answers: {},
    rotates: true,
    tokenDelayMs: 0,
  })

  const metadata = () =>
    provider.does.metadata({
      issuer,
      authorization_endpoint: `${issuer}/authorize?tenant=1`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/keys`,
      end_session_endpoint: `${issuer}/end`,
      authorization_response_iss_parameter_supported: true,
    })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', issuer)
    const { answers } = provider.does
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return json(metadata())(request, response)
      case '/keys':
        return (answers.jwks ?? json({ keys: provider.publishedKeys }))(request, response)
      case '/userinfo':
        return answerUserinfo(request, response)
      case '/token':
        return answerToken(request, response)
      default:
        return void response.writeHead(404).end()
    }
  }

  function answerUserinfo(request: IncomingMessage, response: ServerResponse): void {
    const { authorization } = request.headers
    provider.userinfoRequests.push({ method: request.method ?? '', authorization })
    const subject = /^Bearer access-of-(.+)-\d+$/.exec(authorization ?? '')?.[1]
    if (subject === undefined) return void response.writeHead(401).end()
    const claims = { sub: subject, name: 'Ada Lovelace', email: 'ada@example.com', given_name: 'Ada' }
    const { answers, userinfo } = provider.does
    const answerWith = answers.userinfo ?? json(userinfo(claims))
    answerWith(request, response)
  }

  async function answerToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    provider.tokenRequests.push({ form, authorization: request.headers.authorization })
    const { tokenDelayMs, answers } = provider.does
    if (answers.token !== undefined) return answers.token(request, response)
    const grant = redeem(form)
    if (tokenDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, tokenDelayMs))
    if (grant === undefined) return json({ error: 'invalid_grant' }, 400)(request, response)
    return json(await tokensFor(grant, form.get('refresh_token')))(request, response)
  }

  function redeem(form: URLSearchParams): Grant | undefined {
    if (form.get('grant_type') === 'refresh_token') {
      const token = form.get('refresh_token') ?? ''
      const grant = refreshTokens.get(token)
      if (provider.does.rotates) refreshTokens.set(token, null)
      return grant ?? undefined
    }
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    grants.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const isOurs = grant?.codeChallenge === challenge && grant.redirectUri === form.get('redirect_uri')
    return isOurs ? grant : undefined
  }

  async function tokensFor(grant: Grant, usedRefreshToken: string | null): Promise<Claims> {
    counter += 1
    const refreshToken =
      usedRefreshToken !== null && !provider.does.rotates ? usedRefreshToken : `refresh-${counter}`
    refreshTokens.set(refreshToken, { ...grant, nonce: undefined })
    return provider.does.tokenAnswer({
      access_token: `access-of-${grant.subject}-${counter}`,
      token_type: 'Bearer',
      expires_in: provider.idTokenSeconds,
      refresh_token: refreshToken,
      id_token: await idToken(grant),
    })
  }

  function idToken(grant: Grant, changes: Claims = {}): Promise<string> {
    const { idTokenClaims, signIdToken } = provider.does
    const nonce = grant.nonce === undefined ? {} : { nonce: grant.nonce }
    const times = { iat: nowSeconds(), exp: nowSeconds() + provider.idTokenSeconds }
    const claims = { iss: issuer, sub: grant.subject, aud: CLIENT_ID, sid: 'sid-1', ...times, ...nonce }
    return signIdToken(idTokenClaims({ ...claims, ...changes }))
  }

  const provider: TestOpenIdProvider = {
    issuer,
    key,
    publishedKeys: [key.publicJwk],
    does: wellBehaved(),
    tokenRequests: [],
    userinfoRequests: [],
    idTokenSeconds: 300,
    nowSeconds,
    signIn(authorizationUrl, subject = 'ada') {
      const asked = new URL(authorizationUrl).searchParams
      counter += 1
      const code = `code-${counter}`
      grants.set(code, {
        subject,
        nonce: asked.get('nonce') ?? undefined,
        codeChallenge: asked.get('code_challenge') ?? undefined,
        redirectUri: asked.get('redirect_uri') ?? undefined,
      })
      const back = new URL(asked.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer }).toString()
      return back
    },
    async session(subject, claims = {}) {
      counter += 1
      const grant = { subject, nonce: undefined, codeChallenge: undefined, redirectUri: undefined }
      const refreshToken = `refresh-${counter}`
      refreshTokens.set(refreshToken, grant)
      return { idToken: await idToken(grant, claims), refreshToken }
    },
    logoutToken(changes = {}, { header = {}, key: signer = key } = {}) {
      const claims = {
        iss: issuer,
        aud: CLIENT_ID,
        iat: nowSeconds(),
        exp: nowSeconds() + 120,
        jti: `logout-${++counter}`,
        sub: 'ada',
        events: { [LOGOUT_EVENT]: {} },
        ...changes,
      }
      const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
      return signToken(present, { key: signer, header: { typ: 'logout+jwt', ...header } })
    },
    reset() {
      Object.assign(provider.does, wellBehaved())
      provider.publishedKeys = [key.publicJwk]
      provider.idTokenSeconds = 300
      provider.tokenRequests.length = 0
      provider.userinfoRequests.length = 0
    },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return provider
}

/** A JWT that says it is not signed, in this spelling of `none`. */
export function unsignedJwt(claims: Claims, alg = 'none'): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg, typ: 'JWT' })}.${part(claims)}.`
}

/** A JWT signed with HMAC, the client's secret or the public key being the secret. */
export function hmacJwt(claims: Claims, secret: string, header: Claims = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(Buffer.from(secret.padEnd(32)))
}
