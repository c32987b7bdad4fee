/** Servers that a service asks for its token: Google's token endpoint and metadata server, and AWS's STS. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, generateKeyPair, jwtVerify, SignJWT } from 'jose'

export interface Double {
  readonly url: string
  /** What was asked, in order: method, path and query. */
  readonly asked: string[]
  /** Answers instead of the double, while it is set. */
  instead: Handler | undefined
  close(): Promise<void>
}

export type Handler = (request: Asked, response: ServerResponse) => unknown

export interface Asked {
  readonly request: IncomingMessage
  readonly url: URL
  readonly body: string
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startDouble(handler: Handler): Promise<Double> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', double.url)
    double.asked.push(`${request.method} ${url.pathname}${url.search}`)
    const asked = { request, url, body: Buffer.concat(chunks).toString() }
    await (double.instead ?? handler)(asked, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const double: Double = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    instead: undefined,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return double
}

export function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

const signing = generateKeyPair('RS256')

/** A token about `sub` for `aud`; nobody in these tests looks at its signature but its own issuer. */
export async function tokenFor(claims: Record<string, unknown>, seconds = 3600): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const { privateKey } = await signing
  return new SignJWT({ iat: nowSeconds, exp: nowSeconds + seconds, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(privateKey)
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Google: `POST /token` takes the assertion of a service account (verified by jose with its key) or a token of somewhere
 * else, and `…:generateIdToken` takes what the latter was exchanged for.
 */
export function startGoogle(account: string, key: () => CryptoKey): Promise<Double> {
  return startDouble(async ({ request, url, body }, response) => {
    const form = new URLSearchParams(body)
    if (url.pathname === '/token' && form.get('grant_type') === JWT_BEARER) {
      const verified = await jwtVerify(form.get('assertion') ?? '', key(), {
        issuer: account,
        subject: account,
        audience: url.href,
        maxTokenAge: '1 minute',
        algorithms: ['RS256'],
      }).catch(() => undefined)
      if (verified === undefined) return reply(response, 400, { error: 'invalid_grant' })
      const aud = verified.payload.target_audience
      return reply(response, 200, { id_token: await tokenFor({ sub: '1099', email: account, aud }) })
    }
    if (url.pathname === '/token' && form.get('subject_token') === 'token-of-elsewhere') {
      return reply(response, 200, { access_token: 'federated', token_type: 'Bearer', expires_in: 3600 })
    }
    const isImpersonation = url.pathname === `/v1/projects/-/serviceAccounts/${account}:generateIdToken`
    if (isImpersonation && request.headers.authorization === 'Bearer federated') {
      const { audience: aud } = JSON.parse(body)
      return reply(response, 200, { token: await tokenFor({ sub: '1099', email: account, aud }) })
    }
    return reply(response, 400, { error: 'invalid_grant' })
  })
}

/** The metadata server of a machine with two service accounts. */
export function startMetadataServer(): Promise<Double> {
  const base = '/computeMetadata/v1/instance/service-accounts/'
  return startDouble(async ({ request, url }, response) => {
    response.setHeader('metadata-flavor', 'Google')
    if (request.headers['metadata-flavor'] !== 'Google') return response.writeHead(403).end()
    if (url.pathname === '/computeMetadata/v1/instance/id') return response.end('1')
    const [, name = '', what = ''] = /^([^/]+)\/(email|identity)$/.exec(url.pathname.slice(base.length)) ?? []
    const email = { default: 'first@p.example', 'second%40p.example': 'second@p.example' }[name]
    if (!url.pathname.startsWith(base) || email === undefined) return response.writeHead(404).end()
    if (what === 'email') return response.end(`${email}\n`)
    return response.end(await tokenFor({ sub: email, aud: url.searchParams.get('audience') }))
  })
}

/** STS with outbound identity federation, for whoever signed the request. */
export function startSts(): Promise<Double> {
  return startDouble(async ({ request, body }, response) => {
    const form = new URLSearchParams(body)
    const isSigned = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=') === true
    const isRight = form.get('Action') === 'GetWebIdentityToken' && form.get('SigningAlgorithm') === 'RS256'
    if (!isSigned || !isRight) {
      const error = '<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>'
      return response
        .writeHead(403, { 'content-type': 'text/xml' })
        .end(`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}</ErrorResponse>`)
    }
    const token = await tokenFor({ sub: 'arn:aws:iam::1:role/r', aud: form.get('Audience.member.1') })
    const result = `<WebIdentityToken>${token}</WebIdentityToken><Expiration>2100-01-01T00:00:00Z</Expiration>`
    response
      .writeHead(200, { 'content-type': 'text/xml' })
      .end(
        `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>${result}</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`,
      )
  })
}
