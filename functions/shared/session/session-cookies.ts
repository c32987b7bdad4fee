/**
 * A session, as it is kept in the browser under Flyte's names:
 *
 *   flyte_idt        the ID token: who it is, verified on each request
 *   flyte_at         the access token
 *   flyte_rt         the refresh token, if the provider gave one
 *   flyte_user_info  the profile as Flyte's UserInfoResponse has it, and beside it when the session began
 */
import { ServiceError } from '../errors.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import { type CookieJar, cookieHeaderBytes } from './cookie-jar.ts'
import {
  ACCESS_TOKEN_COOKIE,
  ID_TOKEN_COOKIE,
  REFRESH_TOKEN_COOKIE,
  SESSION_COOKIES,
  USER_INFO_COOKIE,
} from './cookie-names.ts'

/**
 * What a session's cookies may take of a `cookie` header, in bytes. The load balancer refuses a header line above
 * 16 KB; the rest is for the cookies of others.
 */
export const MAX_SESSION_BYTES = 14_336

/** What the provider gave. */
export interface SessionTokens {
  readonly idToken: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/** What is known of a session beside its tokens. */
export interface SessionRecord {
  /** Names this session; undefined for one that a neighbouring Flyte 1 began. */
  readonly id: string | undefined
  readonly startedAtEpochSeconds: number
  /** The provider's name for its own session, which a back-channel logout may use. */
  readonly sid: string | undefined
}

export interface Session {
  readonly tokens: SessionTokens
  /** The userinfo claims; the ID token's where the provider has no userinfo. */
  readonly userinfo: JwtObject
  readonly record: SessionRecord
}

/** A session as it was received: its tokens are opened when they are asked for. */
export interface ReceivedSession {
  readonly idToken: string
  readonly accessToken: () => string | undefined
  readonly refreshToken: () => string | undefined
  readonly userinfo: JwtObject
  readonly record: SessionRecord
  /** When its cookies were last written. */
  readonly touchedAtEpochSeconds: number
}

/**
 * Reads the session of a request; undefined if there is none.
 *
 * Nothing is verified here beyond that this deployment, or one with the same keys, sealed it: neither whose it is,
 * nor that all of it is of one person.
 *
 * @throws {ServiceError} `session_unreadable` for cookies that are there and not ours, not whole, or too old.
 */
export function readSession(jar: CookieJar): ReceivedSession | undefined {
  if (!jar.has(ID_TOKEN_COOKIE)) return undefined
  const idToken = jar.read(ID_TOKEN_COOKIE)
  // Without it a session would have neither the name it is ended by nor the time it began.
  const userInfo = jar.read(USER_INFO_COOKIE)
  const profile = parseUserInfo(userInfo?.value)
  if (idToken === undefined || userInfo === undefined || profile === undefined) {
    throw new ServiceError('session_unreadable')
  }
  const { userinfo, record } = profile
  const touchedAtEpochSeconds = Math.max(idToken.sealedAtEpochSeconds, userInfo.sealedAtEpochSeconds)
  return {
    idToken: idToken.value,
    accessToken: () => jar.read(ACCESS_TOKEN_COOKIE)?.value,
    refreshToken: () => jar.read(REFRESH_TOKEN_COOKIE)?.value,
    userinfo,
    record: { startedAtEpochSeconds: idToken.sealedAtEpochSeconds, id: undefined, sid: undefined, ...record },
    touchedAtEpochSeconds,
  }
}

/**
 * The `set-cookie` lines that keep a session. Of a profile that would not fit only what names the person is kept.
 *
 * @throws {ServiceError} `session_too_large` if the tokens alone are more than the load balancer passes on.
 */
export function writeSession(jar: CookieJar, session: Session): string[] {
  const lines = linesOf(jar, session, { everyClaim: true })
  if (cookieHeaderBytes(lines) <= MAX_SESSION_BYTES) return lines
  const fewer = linesOf(jar, session, { everyClaim: false })
  if (cookieHeaderBytes(fewer) > MAX_SESSION_BYTES) throw new ServiceError('session_too_large')
  return fewer
}

/** The lines that keep a session's profile anew, and with it the time of its last use. */
export function touchSession(jar: CookieJar, { userinfo, record }: ReceivedSession): string[] {
  return jar.write(USER_INFO_COOKIE, userInfoText(userinfo, record, { everyClaim: true }))
}

/** The lines that remove a session from the browser. */
export function clearSession(jar: CookieJar): string[] {
  return SESSION_COOKIES.flatMap(jar.clear)
}

function linesOf(
  jar: CookieJar,
  { tokens, userinfo, record }: Session,
  options: { everyClaim: boolean },
): string[] {
  const { idToken, accessToken, refreshToken } = tokens
  return [
    ...jar.write(ID_TOKEN_COOKIE, idToken),
    ...jar.write(ACCESS_TOKEN_COOKIE, accessToken),
    ...(refreshToken === undefined
      ? jar.remove(REFRESH_TOKEN_COOKIE)
      : jar.write(REFRESH_TOKEN_COOKIE, refreshToken)),
    ...jar.write(USER_INFO_COOKIE, userInfoText(userinfo, record, options)),
  ]
}

/** The claims that Flyte's UserInfoResponse has fields for; `sub` is called `subject` there. */
const PROFILE_CLAIMS = [
  'name',
  'preferred_username',
  'given_name',
  'family_name',
  'email',
  'picture',
] as const

/** The profile in the words of Flyte's UserInfoResponse. */
export function userInfoResponse(userinfo: JwtObject, everyClaim = true): Readonly<Record<string, unknown>> {
  const profile = Object.fromEntries(
    PROFILE_CLAIMS.filter((name) => typeof userinfo[name] === 'string').map((name) => [name, userinfo[name]]),
  )
  return { subject: userinfo.sub, ...profile, ...(everyClaim ? { additional_claims: userinfo } : {}) }
}

function userInfoText(
  userinfo: JwtObject,
  { id, startedAtEpochSeconds, sid }: SessionRecord,
  { everyClaim }: { everyClaim: boolean },
): string {
  const session = { id, started_at: startedAtEpochSeconds, sid }
  return JSON.stringify({ ...userInfoResponse(userinfo, everyClaim), session })
}

/** Undefined for a text that is not whole. */
function parseUserInfo(text = ''): { userinfo: JwtObject; record: Partial<SessionRecord> } | undefined {
  const value = parseObject(text)
  if (value === undefined) return undefined
  const { subject, additional_claims: claims, session, ...profile } = value
  const { id, started_at: startedAt, sid } = objectOf(session)
  return {
    userinfo: claims === undefined ? { sub: subject, ...profile } : objectOf(claims),
    record: {
      ...(typeof id === 'string' ? { id } : {}),
      ...(typeof startedAt === 'number' ? { startedAtEpochSeconds: startedAt } : {}),
      ...(typeof sid === 'string' ? { sid } : {}),
    },
  }
}

function parseObject(text: string): JwtObject | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): JwtObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JwtObject) : {}
}
