/**
 * The metadata of the provider that this deployment leaves its tokens to (`authServerType: External`).
 *
 * The endpoint that needs it is public, so a caller can never make this function ask the provider more often
 * than its cache does: one fetch at a time, kept for five minutes, and a pause after a failure.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../shared/call.ts'
import type { Clock } from '../shared/clock.ts'
import type { FunctionSettings } from '../shared/config.ts'
import { asServiceError, type Reason, ServiceError } from '../shared/errors.ts'
import type { FetchedDocument, FetchOptions } from '../shared/http/fetch-document.ts'
import { createRefreshed } from '../shared/tokens/refreshed.ts'
import { parseJsonObject } from '../shared/tokens/remote-document.ts'
import { metadataUrls } from './metadata-urls.ts'
import { parseServerMetadata, type ServerMetadata } from './server-metadata.ts'

/** Asks for a document; see `fetchDocument`. */
export type Fetch = (url: string, options: FetchOptions) => Promise<FetchedDocument>

export interface ExternalMetadata {
  /**
   * The provider's metadata. Notes on the call if it is an older answer because the provider fails now.
   *
   * @throws {ServiceError} `provider_unavailable`, `provider_answer_invalid`, `provider_issuer_mismatch`
   */
  readonly get: (call: Call) => Promise<ServerMetadata>
}

export interface ExternalMetadataOptions {
  readonly auth: Pick<FunctionSettings['auth'], 'appAuth' | 'trustedIssuers'>
  readonly fetch: Fetch
  readonly now: Clock
  /** Default {@link TIME_LIMITS}. */
  readonly limits?: TimeLimits
}

export interface TimeLimits {
  /** For one answer of the provider. */
  readonly attemptMs: number
  /** For every attempt and every pause together, while there is nothing to answer with. */
  readonly firstMs: number
  /** For a newer answer, while there is an older one to answer with. */
  readonly refreshMs: number
}

/** All of it ends well before the function's own timeout, or nobody would be told why. */
export const TIME_LIMITS: TimeLimits = { attemptMs: 10_000, firstMs: 30_000, refreshMs: 4_000 }

const MINUTE_MS = 60_000
const FRESH_MS = 5 * MINUTE_MS
const STALE_MS = 24 * 60 * MINUTE_MS
const PAUSE_MS = 10_000
const MAX_BYTES = 1024 * 1024

/** Makes the source; it keeps what it fetched for as long as it lives. */
export function createExternalMetadata(options: ExternalMetadataOptions): ExternalMetadata {
  const { auth, fetch, now, limits = TIME_LIMITS } = options
  const server = auth.appAuth.externalAuthServer
  const issuers = new Set([server.baseUrl, ...auth.trustedIssuers.map((trusted) => trusted.issuer)])
  const urls = metadataUrls(server)
  let failing: Reason | undefined
  let hasAnswer = false

  async function load(): Promise<ServerMetadata> {
    const attempts = hasAnswer
      ? { count: 1, delayMs: 0, timeoutMs: limits.attemptMs, budgetMs: limits.refreshMs }
      : {
          count: server.retryAttempts,
          delayMs: server.retryDelayMs,
          timeoutMs: limits.attemptMs,
          budgetMs: limits.firstMs,
        }
    try {
      const document = await firstDocument({ urls, fetch, attempts, proxyUrl: server.httpProxyUrl })
      const metadata = parseServerMetadata(document)
      // Otherwise whoever answers here could speak for another issuer (RFC 8414 section 3.3).
      if (!issuers.has(metadata.issuer)) throw new ServiceError('provider_issuer_mismatch')
      hasAnswer = true
      failing = undefined
      return metadata
    } catch (thrown) {
      failing = asServiceError(thrown).reason
      throw thrown
    }
  }

  const kept = createRefreshed({ load, now, freshMs: FRESH_MS, staleMs: STALE_MS, pauseMs: PAUSE_MS })
  return {
    async get(call) {
      const metadata = await kept.get()
      if (failing !== undefined) call.notes.staleBecause = failing
      return metadata
    },
  }
}

interface Attempts {
  readonly count: number
  readonly delayMs: number
  readonly timeoutMs: number
  readonly budgetMs: number
}

interface Search {
  readonly urls: readonly string[]
  readonly fetch: Fetch
  readonly attempts: Attempts
  readonly proxyUrl: string | null
}

type JsonObject = Readonly<Record<string, unknown>>

/** The first document there is; only one that the provider says it does not have leads to the next place. */
async function firstDocument({ urls, fetch, attempts, proxyUrl }: Search): Promise<JsonObject> {
  const signal = AbortSignal.timeout(attempts.budgetMs)
  const options = { timeoutMs: attempts.timeoutMs, maxBytes: MAX_BYTES, proxyUrl, signal }
  for (const url of urls) {
    const document = await retrying(attempts, signal, async () =>
      documentOf(await fetch(url, { ...options, headers: { accept: 'application/json' } })),
    )
    if (document !== 'absent') return document
  }
  throw new ServiceError('provider_answer_invalid')
}

/** Tries again while the provider does not answer; an answer that cannot be used would only be repeated. */
async function retrying<T>(attempts: Attempts, budget: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt()
    } catch (thrown) {
      const isTransient = asServiceError(thrown).reason === 'provider_unavailable'
      if (!isTransient || made >= attempts.count || budget.aborted) throw thrown
      await sleep(attempts.delayMs, undefined, { signal: budget }).catch(() => {
        throw thrown
      })
    }
  }
}

/** Reads an answer: the document, that there is none, or why this is neither. */
function documentOf({ status, body }: FetchedDocument): JsonObject | 'absent' {
  if (status === 200) return parseJsonObject(body)
  if (status >= 500 || status === 408 || status === 429) throw new ServiceError('provider_unavailable')
  if (status >= 400) return 'absent'
  throw new ServiceError('provider_answer_invalid')
}
