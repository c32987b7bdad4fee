/**
 * An identity-aware proxy in front of the local stack, in the manner of Google's: nobody gets to what is behind it
 * without a token for the proxy itself, which is beside the credential for what is behind.
 *
 * ```
 *  client ── proxy-authorization: Bearer <ID token for the proxy> ──► proxy ──► load balancer
 *            authorization: Bearer <token for Flyte>, untouched ─────────────►
 * ```
 *
 * What it passes on of the former is either the token as it is, or, where a proxy strips that header, an assertion of
 * its own in a header of its own.
 */
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, request as requestHttps } from 'node:https'
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { ASSERTION_AUDIENCE, ASSERTION_HEADER } from './settings.ts'

export interface IdentityAwareProxyOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Whose tokens are good, and for whom they have to be. */
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  /** `token`: as it came. `assertion`: `proxy-authorization` is stripped, and {@link ASSERTION_HEADER} is set. */
  readonly passesOn: 'token' | 'assertion'
  /** Serve https with this certificate. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

export interface IdentityAwareProxy {
  readonly url: string
  readonly port: number
  /** The issuer of its assertions, and where their key is. */
  readonly assertions: { readonly issuer: string; readonly jwksUri: string }
  /** Says what is behind it: an origin, and the authority to trust there if it serves https. */
  forwardTo(target: { readonly url: string; readonly ca?: string | undefined }): void
  close(): Promise<void>
}

const KEYS_PATH = '/.well-known/proxy-keys'
const ASSERTION_SECONDS = 600
const BEARER = /^bearer ([\w.~+/-]+=*)$/i
/** Between two neighbours only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade', 'host'])

/** Starts the proxy. Until it is told what is behind it, it answers 503. @throws {ListenError} */
export async function startIdentityAwareProxy(
  options: IdentityAwareProxyOptions,
): Promise<IdentityAwareProxy> {
  const { issuer, audience, passesOn, tls } = options
  const tokenKeys = createRemoteJWKSet(new URL(options.jwksUri))
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'proxy' }] })
  let target: { readonly url: URL; readonly ca: string | undefined } | undefined

  const verify = async (request: IncomingMessage): Promise<JWTPayload | undefined> => {
    const [, token] = BEARER.exec(request.headers['proxy-authorization'] ?? '') ?? []
    if (token === undefined) return undefined
    const verified = await jwtVerify(token, tokenKeys, { issuer, audience }).catch(() => undefined)
    return verified?.payload
  }
  const assertion = ({ sub = '', email }: JWTPayload) =>
    new SignJWT({ ...(typeof email === 'string' ? { email } : {}) })
      .setProtectedHeader({ alg: 'ES256', kid: 'proxy', typ: 'JWT' })
      .setIssuer(proxy.assertions.issuer)
      .setSubject(sub)
      .setAudience(ASSERTION_AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${ASSERTION_SECONDS} seconds`)
      .sign(privateKey)

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === KEYS_PATH) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(keys)
      return
    }
    const claims = await verify(request)
    if (claims === undefined)
      return refuse(response, 401, 'This proxy lets nobody through without a token for it.')
    if (target === undefined) return refuse(response, 503, 'There is nothing behind this proxy yet.')
    const headers = passedOn(request.headers)
    if (passesOn === 'assertion') {
      delete headers['proxy-authorization']
      headers[ASSERTION_HEADER] = await assertion(claims)
    }
    forward({ request, response, headers, ...target })
  }

  const server = tls ? createHttpsServer({ ...tls }, handle) : createHttpServer(handle)
  const port = await listen(server, { port: options.port })
  const url = `${tls ? 'https' : 'http'}://localhost:${port}`
  const proxy: IdentityAwareProxy = {
    url,
    port,
    assertions: { issuer: `${url}/proxy`, jwksUri: `${url}${KEYS_PATH}` },
    forwardTo: ({ url: origin, ca }) => {
      target = { url: new URL(origin), ca }
    },
    close: () => closeServer(server),
  }
  return proxy
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`)
}

/** Nobody but the proxy makes an assertion: one that a client sends goes no further. */
function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && name !== ASSERTION_HEADER),
  )
}

function forward(parts: {
  request: IncomingMessage
  response: ServerResponse
  headers: IncomingHttpHeaders
  url: URL
  ca: string | undefined
}): void {
  const { request, response, headers, url, ca } = parts
  const options: RequestOptions & { ca?: string } = {
    host: LOOPBACK,
    servername: url.hostname,
    port: url.port,
    method: request.method,
    path: request.url,
    headers: { ...headers, host: url.host },
    ...(ca === undefined ? {} : { ca }),
  } as RequestOptions
  const onward = (url.protocol === 'https:' ? requestHttps : requestHttp)(options, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => (response.headersSent ? response.destroy() : refuse(response, 502, 'No answer.')))
  request.pipe(onward)
}
