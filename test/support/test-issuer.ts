/**
 * An identity provider for tests: a real server with metadata, a key set and a userinfo endpoint, each of which
 * a test may make misbehave, and tokens signed by jose, which is nobody's code here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'

export interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface TestIssuer {
  readonly issuer: string
  /** Published keys; change them to rotate. */
  keys: JWK[]
  /** What signs, unless a test says otherwise. */
  readonly key: IssuerKey
  /** How each document is answered; replace one to make the provider misbehave. */
  readonly answers: { metadata: Answer; jwks: Answer; userinfo: Answer }
  /** How often each was asked. */
  readonly asked: { metadata: number; jwks: number; userinfo: number }
  /** The authorization headers that userinfo was asked with. */
  readonly userinfoCredentials: (string | undefined)[]
  readonly sign: (claims: Readonly<Record<string, unknown>>, options?: SignOptions) => Promise<string>
  readonly close: () => Promise<void>
}

export interface SignOptions {
  readonly key?: IssuerKey
  /** Added to, or replacing, `alg`, `kid` and `typ: at+jwt`; undefined leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>
}

/** Makes a key pair, named after its algorithm unless a name is given. */
export async function newIssuerKey(alg: string, kid = `${alg}-key`): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** Signs claims as they are; nothing is added to them. */
export function signToken(
  claims: Readonly<Record<string, unknown>>,
  { key, header = {} }: SignOptions & { readonly key: IssuerKey },
): Promise<string> {
  const full = { alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header }
  const present = Object.fromEntries(Object.entries(full).filter(([, value]) => value !== undefined))
  return new SignJWT({ ...claims })
    .setProtectedHeader(present as unknown as JWTHeaderParameters)
    .sign(key.privateKey)
}

/** Answers with JSON. */
export function json(value: unknown, status = 200, type = 'application/json'): Answer {
  return (_request, response) =>
    void response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value))
}

/** Answers with a web page, as a provider behind a broken proxy does. */
export const html: Answer = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sorry')

/** Answers with an error of the provider. */
export const broken: Answer = (_request, response) => void response.writeHead(503).end()

/** Does not answer. */
export const silent: Answer = () => undefined

/** Starts the provider on a free port. */
export async function startTestIssuer(options: { path?: string } = {}): Promise<TestIssuer> {
  const key = await newIssuerKey('RS256')
  const path = options.path ?? ''
  const server = createServer((request, response) => {
    const route = routes[request.url ?? '']
    if (route === undefined) return void response.writeHead(404).end()
    test.asked[route] += 1
    if (route === 'userinfo') test.userinfoCredentials.push(request.headers.authorization)
    test.answers[route](request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}${path}`
  const routes: Readonly<Record<string, keyof TestIssuer['asked']>> = {
    [`${path}/.well-known/openid-configuration`]: 'metadata',
    [`${path}/keys`]: 'jwks',
    [`${path}/userinfo`]: 'userinfo',
  }
  const test: TestIssuer = {
    issuer,
    key,
    keys: [key.publicJwk],
    answers: {
      metadata: json({ issuer, jwks_uri: `${issuer}/keys`, userinfo_endpoint: `${issuer}/userinfo` }),
      jwks: (request, response) => json({ keys: test.keys })(request, response),
      userinfo: json({ sub: 'ada' }),
    },
    asked: { metadata: 0, jwks: 0, userinfo: 0 },
    userinfoCredentials: [],
    sign: (claims, signing = {}) => signToken(claims, { key, ...signing }),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return test
}
