/** From a request to the session it rides on: verified, alive, and refreshed if need be. */
import { type Clock, epochSeconds } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { HttpRequest } from '../http/message.ts'
import type { RandomBytes } from '../random.ts'
import { type CookieJar, createCookieJar, namesOf } from './cookie-jar.ts'
import type { CookieKeySource } from './cookie-keys.ts'
import { ID_TOKEN_COOKIE } from './cookie-names.ts'
import { createCookieWriter, type ReceivedCookies, readCookies } from './cookies.ts'
import type { EndedSessions } from './ended-sessions.ts'
import type { IdTokenVerifier, VerifiedIdToken } from './id-token.ts'
import type { Refresher } from './refresh.ts'
import type { CookieKeys } from './secure-cookie.ts'
import {
  clearSession,
  type ReceivedSession,
  readSession,
  touchSession,
  writeSession,
} from './session-cookies.ts'
import type { SessionSettings } from './session-settings.ts'

/** A session that holds. */
export interface LiveSession {
  readonly verified: VerifiedIdToken
  readonly received: ReceivedSession
  /** The ID token that holds now: the received one, or the one it was refreshed to. */
  readonly idToken: string
  /** `set-cookie` lines that have to go with the answer. */
  readonly setCookies: readonly string[]
}

/**
 * Reads the session of a request; undefined if there is none.
 *
 * Verifies the ID token, on each request; checks that the session is neither idle for too long nor too old, and that
 * nobody ended it; and refreshes it, once for everybody, if the ID token has expired.
 *
 * @throws {ServiceError} `session_unreadable`, `session_expired`, `session_ended`, those of a token (`token_…`,
 *   `audience_mismatch`, …); `keys_unavailable`, `secret_unavailable`, `provider_…` and `store_…` if it cannot be
 *   found out.
 */
export type SessionReader = (request: Pick<HttpRequest, 'headers'>) => Promise<LiveSession | undefined>

export interface SessionReaderDeps {
  readonly settings: SessionSettings
  readonly cookieKeys: CookieKeySource
  readonly verifyIdToken: IdTokenVerifier
  readonly ended: EndedSessions
  readonly refresh: Refresher
  readonly now: Clock
  readonly random: RandomBytes
}

/** An active session's cookies are written anew this many times within its idle lifetime. */
const TOUCHES = 12

/** Makes the reader. */
export function createSessionReader(deps: SessionReaderDeps): SessionReader {
  return async (request) => {
    const received = readCookies(request.headers)
    if (!hasSession(received)) return undefined
    const keys = await deps.cookieKeys()
    const jar = openJar(deps, keys, received)
    const kept = readSession(jar)
    if (kept === undefined) return undefined
    const verified = await deps.verifyIdToken(kept.idToken, { acceptExpired: true })
    const session = ofSubject(kept, verified.subject)
    assertAlive(session, deps.settings, epochSeconds(deps.now()))
    await assertNotEnded(deps.ended, session, verified)
    if (verified.isExpired) return refreshed(deps, { session, verified, jar, keys })
    const setCookies = isDue(session, deps) ? touchSession(jar, session) : []
    return { verified, received: session, idToken: session.idToken, setCookies }
  }
}

/** Whether a request has anything of a session, readable or not. */
export function hasSession(received: ReceivedCookies): boolean {
  return namesOf(ID_TOKEN_COOKIE).some((name) => received.has(name))
}

export interface JarDeps {
  readonly settings: SessionSettings
  readonly now: Clock
  readonly random: RandomBytes
}

/** As long as Flyte accepts what it sealed. How long a session lasts is for the settings to say. */
const MAX_SEALED_SECONDS = 30 * 86_400

/** Makes the jar of a request. */
export function openJar(
  { settings, now, random }: JarDeps,
  keys: CookieKeys,
  received: ReceivedCookies,
  maxAgeSeconds: number = Math.max(MAX_SEALED_SECONDS, settings.absoluteSeconds),
): CookieJar {
  return createCookieJar({
    keys,
    received,
    writer: createCookieWriter(settings.cookie),
    nowEpochSeconds: epochSeconds(now()),
    random,
    maxAgeSeconds,
  })
}

/** The `set-cookie` lines that remove the session of a request. */
export function clearedSession(deps: JarDeps, keys: CookieKeys, received: ReceivedCookies): string[] {
  return clearSession(openJar(deps, keys, received))
}

/**
 * The session, if all of it is of one person: otherwise an ended one would go on with the record of another.
 * A Flyte 1 neighbour leaves the subject out of the profile, and it knows no record.
 */
function ofSubject(session: ReceivedSession, subject: string): ReceivedSession {
  const { userinfo, record } = session
  if (userinfo.sub === subject) return session
  if (userinfo.sub !== undefined || record.id !== undefined) throw new ServiceError('session_unreadable')
  return { ...session, userinfo: { ...userinfo, sub: subject } }
}

function assertAlive(
  { record, touchedAtEpochSeconds }: ReceivedSession,
  { idleSeconds, absoluteSeconds }: SessionSettings,
  nowEpochSeconds: number,
): void {
  const isIdle = nowEpochSeconds >= touchedAtEpochSeconds + idleSeconds
  const isOld = nowEpochSeconds >= record.startedAtEpochSeconds + absoluteSeconds
  if (isIdle || isOld) throw new ServiceError('session_expired')
}

async function assertNotEnded(
  ended: EndedSessions,
  { record }: ReceivedSession,
  { issuer, subject, claims }: VerifiedIdToken,
): Promise<void> {
  const sid = record.sid ?? (typeof claims.sid === 'string' ? claims.sid : undefined)
  if (await ended.isEnded({ issuer, subject, sid, id: record.id }, record)) {
    throw new ServiceError('session_ended')
  }
}

function isDue({ touchedAtEpochSeconds }: ReceivedSession, { settings, now }: SessionReaderDeps): boolean {
  return epochSeconds(now()) - touchedAtEpochSeconds >= settings.idleSeconds / TOUCHES
}

async function refreshed(
  deps: SessionReaderDeps,
  options: { session: ReceivedSession; verified: VerifiedIdToken; jar: CookieJar; keys: CookieKeys },
): Promise<LiveSession> {
  const { session, verified, jar, keys } = options
  const refreshToken = session.refreshToken()
  if (refreshToken === undefined) throw new ServiceError('session_expired')
  const { record, userinfo } = session
  const { tokens, verified: current } = await deps.refresh({
    refreshToken,
    subject: verified.subject,
    keys,
    endsAtEpochSeconds: record.startedAtEpochSeconds + deps.settings.absoluteSeconds,
  })
  const setCookies = writeSession(jar, { tokens, userinfo, record })
  return { verified: current, received: session, idToken: tokens.idToken, setCookies }
}
