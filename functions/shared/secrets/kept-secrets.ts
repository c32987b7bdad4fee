/** Secrets that are read once for everybody, and again after a few minutes. */
import type { Clock } from '../clock.ts'
import type { SecretReader } from '../secret-reader.ts'
import { createRefreshed, type Refreshed } from '../tokens/refreshed.ts'

const MINUTE_MS = 60_000
/** How long a value is given without asking again. */
export const SECRET_FRESH_MS = 5 * MINUTE_MS
/** How long the last value is given while Secrets Manager does not answer. */
const STALE_MS = 60 * MINUTE_MS
const PAUSE_MS = 5_000

/** Keeps what a reader reads. */
export function keepSecrets(read: SecretReader, now: Clock): SecretReader {
  const secrets = new Map<string, Refreshed<string>>()
  return async (name) => {
    let secret = secrets.get(name)
    if (secret === undefined) {
      const load = () => read(name)
      secret = createRefreshed({ load, now, freshMs: SECRET_FRESH_MS, staleMs: STALE_MS, pauseMs: PAUSE_MS })
      secrets.set(name, secret)
    }
    return secret.get()
  }
}
