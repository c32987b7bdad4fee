/** A provider that only describes itself: a real server with one answer a path, each of which a test may replace. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Answer,
  type IssuerKey,
  json,
  newIssuerKey,
  type SignOptions,
  signToken,
} from './test-issuer.ts'

export interface DescribedProvider {
  readonly issuer: string
  readonly key: IssuerKey
  /** What the OpenID Connect document says; change it, or replace its answer. */
  metadata: Record<string, unknown>
  /** By path, from the root. */
  readonly answers: Record<string, Answer>
  /** What was asked, path and query. */
  readonly asked: string[]
  /** An access token that is in order; undefined leaves a claim out. */
  readonly token: (changes?: Readonly<Record<string, unknown>>, options?: SignOptions) => Promise<string>
  readonly close: () => Promise<void>
}

export const OPENID_PATH = '/realm/.well-known/openid-configuration'
export const OAUTH_PATH = '/realm/.well-known/oauth-authorization-server'
export const INSERTED_OAUTH_PATH = '/.well-known/oauth-authorization-server/realm'
export const KEYS_PATH = '/realm/keys'
export const USERINFO_PATH = '/realm/userinfo'
export const AUTHORIZE_PATH = '/realm/authorize'
export const AUDIENCE = 'https://flyte.example.com'
export const NOW_SECONDS = 1_800_000_000

export const ADA = { sub: 'ada', email: 'ada@example.com', given_name: 'Ada', family_name: 'Lovelace' }

/** Starts one with which everything is in order. */
export async function startDescribedProvider(): Promise<DescribedProvider> {
  const key = await newIssuerKey('RS256')
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const answer = provider.answers[pathOf(request)]
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`
  const provider: DescribedProvider = {
    issuer,
    key,
    metadata: completeMetadata(issuer),
    asked,
    answers: {
      [OPENID_PATH]: (request, response) => json(provider.metadata)(request, response),
      [KEYS_PATH]: json({ keys: [key.publicJwk] }),
      [USERINFO_PATH]: json(ADA),
      [AUTHORIZE_PATH]: (_request, response) => void response.end('<p>Sign in'),
    },
    token: (changes = {}, options = {}) =>
      signToken(JSON.parse(JSON.stringify({ ...goodClaims(issuer), ...changes })), { key, ...options }),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return provider
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?')[0] ?? ''
}

function goodClaims(issuer: string) {
  const times = { iat: NOW_SECONDS - 60, exp: NOW_SECONDS + 3600 }
  return { iss: issuer, sub: 'ada', aud: AUDIENCE, client_id: 'flyte-cli', scope: 'openid', ...times }
}

function completeMetadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/keys`,
    end_session_endpoint: `${issuer}/logout`,
    device_authorization_endpoint: `${issuer}/device`,
    response_types_supported: ['code'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  }
}
