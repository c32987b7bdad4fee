/** What an issuer says about itself (OpenID Connect Discovery 1.0, RFC 8414): where its keys and its userinfo are. */
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import { isSecureUrl } from '../http/secure-url.ts'
import { createRefreshed, type Refreshed } from './refreshed.ts'
import { type DocumentFetcher, readJsonDocument } from './remote-document.ts'

export interface IssuerMetadata {
  readonly jwksUri: string | undefined
  readonly userinfoEndpoint: string | undefined
}

export interface IssuerMetadataSource {
  /**
   * The issuer's metadata, kept for 10 minutes, and for a day while the issuer does not answer.
   *
   * @throws {ServiceError} `provider_unavailable`, `provider_answer_invalid`, `provider_issuer_mismatch`
   */
  readonly get: (issuer: string) => IssuerMetadata | Promise<IssuerMetadata>
}

const MINUTE_MS = 60_000
const FRESH_MS = 10 * MINUTE_MS
const STALE_MS = 24 * 60 * MINUTE_MS
const PAUSE_MS = MINUTE_MS / 6
const TIMEOUT_MS = 2_500
const MAX_BYTES = 256 * 1024

/**
 * Makes the source. Only ever ask it for issuers out of the settings: it keeps what it fetched for each, and
 * an issuer out of an unverified token would make it fetch whatever a stranger likes.
 */
export function createIssuerMetadata(deps: { fetch: DocumentFetcher; now: Clock }): IssuerMetadataSource {
  const sources = new Map<string, Refreshed<IssuerMetadata>>()
  return {
    get(issuer) {
      let source = sources.get(issuer)
      if (source === undefined) {
        source = createRefreshed({
          load: () => discover(issuer, deps.fetch),
          now: deps.now,
          freshMs: FRESH_MS,
          staleMs: STALE_MS,
          pauseMs: PAUSE_MS,
        })
        sources.set(issuer, source)
      }
      return source.get()
    },
  }
}

/** Tries the places of both standards; only an absent document makes it try the next one. */
async function discover(issuer: string, fetch: DocumentFetcher): Promise<IssuerMetadata> {
  for (const url of discoveryUrls(issuer)) {
    const answer = await readJsonDocument(fetch, url, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
    if (answer === 'absent') continue
    // Otherwise one issuer could speak for another (RFC 8414 section 3.3).
    if (answer.issuer !== issuer) throw new ServiceError('provider_issuer_mismatch')
    return {
      jwksUri: secureUrl(answer.jwks_uri),
      userinfoEndpoint: secureUrl(answer.userinfo_endpoint),
    }
  }
  throw new ServiceError('provider_unavailable')
}

function discoveryUrls(issuer: string): string[] {
  const base = issuer.replace(/\/$/, '')
  if (!URL.canParse(base)) throw new ServiceError('provider_answer_invalid')
  const { origin, pathname } = new URL(base)
  const path = pathname === '/' ? '' : pathname
  const urls = [
    `${base}/.well-known/openid-configuration`,
    `${base}/.well-known/oauth-authorization-server`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
  return [...new Set(urls)]
}

function secureUrl(value: unknown): string | undefined {
  return typeof value === 'string' && isSecureUrl(value) ? value : undefined
}
