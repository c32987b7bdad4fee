/**
 * One sign-in that is under way, or one sign-out: what was sent to the provider, and where the person wanted to go.
 * Kept in the browser, sealed, in two cookies of its own, so that several tabs can be at it at once:
 *
 *   flyte_csrf_state_<id>          state, nonce and PKCE verifier
 *   flyte_redirect_location_<id>   where to go afterwards
 *
 * where the id is made from the state. A state is good for ten minutes, in this browser, and once.
 */
import { createHash } from 'node:crypto'
import { epochSeconds } from '../shared/clock.ts'
import type { RandomBytes } from '../shared/random.ts'
import { type CookieJar, namesOf } from '../shared/session/cookie-jar.ts'
import { type ReceivedCookies, readCookies } from '../shared/session/cookies.ts'
import type { SignInChecks } from '../shared/session/openid-client.ts'
import type { CookieKeys } from '../shared/session/secure-cookie.ts'
import { openJar } from '../shared/session/session-reader.ts'
import type { LoginDeps } from './deps.ts'

export type Purpose = 'login' | 'logout'

export interface Transaction {
  readonly checks: SignInChecks
  /** An absolute address; it was resolved before it was sealed. */
  readonly target: string
}

const STATE_COOKIE = 'flyte_csrf_state'
const TARGET_COOKIE = 'flyte_redirect_location'
export const TRANSACTION_SECONDS = 600
/** What others that are under way may take of the `cookie` header when one begins: those of some eight tabs. */
const MAX_OTHERS_BYTES = 6_144
const ID_LENGTH = 8
const RANDOM_BYTES = 32
const STATE_NAME = new RegExp(`^${STATE_COOKIE}_([\\w-]{${ID_LENGTH}})$`)

/** The cookies of transactions: of this host alone, and sent when the provider sends a person back. */
export function openTransactionJar(
  deps: Pick<LoginDeps, 'settings' | 'now' | 'random'>,
  keys: CookieKeys,
  received: ReceivedCookies,
): CookieJar {
  const { settings } = deps
  const sameSite = settings.cookie.sameSite === 'None' ? 'None' : 'Lax'
  const cookie = { sameSite, domain: null } as const
  return openJar({ ...deps, settings: { ...settings, cookie } }, keys, received, TRANSACTION_SECONDS)
}

/** Begins one, and gives the `set-cookie` lines that keep it. */
export function beginTransaction(options: {
  readonly jar: CookieJar
  readonly received: ReceivedCookies
  readonly purpose: Purpose
  readonly target: string
  readonly random: RandomBytes
}): { checks: SignInChecks; setCookies: string[] } {
  const { jar, received, purpose, target, random } = options
  const secret = () => Buffer.from(random(RANDOM_BYTES)).toString('base64url')
  const checks = { state: secret(), nonce: secret(), codeVerifier: secret() }
  const id = idOf(checks.state)
  return {
    checks,
    setCookies: [
      ...jar.write(`${STATE_COOKIE}_${id}`, JSON.stringify({ purpose, ...checks }), TRANSACTION_SECONDS),
      ...jar.write(`${TARGET_COOKIE}_${id}`, target, TRANSACTION_SECONDS),
      ...giveUpOldest({ jar, received, roomBytes: MAX_OTHERS_BYTES }),
    ],
  }
}

/** Finds the one that a state belongs to; undefined if this browser has none, or not for this purpose. */
export function findTransaction(jar: CookieJar, state: string, purpose: Purpose): Transaction | undefined {
  const id = idOf(state)
  const kept = jar.read(`${STATE_COOKIE}_${id}`)?.value
  const target = jar.read(`${TARGET_COOKIE}_${id}`)?.value
  if (kept === undefined || target === undefined) return undefined
  const { purpose: keptPurpose, ...checks } = JSON.parse(kept) as SignInChecks & { purpose: Purpose }
  return checks.state === state && keptPurpose === purpose ? { checks, target } : undefined
}

/** The `set-cookie` lines that end one. */
export function endTransaction(jar: CookieJar, state: string): string[] {
  return endById(jar, idOf(state))
}

/** The `set-cookie` lines that end all that the browser has. */
export function endTransactions(jar: CookieJar, received: ReceivedCookies): string[] {
  return transactionIds(received).flatMap((id) => endById(jar, id))
}

/**
 * Whether a state is used for the first time, by whoever has its cookie.
 *
 * The cookie goes with the first use, but a copy of it would not.
 */
export function spendState(
  { endedStore, now }: Pick<LoginDeps, 'endedStore' | 'now'>,
  state: string,
): Promise<boolean> {
  const key = createHash('sha256').update(`state ${state}`).digest('hex')
  return endedStore.useOnce(key, epochSeconds(now()) + TRANSACTION_SECONDS + 60)
}

/**
 * The `set-cookie` lines that end the oldest, so that all take no more of the `cookie` header than there is room for.
 *
 * @param finished The state of one that goes in any case, and is not counted.
 */
export function giveUpOldest(options: {
  readonly jar: CookieJar
  readonly received: ReceivedCookies
  readonly roomBytes: number
  readonly finished?: string
}): string[] {
  const { jar, received, roomBytes, finished } = options
  const gone = finished === undefined ? undefined : idOf(finished)
  const newestFirst = transactionIds(received)
    .filter((id) => id !== gone)
    .map((id) => ({ id, sealedAt: jar.read(`${STATE_COOKIE}_${id}`)?.sealedAtEpochSeconds ?? 0 }))
    .toSorted((one, other) => other.sealedAt - one.sealedAt)
  let bytes = 0
  return newestFirst.flatMap(({ id }) => {
    bytes += bytesOf(received, id)
    return bytes > roomBytes ? endById(jar, id) : []
  })
}

function bytesOf(received: ReceivedCookies, id: string): number {
  return namesById(id)
    .flatMap(namesOf)
    .flatMap((name) => (received.get(name) ?? []).map((value) => `${name}=${value}; `.length))
    .reduce((sum, length) => sum + length, 0)
}

function transactionIds(received: ReceivedCookies): string[] {
  return [...received.keys()].flatMap((name) => STATE_NAME.exec(name)?.[1] ?? [])
}

function endById(jar: CookieJar, id: string): string[] {
  return namesById(id).flatMap(jar.remove)
}

function namesById(id: string): string[] {
  return [`${STATE_COOKIE}_${id}`, `${TARGET_COOKIE}_${id}`]
}

function idOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, ID_LENGTH)
}

/** The jar of a request's transactions, with what else beginning one needs. */
export async function transactionsOf(
  deps: LoginDeps,
  request: { headers: Readonly<Record<string, readonly string[]>> },
): Promise<{ jar: CookieJar; received: ReceivedCookies; keys: CookieKeys }> {
  const keys = await deps.cookieKeys()
  const received = readCookies(request.headers)
  return { jar: openTransactionJar(deps, keys, received), received, keys }
}
