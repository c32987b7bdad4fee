/** An OpenID provider, ready to be asked: its endpoints, the client, and how the client proves that it is itself. */
import * as openid from 'openid-client'
import { CommandError } from '../../shared/failure.ts'
import { isLoopback } from '../../shared/flags.ts'
import { errorCode, jsonObject, REQUEST_TIMEOUT_MS, readText } from '../../shared/http.ts'

/** Google as an OpenID provider, which has a few ways of its own. */
export const GOOGLE_ISSUER = 'https://accounts.google.com'

export interface ProviderClient {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client. */
  readonly secret: string | undefined
  /** How the secret is sent; undefined: as the provider says. */
  readonly authentication: 'basic' | 'post' | undefined
}

export interface Provider {
  readonly configuration: openid.Configuration
  /**
   * The ID token of the last answer of the token endpoint.
   *
   * Google gives a desktop client an ID token for another client, the one of the proxy, and openid-client refuses
   * that, as it has to without knowing. So ID tokens do not go through it, and `id-token.ts` verifies each of them.
   */
  readonly takeIdToken: () => string | undefined
}

/**
 * Reads the discovery document (OpenID Connect Discovery 1.0, 4), which has to name the very issuer that was asked.
 *
 * @throws {CommandError} `unreachable`, `refused`, `answer_unusable`
 */
export async function connect(client: ProviderClient, signal: AbortSignal): Promise<Provider> {
  const server = new URL(client.issuer)
  const secure = server.protocol === 'https:' || !isLoopback(server.hostname)
  let idToken: string | undefined
  let tokenEndpoint: string | undefined
  const fetchWithout: openid.CustomFetch = async (url, options) => {
    const limit = AbortSignal.any([signal, ...(options.signal ? [options.signal] : [])])
    const response = await fetch(url, { ...options, signal: limit } as RequestInit)
    const text = await readText(response)
    const { status, headers } = response
    if (url !== tokenEndpoint || !response.ok) return new Response(text || null, { status, headers })
    const { id_token: token, ...rest } = jsonObject(text) ?? {}
    idToken = typeof token === 'string' ? token : undefined
    const body = idToken === undefined ? text : JSON.stringify(rest)
    return new Response(body, { status, headers: { 'content-type': typeOf(response) } })
  }
  try {
    const configuration = await openid.discovery(server, client.clientId, undefined, openid.None(), {
      [openid.customFetch]: fetchWithout,
      timeout: REQUEST_TIMEOUT_MS / 1000,
      ...(secure ? {} : { execute: [openid.allowInsecureRequests] }),
    })
    const metadata = configuration.serverMetadata()
    // As openid-client asks for it, whatever it looks like in the document: capitals, a port that goes without saying.
    tokenEndpoint = URL.canParse(metadata.token_endpoint ?? '')
      ? new URL(metadata.token_endpoint ?? '').href
      : undefined
    const ready = new openid.Configuration(
      metadata,
      client.clientId,
      undefined,
      authenticate(client, metadata),
    )
    ready[openid.customFetch] = fetchWithout
    ready.timeout = REQUEST_TIMEOUT_MS / 1000
    if (!secure) openid.allowInsecureRequests(ready)
    const takeIdToken = () => {
      const taken = idToken
      idToken = undefined
      return taken
    }
    return { configuration: ready, takeIdToken }
  } catch (error) {
    signal.throwIfAborted()
    throw failureOf(error, 'The discovery document of the provider')
  }
}

function typeOf(response: Response): string {
  return response.headers.get('content-type') ?? 'application/json'
}

/** What RFC 6749 asks every provider to take (2.3.1), but for those that say they do not. */
function authenticate(client: ProviderClient, metadata: openid.ServerMetadata): openid.ClientAuth {
  const { secret } = client
  if (secret === undefined) return openid.None()
  const methods = metadata.token_endpoint_auth_methods_supported
  // The secrets of Google have hyphens, which providers differ about in the header.
  const isBasic = metadata.issuer !== GOOGLE_ISSUER && (methods?.includes('client_secret_basic') ?? true)
  const method = client.authentication ?? (isBasic ? 'basic' : 'post')
  return method === 'basic' ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret)
}

/** The OAuth error code of a refusal such as `invalid_grant`; undefined if it was none. */
export function oauthError(error: unknown): string | undefined {
  const isRefusal =
    error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError
  return isRefusal ? error.error : undefined
}

/** Whether a provider did not believe that the client is who it says it is: its secret may have been rotated. */
export function isRefusedClient(error: unknown): boolean {
  return oauthError(error) === 'invalid_client' || error instanceof openid.WWWAuthenticateChallengeError
}

/** What went wrong with a provider, as a sentence. @param what The start of the sentence if its answer is of no use. */
export function failureOf(error: unknown, what: string): CommandError {
  if (error instanceof CommandError) return error
  const code = oauthError(error)
  if (code === 'access_denied') {
    return new CommandError('denied', 'The sign-in was denied at the provider.', { cause: error })
  }
  if (code === 'expired_token') {
    return new CommandError('timed_out', 'The code was not confirmed in time; run the command again.', {
      cause: error,
    })
  }
  if (code !== undefined) {
    return new CommandError('refused', `The provider refused the request${errorCode(code)}.`, {
      cause: error,
    })
  }
  if (error instanceof openid.WWWAuthenticateChallengeError) {
    return new CommandError('refused', 'The provider refused the client; check its id and its secret.', {
      cause: error,
    })
  }
  const timedOut = error instanceof openid.ClientError && error.code === 'OAUTH_TIMEOUT'
  // What `fetch` throws when nobody answers; openid-client passes it on as it is.
  if (timedOut || (error instanceof TypeError && error.cause instanceof Error)) {
    return new CommandError(
      'unreachable',
      'There was no answer from the provider; check --issuer and the network.',
      {
        cause: error,
      },
    )
  }
  // Any other is a bug, and no answer.
  if (error instanceof TypeError && !('code' in error)) throw error
  return new CommandError('answer_unusable', `${what} cannot be used; check --issuer.`, { cause: error })
}
