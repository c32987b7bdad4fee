/**
 * Refreshing, once.
 *
 *   tab ─┐                     ┌─ claimed: asks the provider, keeps the sealed result ─┐
 *   tab ─┼─► REFRESH#hash(rt) ─┼─ pending: waits for it                                ├─► the same new tokens
 *   tab ─┘   in the Auth table └─ done: reads it                                       ┘
 *
 * A provider that rotates refresh tokens takes the second use of one for theft and ends the session. So a refresh
 * token that was used is never sent again: whoever still has it, because an answer got lost or a tab slept, is
 * given what came of it, and what came of that.
 */
import { createHash } from 'node:crypto'
import { type Clock, epochSeconds } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { RandomBytes } from '../random.ts'
import type { RefreshClaim, RefreshStore } from '../stores/session-store.ts'
import type { IdTokenVerifier, VerifiedIdToken } from './id-token.ts'
import type { OpenIdClient } from './openid-client.ts'
import { type CookieKeys, openText, sealText } from './secure-cookie.ts'
import type { SessionTokens } from './session-cookies.ts'

/** What a session is refreshed from. */
export interface RefreshRequest {
  readonly refreshToken: string
  /** Who the session is of: a refresh must not make it somebody else's. */
  readonly subject: string
  readonly keys: CookieKeys
  /** When the session is over in any case: until then results are kept. */
  readonly endsAtEpochSeconds: number
}

export interface Refreshed {
  readonly tokens: SessionTokens
  readonly verified: VerifiedIdToken
}

/**
 * Gives new tokens for a session whose ID token has expired.
 *
 * @throws {ServiceError} `session_expired` if the provider gives none any more, or none with an ID token that holds;
 *   `provider_…` if it cannot be asked, `store_…` if the table cannot.
 */
export type Refresher = (request: RefreshRequest) => Promise<Refreshed>

export interface RefresherDeps {
  readonly store: RefreshStore
  /** Loaded at the first refresh: most requests need none. */
  readonly client: () => Promise<Pick<OpenIdClient, 'refresh'>>
  readonly verifyIdToken: IdTokenVerifier
  readonly now: Clock
  readonly random: RandomBytes
  /** Waits, in milliseconds; a test hands in its own. */
  readonly sleep?: (ms: number) => Promise<void>
}

/**
 * As long as a function that refreshes may run at most: whoever is at it is done or dead by then. Taken over any
 * sooner, one refresh token would be sent twice.
 */
export const LEASE_SECONDS = 30
const FIRST_PAUSE_MS = 40
const MAX_PAUSE_MS = 400
/** How often a refresh that somebody else is at is looked at: some 18 seconds in all. */
const MAX_LOOKS = 50
/** How many results one request follows; each is one read. */
const MAX_GENERATIONS = 200
const REFUSED_FOR_SECONDS = 3600

/** Makes it; one a process, so that the tabs that one instance serves share even the reading. */
export function createRefresher(deps: RefresherDeps): Refresher {
  const running = new Map<string, Promise<Refreshed>>()
  return (request) => {
    const key = keyOf(request.refreshToken)
    let result = running.get(key)
    if (result === undefined) {
      result = follow(deps, request).finally(() => running.delete(key))
      running.set(key, result)
    }
    return result
  }
}

/** Goes from one generation of tokens to the next until there is one that has not expired. */
async function follow(deps: RefresherDeps, request: RefreshRequest): Promise<Refreshed> {
  let refreshToken = request.refreshToken
  for (let generation = 0; generation < MAX_GENERATIONS; generation += 1) {
    const refreshed = await refreshOnce(deps, { ...request, refreshToken })
    if (!refreshed.verified.isExpired) return refreshed
    const next = refreshed.tokens.refreshToken
    if (next === undefined || next === refreshToken) break
    refreshToken = next
  }
  throw new ServiceError('session_expired')
}

async function refreshOnce(deps: RefresherDeps, request: RefreshRequest): Promise<Refreshed> {
  const { store, random, sleep = wait } = deps
  const key = keyOf(request.refreshToken)
  const claim: RefreshClaim = { key, owner: Buffer.from(random(16)).toString('hex') }
  let state = await store.claim(claim, LEASE_SECONDS)
  let pauseMs = FIRST_PAUSE_MS
  for (let looks = 0; state.kind === 'pending' && looks < MAX_LOOKS; looks += 1) {
    await sleep(pauseMs)
    pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)
    state = await store.look(key)
    if (state.kind === 'claimed') state = await store.claim(claim, LEASE_SECONDS)
  }
  switch (state.kind) {
    case 'claimed':
      return askProvider(deps, request, claim)
    case 'done':
      return openResult(deps, request, state.sealed)
    case 'refused':
      throw new ServiceError('session_expired')
    case 'pending':
      throw new ServiceError('provider_unavailable')
  }
}

async function askProvider(
  deps: RefresherDeps,
  request: RefreshRequest,
  claim: RefreshClaim,
): Promise<Refreshed> {
  const { store, now } = deps
  let refreshed: Refreshed | undefined
  let refusal: unknown
  try {
    refreshed = await exchange(deps, request)
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status >= 500) {
      await store.release(claim).catch(() => undefined)
      throw error
    }
    refusal = error
  }
  if (refreshed === undefined) {
    await store.refuse(claim, epochSeconds(now()) + REFUSED_FOR_SECONDS)
    throw new ServiceError('session_expired', { cause: refusal })
  }
  const { tokens, verified } = refreshed
  const result = {
    sealed: sealResult(deps, request, tokens),
    rotated: tokens.refreshToken !== request.refreshToken,
    freshUntilEpochSeconds: verified.expiresAtEpochSeconds,
    expiresAtEpochSeconds: request.endsAtEpochSeconds,
  }
  // The tokens are good even if they cannot be shared: this browser at least gets them.
  await store.complete(claim, result).catch(() => undefined)
  return refreshed
}

/** Undefined if the provider gives nothing that a session can go on with. */
async function exchange(deps: RefresherDeps, request: RefreshRequest): Promise<Refreshed | undefined> {
  const client = await deps.client()
  const answer = await client.refresh(request.refreshToken)
  if (answer?.idToken === undefined) return undefined
  const verified = await deps.verifyIdToken(answer.idToken)
  if (verified.subject !== request.subject) return undefined
  // Without another one the old one goes on (RFC 6749 section 6).
  const refreshToken = answer.refreshToken ?? request.refreshToken
  return { tokens: { idToken: answer.idToken, accessToken: answer.accessToken, refreshToken }, verified }
}

function sealResult(deps: RefresherDeps, request: RefreshRequest, tokens: SessionTokens): string {
  const { now, random } = deps
  const sealed = { name: sealName(request.refreshToken), value: JSON.stringify(tokens) }
  return sealText(sealed, request.keys, { nowEpochSeconds: epochSeconds(now()), random })
}

async function openResult(deps: RefresherDeps, request: RefreshRequest, sealed: string): Promise<Refreshed> {
  const opened = openText({ name: sealName(request.refreshToken), value: sealed }, request.keys, {
    nowEpochSeconds: epochSeconds(deps.now()),
    maxAgeSeconds: Number.MAX_SAFE_INTEGER,
  })
  if (opened === undefined) throw new ServiceError('session_expired')
  const tokens = JSON.parse(opened.value) as SessionTokens
  const verified = await deps.verifyIdToken(tokens.idToken, { acceptExpired: true })
  if (verified.subject !== request.subject) throw new ServiceError('session_expired')
  return { tokens, verified }
}

function keyOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex')
}

/** What a result is sealed under: nothing that could be a cookie's name. */
function sealName(refreshToken: string): string {
  return `REFRESH#${keyOf(refreshToken)}`
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
