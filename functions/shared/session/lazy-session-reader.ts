/**
 * Sessions, read by code that is loaded when the first of them comes: a function that seldom sees one pays nothing for
 * it at its cold start.
 */
import { loadedOnce } from '../loaded-once.ts'
import { mayHaveSession } from './cookie-names.ts'
import type { SessionReader } from './session-reader.ts'

/** Makes a reader that loads the real one at its first use; a load that fails is tried again. */
export function lazySessionReader(load: () => Promise<SessionReader>): SessionReader {
  const loaded = loadedOnce(load)
  return async (request) => {
    if (!mayHaveSession(request.headers)) return undefined
    return (await loaded())(request)
  }
}
