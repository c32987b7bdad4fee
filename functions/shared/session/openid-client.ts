/**
 * The protocol between this deployment and the provider, by openid-client: its requests go out as all others of
 * ours do, and its failures come back as ours.
 *
 * What it returns is as it was received over TLS from the token endpoint; the ID token is verified by
 * {@link IdTokenVerifier} as well, signature included.
 */
import { createHash } from 'node:crypto'
import * as openid from 'openid-client'
import { type Clock, epochSeconds, systemClock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import type { DocumentFetcher } from '../tokens/remote-document.ts'
import type { ProviderMetadataSource } from './provider-metadata.ts'
import type { SessionTokens } from './session-cookies.ts'

export interface OpenIdClientDeps {
  readonly clientId: string
  /** The client's secret, sent as HTTP Basic; null for a public client. @throws {ServiceError} `secret_unavailable` */
  readonly clientSecret: (() => Promise<string>) | null
  readonly metadata: ProviderMetadataSource
  readonly fetch: DocumentFetcher
  readonly now: Clock
}

/** What one sign-in is bound to. */
export interface SignInChecks {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

export interface OpenIdClient {
  /** Where a person is sent to sign in, with PKCE (S256). */
  readonly authorizationUrl: (
    checks: SignInChecks,
    request: { redirectUri: string; scopes: readonly string[]; more: Readonly<Record<string, string>> },
  ) => Promise<string>
  /**
   * Exchanges the code of an answer for tokens. Checks `state`, `iss` (RFC 9207), and the ID token's claims with
   * the nonce.
   *
   * @param callbackUrl The redirect URI with the query that the browser brought.
   * @throws {ServiceError} `sign_in_denied`, `sign_in_answer_invalid`, `provider_refused`, `provider_unavailable`,
   *   `provider_answer_invalid`
   */
  readonly exchangeCode: (callbackUrl: URL, checks: SignInChecks) => Promise<SessionTokens>
  /**
   * Refreshes. Undefined if the provider says that the refresh token is worth nothing any more.
   *
   * @throws {ServiceError} `provider_refused`, `provider_unavailable`, `provider_answer_invalid`
   */
  readonly refresh: (refreshToken: string) => Promise<RefreshedTokens | undefined>
  /**
   * Asks who holds an access token; undefined if the provider has no userinfo.
   *
   * @throws {ServiceError} `sign_in_answer_invalid` if it is somebody else; `provider_…`
   */
  readonly userinfo: (accessToken: string, subject: string) => Promise<JwtObject | undefined>
  /** Where a person is sent to sign out; undefined if the provider has no such place. */
  readonly endSessionUrl: (parameters: Readonly<Record<string, string>>) => Promise<string | undefined>
}

/** The tokens after a refresh; what the provider did not send is undefined. */
export interface RefreshedTokens {
  readonly idToken: string | undefined
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 256 * 1024
const TOLERANCE_SECONDS = 30

/** Makes the client. */
export function createOpenIdClient(deps: OpenIdClientDeps): OpenIdClient {
  /** With the secret for requests to the provider itself, without it for addresses that a browser is sent to. */
  async function configuration(use: 'requests' | 'addresses'): Promise<openid.Configuration> {
    const secret = use === 'requests' && deps.clientSecret !== null ? await deps.clientSecret() : undefined
    const config = new openid.Configuration(
      { ...(await deps.metadata()) },
      deps.clientId,
      {
        // The library reads the system's clock; this tells it how far ours is from that.
        [openid.clockSkew]: epochSeconds(deps.now()) - epochSeconds(systemClock()),
        [openid.clockTolerance]: TOLERANCE_SECONDS,
      },
      secret === undefined ? openid.None() : openid.ClientSecretBasic(secret),
    )
    config[openid.customFetch] = fetchAs(deps.fetch)
    // The addresses were checked: https, or this very machine.
    openid.allowInsecureRequests(config)
    return config
  }

  return {
    async authorizationUrl({ state, nonce, codeVerifier }, { redirectUri, scopes, more }) {
      // Not by the library: its way to a digest loads Node's whole WebCrypto, at the first request of all.
      const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
      return openid.buildAuthorizationUrl(await configuration('addresses'), {
        ...more,
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
      }).href
    },
    async exchangeCode(callbackUrl, { state, nonce, codeVerifier }) {
      const config = await configuration('requests')
      const checks = {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      }
      try {
        const answer = await openid.authorizationCodeGrant(config, callbackUrl, checks)
        const tokens = tokensOf(answer)
        if (tokens.idToken === undefined) throw new ServiceError('provider_answer_invalid')
        return { ...tokens, idToken: tokens.idToken }
      } catch (error) {
        throw failureOf(error)
      }
    },
    async refresh(refreshToken) {
      const config = await configuration('requests')
      try {
        return tokensOf(await openid.refreshTokenGrant(config, refreshToken))
      } catch (error) {
        if (error instanceof openid.ResponseBodyError && REFRESH_ENDS.has(error.error)) return undefined
        throw failureOf(error)
      }
    },
    async userinfo(accessToken, subject) {
      const config = await configuration('requests')
      if ((await deps.metadata()).userinfo_endpoint === undefined) return undefined
      try {
        return await openid.fetchUserInfo(config, accessToken, subject)
      } catch (error) {
        throw failureOf(error)
      }
    },
    async endSessionUrl(parameters) {
      if ((await deps.metadata()).end_session_endpoint === undefined) return undefined
      return openid.buildEndSessionUrl(await configuration('addresses'), parameters).href
    },
  }
}

function tokensOf(answer: openid.TokenEndpointResponse): RefreshedTokens {
  return { idToken: answer.id_token, accessToken: answer.access_token, refreshToken: answer.refresh_token }
}

/** Sends the library's requests through our own way out, with its limits on time and size. */
function fetchAs(fetch: DocumentFetcher): openid.CustomFetch {
  return async (url, { method, headers, body }) => {
    const {
      status,
      headers: received,
      body: bytes,
    } = await fetch(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...(body === undefined || body === null ? {} : { body: String(body) }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    })
    const isEmpty = status === 204 || status === 205 || status === 304
    return new Response(isEmpty ? null : Buffer.from(bytes), { status, headers: { ...received } })
  }
}

/** What a provider says when a person, or a rule of its own, did not let them in (OpenID Connect Core 3.1.2.6). */
const DENIALS: ReadonlySet<string> = new Set([
  'access_denied',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
])
/** What it says when a refresh token leads nowhere any more, and only the person can go on. */
const REFRESH_ENDS: ReadonlySet<string> = new Set([
  ...DENIALS,
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
])
/** What it says when it cannot answer now. */
const OUTAGES: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

/** A failure of the library as ours. */
function failureOf(error: unknown): ServiceError {
  const ours = serviceErrorIn(error)
  if (ours !== undefined) return ours
  if (error instanceof openid.AuthorizationResponseError || error instanceof openid.ResponseBodyError) {
    if (OUTAGES.has(error.error)) return new ServiceError('provider_unavailable', { cause: error })
    if (DENIALS.has(error.error)) return new ServiceError('sign_in_denied', { cause: error })
    if (error.error === 'invalid_grant') return new ServiceError('sign_in_unknown', { cause: error })
    return new ServiceError('provider_refused', { cause: error })
  }
  if (error instanceof openid.WWWAuthenticateChallengeError) {
    return new ServiceError('provider_refused', { cause: error })
  }
  const isNotJson = error instanceof openid.ClientError && NOT_AN_ANSWER.has(error.code ?? '')
  return new ServiceError(isNotJson ? 'provider_answer_invalid' : 'sign_in_answer_invalid', { cause: error })
}

const NOT_AN_ANSWER: ReadonlySet<string> = new Set([
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_PARSE_ERROR',
])

function serviceErrorIn(error: unknown): ServiceError | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ServiceError) return cause
  }
  return undefined
}
