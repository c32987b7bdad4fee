/** `POST /backchannel-logout`: the provider says that somebody signed out there. */
import { createHash } from 'node:crypto'
import { epochSeconds } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'
import { type HttpRequest, type HttpResponse, headerValue, jsonResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { CLOCK_LEEWAY_SECONDS } from '../shared/tokens/claim-checks.ts'
import type { LoginDeps } from './deps.ts'
import { MAX_AGE_SECONDS, verifyLogoutToken } from './logout-token.ts'

const MAX_FORM_BYTES = 32 * 1024
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i
/** Longer than a token is good, whose time of issue may be a little ahead of us. */
const REMEMBERED_SECONDS = MAX_AGE_SECONDS + CLOCK_LEEWAY_SECONDS

const NEVER_STORED = { 'cache-control': 'no-store' } as const

/**
 * Makes the step. The sessions of the token's `sid` end, or without one all of its subject that began until now;
 * each instance of every function knows within 15 seconds. A token is good for one notice.
 *
 * @throws {ServiceError} `logout_token_invalid`, `content_type_unsupported`, `request_too_large`,
 *   `keys_unavailable`, `store_…`: then the provider may try again.
 */
export function createBackchannelLogout(deps: LoginDeps): PathHandler {
  return async (request) => {
    const notice = await verifyLogoutToken(logoutTokenOf(request), deps)
    const { issuer } = deps.provider
    const now = epochSeconds(deps.now())
    const used = createHash('sha256')
      .update(JSON.stringify(['jti', issuer, notice.tokenId]))
      .digest('hex')
    if ((await deps.endedStore.endedAt(used)) !== undefined) throw new ServiceError('logout_token_invalid')
    const names = notice.sid === undefined ? { subject: notice.subject } : { sid: notice.sid }
    await deps.ended.end({ issuer, ...names }, now)
    // Only now: a notice that could not be carried out may come again.
    const times = { endedAtEpochSeconds: now, expiresAtEpochSeconds: now + REMEMBERED_SECONDS }
    await deps.endedStore.end(used, times)
    return { status: 200, headers: NEVER_STORED, body: '' }
  }
}

function logoutTokenOf(request: HttpRequest): string {
  if (!FORM.test(headerValue(request.headers, 'content-type') ?? '')) {
    throw new ServiceError('content_type_unsupported')
  }
  if (request.body.length > MAX_FORM_BYTES) throw new ServiceError('request_too_large')
  const tokens = new URLSearchParams(Buffer.from(request.body).toString('utf8')).getAll('logout_token')
  const [token] = tokens
  if (token === undefined || tokens.length > 1) throw new ServiceError('logout_token_invalid')
  return token
}

/** A refusal, as the provider reads it (section 2.8). */
export function backchannelError(error: ServiceError): HttpResponse {
  const code = error.status >= 500 ? 'server_error' : 'invalid_request'
  const status = error.status >= 500 ? error.status : 400
  return jsonResponse(status, { error: code, error_description: error.message }, NEVER_STORED)
}
