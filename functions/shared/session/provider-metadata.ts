/** The discovery document of the provider that people sign in with (OpenID Connect Discovery 1.0). */
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import { isSecureUrl } from '../http/secure-url.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import { createRefreshed } from '../tokens/refreshed.ts'
import { type DocumentFetcher, readJsonDocument } from '../tokens/remote-document.ts'
import type { OpenIdSettings } from './session-settings.ts'

/** What signing in needs of it, in the words of the document. */
export interface ProviderMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
  readonly end_session_endpoint?: string
  /** Whether its answers name their issuer (RFC 9207): then they have to. */
  readonly authorization_response_iss_parameter_supported: boolean
}

/**
 * Gives the document, kept for 10 minutes, and for a day while the provider does not answer.
 *
 * @throws {ServiceError} `provider_unavailable`, `provider_answer_invalid`, `provider_issuer_mismatch`
 */
export type ProviderMetadataSource = () => ProviderMetadata | Promise<ProviderMetadata>

const MINUTE_MS = 60_000
const TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024

/** Makes the source. */
export function createProviderMetadata(deps: {
  readonly openId: Pick<OpenIdSettings, 'baseUrl' | 'issuer'>
  readonly fetch: DocumentFetcher
  readonly now: Clock
}): ProviderMetadataSource {
  const { get } = createRefreshed({
    load: () => discover(deps.openId, deps.fetch),
    now: deps.now,
    freshMs: 10 * MINUTE_MS,
    staleMs: 24 * 60 * MINUTE_MS,
    pauseMs: MINUTE_MS / 12,
  })
  return get
}

async function discover(
  { baseUrl, issuer }: Pick<OpenIdSettings, 'baseUrl' | 'issuer'>,
  fetch: DocumentFetcher,
): Promise<ProviderMetadata> {
  const url = `${baseUrl.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await readJsonDocument(fetch, url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
  if (document === 'absent') throw new ServiceError('provider_unavailable')
  // Otherwise one provider could speak for another (section 4.3).
  if (document.issuer !== issuer) throw new ServiceError('provider_issuer_mismatch')
  return {
    issuer,
    authorization_endpoint: required(document, 'authorization_endpoint'),
    token_endpoint: required(document, 'token_endpoint'),
    jwks_uri: required(document, 'jwks_uri'),
    ...optional(document, 'userinfo_endpoint'),
    ...optional(document, 'end_session_endpoint'),
    authorization_response_iss_parameter_supported:
      document.authorization_response_iss_parameter_supported === true,
  }
}

function required(document: JwtObject, name: string): string {
  const value = document[name]
  if (typeof value !== 'string' || !isSecureUrl(value)) throw new ServiceError('provider_answer_invalid')
  return value
}

/** @throws {ServiceError} `provider_answer_invalid` for one that is there and not an address to send anything to. */
function optional<N extends string>(document: JwtObject, name: N): { [K in N]?: string } {
  if (document[name] === undefined) return {}
  return { [name]: required(document, name) } as { [K in N]?: string }
}
