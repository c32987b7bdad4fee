/**
 * Callers with a session, known by code that is loaded when the first of them comes: a cold start, and every call
 * with a bearer token, pays nothing for it.
 */

import type { SessionCallerReader } from '../identity/session-caller.ts'
import { loadedOnce } from '../loaded-once.ts'
import { mayHaveSession } from './cookie-names.ts'

/** Makes a reader that loads the real one at its first use; a load that fails is tried again. */
export function lazySessionCaller(load: () => Promise<SessionCallerReader>): SessionCallerReader {
  const loaded = loadedOnce(load)
  return async (request, call) => {
    if (!mayHaveSession(request.headers)) return undefined
    return (await loaded())(request, call)
  }
}
