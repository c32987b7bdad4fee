/** What the token endpoint does around the engine. */
import type { Clock } from '../shared/clock.ts'
import { type HttpResponse, jsonResponse } from '../shared/http/message.ts'
import { type GrantStore, grantKey } from '../shared/stores/grant-store.ts'
import { DEVICE_CODE_SECONDS } from './engine/configuration.ts'
import type { FormEndpoint } from './form-endpoint.ts'
import { oauthErrorOf } from './oauth-answer.ts'
import { single } from './parameters.ts'
import { DEVICE_CODE_GRANT } from './settings.ts'

/** How long a device waits between two questions, in seconds (RFC 8628 section 3.2). */
export const POLL_INTERVAL_SECONDS = 5
const SLOW_DOWN_SECONDS = 5
/** A device that waits as long as it was told to may still arrive a little early. */
const POLL_TOLERANCE_MS = 500

export interface TokenStepDeps {
  readonly store: GrantStore
  readonly now: Clock
}

/** The token endpoint. */
export function tokenEndpoint(deps: TokenStepDeps): FormEndpoint {
  return {
    limited: 'token',
    before: (form) => paceDevice(form, deps),
    after: async (form, response) => {
      await burnCode(form, response, deps)
      return response
    },
  }
}

/**
 * A code that was presented in vain is used up: with a wrong verifier, redirect URI or client, somebody has it who
 * should not.
 */
async function burnCode(
  form: URLSearchParams,
  response: HttpResponse,
  { store }: TokenStepDeps,
): Promise<void> {
  const code = single(form, 'code')
  if (code === undefined || single(form, 'grant_type') !== 'authorization_code') return
  if (oauthErrorOf(response)?.error !== 'invalid_grant') return
  await store.consume('AuthorizationCode', grantKey(code))
}

/** A device that asks too soon is told so, and has to wait longer from then on (RFC 8628 section 3.5). */
async function paceDevice(
  form: URLSearchParams,
  { store, now }: TokenStepDeps,
): Promise<HttpResponse | undefined> {
  const code = single(form, 'device_code')
  if (code === undefined || single(form, 'grant_type') !== DEVICE_CODE_GRANT) return undefined
  const key = grantKey(code)
  const device = await store.get('DeviceCode', key)
  const isUndecided =
    device !== undefined && device.value.accountId === undefined && device.value.error === undefined
  if (!isUndecided) return undefined
  const poll = (await store.get('DevicePoll', key))?.value
  const interval = typeof poll?.interval === 'number' ? poll.interval : POLL_INTERVAL_SECONDS
  const lastMs = typeof poll?.lastMs === 'number' ? poll.lastMs : Number.NEGATIVE_INFINITY
  const isTooSoon = now() - lastMs < interval * 1000 - POLL_TOLERANCE_MS
  const next = { lastMs: now(), interval: isTooSoon ? interval + SLOW_DOWN_SECONDS : interval }
  const { expiresAtEpochSeconds } = device
  await store.put('DevicePoll', key, { value: next, expiresAtEpochSeconds })
  if (!isTooSoon) return undefined
  return jsonResponse(400, { error: 'slow_down', error_description: 'wait longer before asking again' })
}

/** The device authorization endpoint: the engine leaves out how long to wait between questions. */
export const deviceAuthorizationEndpoint: FormEndpoint = {
  limited: 'device',
  after: async (_form, response) => {
    if (response.status !== 200) return response
    const answer = JSON.parse(String(response.body)) as Record<string, unknown>
    const body = JSON.stringify({
      expires_in: DEVICE_CODE_SECONDS,
      ...answer,
      interval: POLL_INTERVAL_SECONDS,
    })
    return { ...response, body }
  },
}
