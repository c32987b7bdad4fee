/** The public keys that our tokens verify with. */
import { jsonResponse } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import type { SigningKeySource } from '../shared/tokens/signing-keys.ts'

/**
 * May be kept for a few minutes: a new key is published for much longer before it signs. Pages of any origin may read
 * it, as the only answer of this function: there is nothing in it of anybody.
 */
const KEPT = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' } as const

/** Makes the handler. */
export function createJwks(keys: SigningKeySource): PathHandler {
  return async () => jsonResponse(200, { keys: (await keys()).published }, KEPT)
}
