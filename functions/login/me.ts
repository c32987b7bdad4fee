/**
 * `GET /me`: who is signed in, as JSON and as headers, the way Flyte 1 has it. Made for reverse proxies that ask
 * before they let a request through (nginx's `auth_request`).
 */
import type { Call } from '../shared/call.ts'
import { ServiceError } from '../shared/errors.ts'
import { type HttpRequest, jsonResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { bearerOf } from '../shared/identity/bearer-credentials.ts'
import { userInfoResponse } from '../shared/session/session-cookies.ts'
import type { JwtObject } from '../shared/tokens/jwt.ts'
import type { LoginDeps } from './deps.ts'

/** A claim that takes more room than this is in the JSON only. */
const MAX_CLAIM_LENGTH = 1_024
/** All headers of claims together; the load balancer passes on 32 KB. */
const MAX_HEADER_LENGTH = 8_192
const PLAIN_CLAIM_NAME = /^[A-Za-z0-9_-]{1,64}$/

/**
 * Makes the step: for the session of a request, or for a bearer token if it has one.
 *
 * `X-User-Subject` is the subject, and `X-User-Claim-<name>` each claim as JSON, with hyphens for underscores in its
 * name. Claims whose names are no header names are left out.
 *
 * @throws {ServiceError} `credentials_missing` without either; otherwise as for every other call.
 */
export function createMe(deps: LoginDeps): PathHandler {
  return async (request, call) => {
    const claims = await claimsOf(deps, request, call)
    if (claims === undefined) throw new ServiceError('credentials_missing')
    return jsonResponse(200, userInfoResponse(claims), {
      ...claimHeaders(claims),
      'x-user-subject': headerText(String(claims.sub)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  }
}

async function claimsOf(deps: LoginDeps, request: HttpRequest, call: Call): Promise<JwtObject | undefined> {
  const bearer = bearerOf(request.headers)
  if (bearer !== undefined) {
    call.notes.caller = bearer.source
    return (await deps.verifyAccessToken(bearer.token)).claims
  }
  const session = await deps.readSession(request)
  if (session === undefined) return undefined
  call.notes.caller = 'session'
  call.responseCookies.push(...session.setCookies)
  return session.received.userinfo
}

function claimHeaders(claims: JwtObject): Record<string, string> {
  const headers: Record<string, string> = {}
  let length = 0
  for (const [name, value] of Object.entries(claims)) {
    const text = asciiJson(value)
    const header = `x-user-claim-${name.toLowerCase().replaceAll('_', '-')}`
    const lineLength = header.length + text.length
    const isLong = text.length > MAX_CLAIM_LENGTH || length + lineLength > MAX_HEADER_LENGTH
    if (isLong || !PLAIN_CLAIM_NAME.test(name)) continue
    headers[header] = text
    length += lineLength
  }
  return headers
}

/** JSON in which nothing is beyond ASCII, as a header has to be. */
function asciiJson(value: unknown): string {
  return escapeBeyondAscii(JSON.stringify(value) ?? 'null')
}

/** A subject as it is; only what a header cannot carry is escaped as in JSON. */
function headerText(text: string): string {
  return escapeBeyondAscii(text)
}

function escapeBeyondAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
