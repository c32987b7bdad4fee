import type { IncomingMessage } from 'node:http'
import { authenticateAction, CLIENT_ID, type Idp, serve } from './identity-provider.ts'

export interface Scripted {
  readonly status?: number
  readonly body?: unknown
  /** Never answers. */
  readonly hang?: boolean
}

export interface Call {
  readonly path: string
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

export interface ScriptedIdp extends Idp {
  readonly calls: Call[]
  /** What the endpoints answer from now on. */
  token: (form: URLSearchParams) => Scripted
  userinfo: (authorization: string | undefined) => Scripted
}

export const ISSUER = 'https://idp.example.com'

/** The claims of an ID token that would do. */
export function idTokenClaims(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return { iss: ISSUER, aud: CLIENT_ID, sub: 'ada', iat: now, exp: now + 3600, ...change }
}

/** A token with these claims and a signature of nobody. */
export function unsignedToken(claims: Readonly<Record<string, unknown>>): string {
  const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${segment({ alg: 'RS256', kid: 'x' })}.${segment(claims)}.c2lnbmF0dXJl`
}

/** The answer of a token endpoint that behaves. */
export function tokenBody(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 3600,
    id_token: unsignedToken(idTokenClaims()),
    ...change,
  }
}

/** A provider whose token and userinfo endpoints answer what the test says; it behaves by default. */
export async function startScriptedIdp(): Promise<ScriptedIdp> {
  const calls: Call[] = []
  const idp: ScriptedIdp = {
    port: 0,
    issuer: ISSUER,
    calls,
    token: () => ({ body: tokenBody() }),
    userinfo: () => ({ body: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' } }),
    mapUrl: (url) => (url.endsWith('/authorize') ? url : url.replace(ISSUER, `http://127.0.0.1:${port}`)),
    action: (change) =>
      authenticateAction({
        Issuer: ISSUER,
        AuthorizationEndpoint: `${ISSUER}/authorize`,
        TokenEndpoint: `${ISSUER}/token`,
        UserInfoEndpoint: `${ISSUER}/userinfo`,
        ...change,
      }),
  }
  const port = await serve((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const path = request.url ?? ''
      calls.push({ path, method: request.method ?? '', headers: request.headers, form })
      const {
        status = 200,
        body,
        hang,
      } = path === '/token' ? idp.token(form) : idp.userinfo(request.headers.authorization)
      if (hang) return
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  return idp
}
